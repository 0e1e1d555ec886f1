"""Short names for the chip: each name that the compiled code keeps costs 10 bytes and its length.

What our own modules define (functions, classes, attributes, parameters) is renamed consistently
over the whole tree when it is staged; constants of other modules become numbers. Sources, hosts
and tests know only the long names. Two names that never meet in a module share a short one, so
that some hundred names become some dozens.

What anybody else may ask for stays: names of the interpreter, of the chip's modules
(tests/fakes), of `main.py` and of what the tools run on a module, any name that is also a string
constant (`getattr`, JSON), keyword arguments. A name made at run time must be in `COMPUTED`.

Tracebacks of the module show the short names: `stage` leaves the map beside the tree, and

    .venv/bin/python -m tools.minify build/stage/xtensawin.names.json < traceback.txt

prints a traceback as the sources would.
"""

import argparse
import array
import ast
import asyncio
import binascii
import builtins
import errno
import gc
import io
import json
import os
import re
import select
import socket
import string
import struct
import sys
import time
import types
from pathlib import Path

from .fold import fold, prune
from .names import Bound, Scopes, constants, imports, is_const, module_of, rename

# Found by a name that is put together: methods of `osgp.dims.Dims`, lists of `Microdot`.
COMPUTED = re.compile(r"_(bt|et)\d\d$|\w+_handlers$")
# Who may do that, and with names that are no names of ours or kept otherwise.
ASKING = (
    "firmware/boards/__init__.py",
    "firmware/boards/chips.py",
    "firmware/config.py",
    "firmware/hal/heap.py",
    "firmware/hal/heap.py",
    "firmware/meter/line.py",
    "firmware/update_texts.py",
    "firmware/web/setup_texts.py",
    "lib/microdot/microdot.py",
    "lib/osgp/dims.py",
    "lib/osgp/fields.py",
)
# Of MicroPython alone.
_MICROPYTHON = """_serve asm_thumb awrite cancel const idle ifconfig ilistdir isconnected kbd_intr
maxsize mem_alloc mem_free mem_info mount native open_connection opt_level print_exception ptr16
ptr32 ptr8 qstr_info readinto schedule sleep_ms sleep_us statvfs threshold ticks_add ticks_cpu
ticks_diff ticks_ms ticks_us uint umount unregister verify_mode viper wait_closed
wait_for_ms""".split()
_FOREIGN = (
    *(array, asyncio, binascii, builtins, errno, gc, io, json, os, re, select, socket, string),
    *(struct, sys, time, array.array, asyncio.StreamReader, asyncio.StreamWriter, asyncio.Task),
    *(asyncio.Event, asyncio.Lock, asyncio.Server, asyncio.BaseTransport, asyncio.Transport),
    *(bytearray, bytes, dict, float, frozenset, int, list, memoryview, object, range, set, slice),
    *(str, tuple, type, property, io.BytesIO, io.StringIO, io.FileIO, io.TextIOWrapper),
    *(re.Pattern, re.Match, socket.socket, types.CoroutineType, types.FunctionType),
    *(types.GeneratorType, types.ModuleType, BaseException, OSError, StopIteration),
)
# Names that the interpreter has.
STANDARD = {"self", "cls", *_MICROPYTHON}.union(*map(dir, _FOREIGN))


class MinifyError(Exception):
    """A name is put together where nobody has looked at it."""


def lean(modules, outside, chip=None):
    """``modules`` (as for `minify`) without what their platform never runs (see `fold`)."""
    trees = {path: ast.parse(text) for path, text in modules.items()}
    fold(trees, chip)
    keep = kept(trees.values(), [ast.parse(text) for text in outside], modules)
    names = {n.name for tree in trees.values() for n in _all(tree, ast.FunctionDef)}
    prune(trees, keep | {name for name in names if COMPUTED.match(name)})
    return {path: written(tree) for path, tree in trees.items()}


