"""Texts of modules that come and go, without the names that they would leave for ever.

The interpreter makes a name of each text of up to ten characters that stands in a program, and
keeps it when the program is gone. In a module that is dropped after use (`firmware.hal.memory`)
such a text is cut out of a longer one when it is needed, which takes some bytes more, but only
meanwhile. Mostly not a dictionary's keys: who keeps the dictionary keeps them, and then a name is
less.
"""

import ast

from .names import module_of

_LONGEST = 10  # that becomes a name (MicroPython's MICROPY_ALLOC_PARSE_INTERN_STRING_LEN)
# Dropped in another configuration only.
_STAYING = ("firmware.mqtt.publisher", "osgp.codec")
# Dropped otherwise (`firmware.asked.turn`, `firmware.meter.alerts`, `firmware.config`).
_GOING = ("osgp", "firmware.schema")
# Whose dictionaries go as well.
_BRIEF = ("firmware.asked.", "firmware.health", "osgp.mbus")
_KEEPING = ("osgp.mbusbrief",)
# What is loaded all the time.
_LIVING = (
    "mep.digest mep.digest_viper mep.errors mep.frame mep.requests mep.session osgp.codec shim "
    "firmware.app firmware.hal.clock firmware.hal.memory firmware.hal.net firmware.hal.ports "
    "firmware.log firmware.meter.link firmware.meter.poller firmware.mqtt.client "
    "firmware.mqtt.pipe firmware.mqtt.publisher firmware.readings firmware.report "
    "firmware.supervisor firmware.web.app firmware.web.events firmware.web.server microdot "
    "microdot.microdot umqtt.simple"
).split()


def nameless(texts, gone, known):
    """``texts``: {path on the device: source}; those at the paths ``gone`` anew.

    ``known``: names that are there anyway.
    """
    trees = {path: ast.parse(text) for path, text in texts.items()}
    names = set(known)
    for path, tree in trees.items():
        if module_of(path) in _LIVING:
            names |= _names(tree)
    out = dict(texts)
    for path in gone:
        module = module_of(path)
        keys = module.startswith(_BRIEF) and module not in _KEEPING
        cutter = _Cutter(names | _names(trees[path], False), keys)
        out[path] = ast.unparse(ast.fix_missing_locations(cutter.visit(trees[path]))) + "\n"
    return out


def passing(texts):
    """Paths of the modules among ``texts`` (of `nameless`, but with long names) that go."""
    at = {module_of(path): path for path in texts}
    said = set(_GOING)
    for text in texts.values():
        said.update(_dropped(ast.parse(text)))
    packages = tuple(name + "." for name in said)
    gone = {name for name in at if name in said or name.startswith(packages)}
    return {at[name] for name in gone.difference(_STAYING)}


def _dropped(tree):
    # Texts in calls of `drop`, or that names of the module stand for; not whole lists of them,
    # which only other lives of the module drop.
    named = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named[node.targets[0].id] = node.value
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "drop":
            for given in call.args:
                given = named.get(getattr(given, "id", None), given)
                for node in ast.walk(given):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str):
                        yield node.value


def _names(tree, texts=True):
    # Every identifier, and with ``texts`` every text.
    found = set()
    for node in ast.walk(tree):
        for field in ("id", "attr", "name", "arg", "asname", "module"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                found.update((value, *value.split(".")))
        if texts and isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found


class _Cutter(ast.NodeTransformer):
    def __init__(self, names, keys):
        self._names = names
        self._keys = keys  # dictionaries', too

    def visit_Constant(self, node):
        text = node.value
        if not isinstance(text, str) or text in self._names:
            return node
        length = len(text.encode())
        if not 0 < length <= _LONGEST:
            return node
        longer = ast.Constant(text + "." * (_LONGEST + 1 - length))
        part = ast.Slice(upper=ast.Constant(len(text)))
        return ast.Subscript(value=longer, slice=part, ctx=ast.Load())

    def visit_Expr(self, node):
        return node if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_JoinedStr(self, node):
        return node

    def visit_Tuple(self, node):
        # The compiler makes one constant of a tuple of constants, and no names of its texts.
        return node if _constant(node) else self.generic_visit(node)

    def visit_Dict(self, node):
        if self._keys:
            return self.generic_visit(node)
        node.values = [self.visit(value) for value in node.values]
        return node

    def visit_Subscript(self, node):
        if self._keys or isinstance(node.ctx, ast.Load):
            node.slice = self.visit(node.slice)
        node.value = self.visit(node.value)
        return node

    def visit_Call(self, node):
        # What asks for an attribute makes a name of it in any case.
        if getattr(node.func, "id", "") in ("getattr", "setattr", "hasattr", "delattr"):
            return node
        return self.generic_visit(node)

    def visit_FunctionDef(self, node):
        marks = {getattr(mark, "attr", "") for mark in node.decorator_list}
        return node if marks & {"viper", "native"} else self.generic_visit(node)


def _constant(node):
    if isinstance(node, ast.Tuple):
        return all(_constant(item) for item in node.elts)
    return isinstance(node, ast.Constant)
