"""Leaves out of staged code what only another interpreter, or another kind of module, would run.

The sources serve CPython, MicroPython on hosts and the chip. What they ask for at run time to know
where they are (`firmware.hal.ports`, imports that fail) is known when they are staged.
"""

import ast
from collections import Counter

from .names import module_of, source_of

PORTS = "firmware.hal.ports"
# MicroPython has the one kind and not the other.
_PRESENT = ("asyncio", "micropython", "sys", "time", "umqtt")
_ABSENT = ("inspect", "orjson", "traceback")
# hasattr(module, name) of every MicroPython with a heap of its own.
_HAS = (("gc", "mem_free"), ("gc", "threshold"), ("sys", "print_exception"))


class FoldError(Exception):
    """Code that asks where it runs in a way that cannot be folded."""


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def fold(trees, chip=None):
    """Fold the trees ``{path: tree}``, for the ``chip`` (True), for hosts (False) or for both."""
    known = {"MICROPYTHON": True}
    if chip is not None:
        known["CHIP"] = chip
    for path, tree in trees.items():
        _Folder(tree, path, known).visit(tree)
        ast.fix_missing_locations(tree)


class _Folder(ast.NodeTransformer):
    def __init__(self, tree, path, known):
        self._known = known if module_of(path) == PORTS else {}
        self._own = bool(self._known)
        self._all = known
        self._module = module_of(path)
        self._package = path.endswith("__init__.py")
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and self._source(node) == PORTS:
                names = {a.name for a in node.names}
                self._known = {n: v for n, v in known.items() if n in names} or self._known

    def _source(self, node):
        return source_of(node, self._module, self._package)

    def visit_ImportFrom(self, node):
        if self._source(node) == PORTS:
            node.names = [a for a in node.names if a.name not in self._all]
        return node if node.names else None

    def visit_Assign(self, node):
        if self._own and getattr(node.targets[0], "id", None) in self._known:
            return None
        return self.generic_visit(node)

    def visit_Name(self, node):
        if node.id in self._known and isinstance(node.ctx, ast.Load):
            return ast.Constant(self._known[node.id])
        return node

    def visit_Attribute(self, node):
        # The names are gone from the staged ports, so that this would fail on the module.
        if node.attr in self._all:
            text = "%s:%d: write `from %s import %s` instead of asking a module for it"
            raise FoldError(text % (self._module, node.lineno, PORTS, node.attr))
        return self.generic_visit(node)

    def visit_Call(self, node):
        self.generic_visit(node)
        if getattr(node.func, "id", "") == "hasattr":
            asked = (getattr(node.args[0], "id", ""), getattr(node.args[1], "value", ""))
            if asked in _HAS:
                return ast.Constant(True)
        return node

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.Not) and _is_flag(node.operand):
            return ast.Constant(not node.operand.value)
        return node

    def visit_BoolOp(self, node):
        self.generic_visit(node)
        ends = isinstance(node.op, ast.Or)  # the value that decides
        values = []
        for value in node.values:
            if _is_flag(value) and value.value is not ends:
                continue
            values.append(value)
            if _is_flag(value):
                break
        if not values:
            return ast.Constant(not ends)
        node.values = values
        return node if len(values) > 1 else values[0]

    def visit_IfExp(self, node):
        self.generic_visit(node)
        if _is_flag(node.test):
            return node.body if node.test.value else node.orelse
        return node

    def visit_If(self, node):
        self._whole(node)
        if _is_flag(node.test):
            return node.body if node.test.value else node.orelse
        return node

    def visit_Try(self, node):
        self._whole(node)
        if node.body and all(getattr(h.type, "id", "") == "ImportError" for h in node.handlers):
            wanted = {name.split(".")[0] for n in node.body for name in _modules(n)}
            if wanted & set(_ABSENT):
                return node.handlers[0].body
            if wanted and wanted <= set(_PRESENT):
                return node.body
        return node

    def _whole(self, node):
        self.generic_visit(node)
        for at, statement in enumerate(node.body):
            if isinstance(statement, (ast.Return, ast.Raise)):
                del node.body[at + 1 :]  # what follows was for others
                break
        if not node.body:
            node.body = [ast.Pass()]
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = _whole


def _is_flag(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, bool)


def _modules(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [node.module]
    return []


def prune(trees, keep):
    """Remove functions and classes that nobody mentions, but for the names ``keep``; and imports.

    Gives the names that went. By name alone: a method is called if any object's of that name is.
    """
    gone = []
    facts = {}  # of each tree that is as it was
    while True:
        for path in trees:
            if path not in facts:
                facts[path] = _facts(trees[path])
        counts = Counter()
        for mentioned, _, _, _ in facts.values():
            counts.update(mentioned)
        takers = Counter(name for _, taken, _, _ in facts.values() for name in taken)
        before = len(gone)
        for path, tree in trees.items():
            _, taken, here, bodies = facts[path]
            others = {name for name in takers if takers[name] > (name in taken)}
            changed = _prune_imports(tree, here, others)
            known = len(gone)
            for body in bodies:
                gone += _prune_body(body, counts, keep)
                if not body and body is not tree.body:
                    body.append(ast.Pass())
            if changed or len(gone) > known:
                del facts[path]
        if len(gone) == before:
            return gone


def _facts(tree):
    # (names and how often it mentions them, what it may take from others, names that it reads,
    # bodies with definitions)
    nodes = list(ast.walk(tree))
    taken = {n.attr for n in nodes if _is(n, ast.Attribute)}
    for node in nodes:
        if _is(node, ast.ImportFrom):
            taken.update(a.name for a in node.names)
    here = {n.id for n in nodes if _is(n, ast.Name)}
    bodies = [tree.body, *(n.body for n in nodes if _is(n, ast.ClassDef))]
    return Counter(_mentioned(tree)), taken, here, bodies


def _is(node, kind):
    return isinstance(node, kind)


def _mentioned(tree):
    for node in ast.walk(tree):
        if _is(node, ast.Name):
            yield node.id
        elif _is(node, ast.Attribute):
            yield node.attr
        elif _is(node, ast.alias):
            yield node.name


def _prune_body(body, counts, keep):
    # Names of what went.
    gone = []
    for node in [n for n in body if _is(n, _DEFINITIONS)]:
        if node.name not in keep and not node.name.startswith("__"):
            if counts[node.name] == Counter(_mentioned(node))[node.name]:
                body.remove(node)
                gone.append(node.name)
    return gone


def _prune_imports(tree, here, others):
    # True if something went.
    changed = False
    for node in [n for n in tree.body if _is(n, (ast.Import, ast.ImportFrom))]:
        names = [(a, a.asname or a.name.split(".")[0]) for a in node.names]
        left = [a for a, name in names if name in here or name in others]
        changed = changed or len(left) < len(names)
        node.names = left
        if not left:
            tree.body.remove(node)
    return changed