def minify(modules, callers, outside):
    """The sources with short names, and what each means.

    ``modules``: {path on the device: source} of all that defines names; ``callers`` the same of
    code that uses them (tests); ``outside``: sources that ask for names by their long form.
    Returns ({path: source} of both, {path: {short: long}} of the modules). Raises MinifyError.
    """
    trees = {path: ast.parse(text) for path, text in {**modules, **callers}.items()}
    strangers = [ast.parse(text) for text in outside]
    for path in modules:
        _check(path, trees[path])
    numbers = constants({path: trees[path] for path in modules}, trees, strangers)
    keep = kept([trees[path] for path in modules], strangers, modules)
    # Tests know the fakes' inside too.
    keep.update(word for tree in strangers if callers for word in _words(tree))
    keep |= _said([trees[path] for path in callers], trees.values())
    short = _colour(modules, trees, keep | _gone(modules, trees, numbers))
    # A variable's name matters only to who calls a function with it.
    asked = {k.arg for tree in (*trees.values(), *strangers) for k in _all(tree, ast.keyword)}
    strange = {module_of(path) for path in callers}
    out, names = {}, {}
    for path, tree in trees.items():
        scopes = Scopes(tree, asked | {"self", "cls"}, locals_too=path in modules)
        rename(tree, path, scopes, short, numbers, strange)
        out[path] = written(tree)
        if path in modules:
            names[path] = scopes.told
    return out, names


def written(tree):
    """``tree`` as source."""
    for node in _all(tree, ast.Assign):
        # The compiler makes no tuple of `a, b = b, a`; it would of `a, b = (b, a)`.
        pairs = isinstance(node.value, ast.Tuple) and isinstance(node.targets[0], ast.Tuple)
        if pairs and len(node.value.elts) in (2, 3):
            node.value = ast.Name(", ".join(ast.unparse(e) for e in node.value.elts))
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def kept(trees, strangers, paths):
    """Names that must not change."""
    keep = set(STANDARD)
    for path in paths:
        keep.update(module_of(path).split("."))
    ours = {module_of(path).split(".")[0] for path in paths}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                keep.add(node.value)
            elif isinstance(node, ast.Import):
                keep.update(part for a in node.names for part in a.name.split("."))
            elif isinstance(node, ast.ImportFrom) and not node.level:
                if node.module.split(".")[0] not in ours:
                    keep.update(a.name for a in node.names)
    for tree in strangers:
        keep.update(_asked(tree))
    # The log tells of an exception by its class.
    return keep | _exceptions(trees)


def _exceptions(trees):
    found = {"Exception"}
    for _ in range(4):  # generations
        for tree in trees:
            for node in _all(tree, ast.ClassDef):
                bases = {getattr(b, "id", getattr(b, "attr", "")) for b in node.bases}
                if bases & found or any(name.endswith("Error") for name in bases):
                    found.add(node.name)
    return found


def _said(callers, trees):
    # Tests tell objects by their classes' names, and some ask for names that they put together.
    classes = {c.name for tree in trees for c in _all(tree, ast.ClassDef)}
    said = set()
    for tree in callers:
        here = {c.value for c in _all(tree, ast.Constant) if isinstance(c.value, str)}
        said |= here if any(map(_asks, _all(tree, ast.Call))) else here & classes
    return said


def _asked(tree):
    # What a stranger may ask our code for: not what is only its own, nor words of its texts.
    told = {id(n.value) for n in _all(tree, ast.Expr) if isinstance(n.value, ast.Constant)}
    for node in ast.walk(tree):
        if id(node) in told:
            continue
        for field in ("attr", "name", "module"):
            value = getattr(node, field, None)
            if isinstance(value, str) and not value.startswith("_"):
                yield from value.split(".")
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"\w+", node.value)


def _words(tree):
    # Every identifier in the source.
    for node in ast.walk(tree):
        for field in ("id", "attr", "name", "arg", "asname", "module"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                yield from value.split(".")
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"\w+", node.value)


def _all(tree, kind):
    return [node for node in ast.walk(tree) if isinstance(node, kind)]


def _check(path, tree):
    # A name that is not in the source as it is would be missed.
    for call in _all(tree, ast.Call):
        # What sys.modules holds is modules, whose names stay.
        if _asks(call) and path not in ASKING and "modules" not in ast.unparse(call.args[0]):
            raise MinifyError(
                "%s:%d: %s with a name made at run time; look at it, then list the module in "
                "tools/minify.py" % (path, call.lineno, call.func.id)
            )


def _asks(call):
    # getattr and the like, for a name that is not in the source.
    asks = getattr(call.func, "id", "") in ("getattr", "setattr", "hasattr", "delattr")
    return asks and not isinstance(call.args[1], ast.Constant)


def _gone(modules, trees, numbers):
    # Names that are numbers wherever they are made: nothing of them is left to be shortened.
    found = set().union(*numbers.values())
    for path in modules:
        known = numbers.get(module_of(path), {})
        found -= Bound(trees[path], defined=True).all - known.keys()
    return found


def _colour(modules, trees, keep):
    """{long: short}; names that meet in a module, or in a class's ancestors', differ."""
    used, alone, bare = {}, set(), set()
    for path in trees:
        names = used[path] = Bound(trees[path])
        alone |= names.stored
        bare |= names.bare
    ours = set().union(*(Bound(trees[path], defined=True).all for path in modules)) - keep
    ours = {n for n in ours if not n.startswith("__") and not COMPUTED.match(n)}
    where = {name: set() for name in ours}
    homes = _families(modules, trees)
    for path in trees:
        # A test's stand-in may have names of several modules, so tests count as well.
        for home in homes.get(path, {path}):
            for name in used[home].all & ours:
                where[name].add(path)
    private = {
        node.targets[0].id
        for path in modules
        for node in _all(trees[path], ast.Assign)
        if is_const(node.value) and node.targets[0].id.startswith("_")
    }
    taken = set(keep) | {"as", "if", "in", "is", "or"}
    for tree in trees.values():
        taken.update(_words(tree))
        letters = {n.attr for n in _all(tree, ast.Attribute) if len(n.attr) == 1}
    letters = [c for c in string.ascii_letters if c not in letters]
    pairs = [a + b for a in letters for b in letters]
    given, shared = {}, {}
    for names, free, busy in (
        # The compiler keeps no constant whose name begins so.
        (private & ours, ["_" + c for c in letters], {}),
        (bare & ours, pairs, shared),
        # No variable is ever taken for an attribute.
        (ours, letters + [c + d for d in "_0123456789" for c in letters], shared),
    ):
        free = iter([short for short in free if len(short) == 1 or short not in taken])
        given.update(_assign(names - given.keys(), where, alone, free, busy))
    return given


def _assign(names, where, alone, free, busy):
    # {name: short}, one that is used already if none of its modules has it, or the next ``free``.
    # ``busy``: {short: the modules that have it, None if nobody else may}.
    given = {}
    for name in sorted(names, key=lambda name: (name not in alone, -len(where[name]), name)):
        for short, modules in busy.items():
            # What is put on another's object could meet any name of that.
            if name not in alone and modules is not None and not modules & where[name]:
                modules |= where[name]
                break
        else:
            short = next(free)
            busy[short] = None if name in alone else set(where[name])
        given[name] = short
    return given


def _families(modules, trees):
    # {path: itself and the modules its classes' ancestors are in}
    at = {module_of(path): path for path in modules}
    homes = {path: {path} for path in modules}
    for path in modules:
        bases = {ast.unparse(b) for c in _all(trees[path], ast.ClassDef) for b in c.bases}
        for source, name in imports(trees[path], module_of(path), path.endswith("__init__.py")):
            if source in at and any(name in base.split(".") for base in bases):
                homes[path].add(at[source])
    for _ in modules:
        for path in modules:
            homes[path] = set().union(*(homes[p] for p in homes[path]))
    return homes


def explain(text, names):
    """A module's traceback ``text`` with the long names of the map ``names``."""
    lines = []
    by_leaf = {}
    for path, short in names.items():
        by_leaf.setdefault(leaf(path), {}).setdefault(path, short)
    for line in text.splitlines():
        found = re.search(r'File "([^"]+)", line \d+, in (\S+)', line)
        if found and found[1] in by_leaf:
            paths = by_leaf[found[1]]
            fits = [p for p in paths if found[2] in paths[p]] or list(paths)
            called = sorted({paths[p].get(found[2], found[2]) for p in fits})
            line = '  File "%s", in %s' % (" or ".join(fits), " or ".join(called))
        lines.append(line)
    return "\n".join(lines)


def leaf(path):
    """What a traceback calls the module at ``path``."""
    return module_of(path).split(".")[-1]


def main():
    parser = argparse.ArgumentParser(prog="minify", description="Explain a module's traceback.")
    parser.add_argument("names", help="the map that tools.stage left beside the tree")
    given = parser.parse_args()
    print(explain(sys.stdin.read(), json.loads(Path(given.names).read_text())))


if __name__ == "__main__":
    main()
