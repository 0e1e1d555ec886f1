"""Which name in a source is a local, a parameter, a global or an attribute; see `minify`."""

import ast
import string

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_NATIVE = ("viper", "native")


def module_of(path):
    """firmware/web/app.py -> firmware.web.app, lib/mep/frame.py -> mep.frame."""
    path = path[4:] if path.startswith("lib/") else path
    return path[:-3].replace("/", ".").removesuffix(".__init__")


def source_of(node, module, package):
    """The module that the `from` import ``node`` in ``module`` takes from."""
    if not node.level:
        return node.module
    parts = module.split(".")
    parts = parts[: len(parts) - node.level + package]
    return ".".join(parts + ([node.module] if node.module else []))


def imports(tree, module, package):
    """(module, name) of every `from` import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield source_of(node, module, package), alias.name


class Bound:
    """Names of globals and attributes in ``tree``; with ``defined`` only those it makes.

    ``all`` of them; ``bare``: those that stand for themselves somewhere; ``stored``: attributes
    that are put on another's object.
    """

    def __init__(self, tree, defined=False):
        self.all, self.bare, self.stored = set(), set(), set()
        scopes = Scopes(tree, ())
        for node in ast.walk(tree):
            for name, made in _name_at(node):
                if (made or not defined) and scopes.owner(node, name) is None:
                    self.all.add(name)
                    if not scopes.in_class(node, name):
                        self.bare.add(name)
            if isinstance(node, ast.Attribute):
                self._attribute(node, defined)
            elif isinstance(node, ast.alias) and not defined:
                self.all.add(node.name)
                self.bare.add(node.name)

    def _attribute(self, node, defined):
        store = isinstance(node.ctx, ast.Store)
        if store or not defined:
            self.all.add(node.attr)
        if store and getattr(node.value, "id", None) != "self":
            self.stored.add(node.attr)


def _name_at(node):
    # (name, whether it is bound here)
    if isinstance(node, ast.Name):
        return ((node.id, isinstance(node.ctx, ast.Store)),)
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return ((node.name, True),)
    if isinstance(node, ast.alias):
        return ((node.asname or node.name, bool(node.asname)),)
    return ()


class Scopes:
    """Where each name of ``tree`` belongs; its parameters get short names, but for ``keep``."""

    def __init__(self, tree, keep, locals_too=False):
        self.told = {}  # short: long, of parameters' functions and all that `rename` changes
        self._keep = keep
        self._locals_too = locals_too
        self._scope = {}  # node: the functions around it, innermost last
        self._names = {}  # function: its locals
        self.short = {}  # function: {local: short}
        self._walk(tree, ())

    def owner(self, node, name):
        """The function whose local ``name`` is at ``node``; None for a global or attribute."""
        if self.in_class(node, name):
            return None
        for function in reversed(self._scope.get(node, ())):
            if not isinstance(function, ast.ClassDef) and name in self._names[function]:
                return function
        return None

    def in_class(self, node, name):
        """True if ``name`` at ``node`` belongs to the class around it."""
        around = self._scope.get(node, ())
        return (
            bool(around)
            and isinstance(around[-1], ast.ClassDef)
            and name in self._names[around[-1]]
        )

    def new(self, node, name):
        """What the local ``name`` at ``node`` is called now; None if it is none."""
        function = self.owner(node, name)
        return None if function is None else self.short.get(function, {}).get(name, name)

    def _walk(self, node, around):
        self._scope[node] = around
        if isinstance(node, (*FUNCTIONS, *_COMPREHENSIONS, ast.ClassDef)):
            inside = (*around, node)
            self._names[node] = _locals(node)
            if isinstance(node, FUNCTIONS) and self._locals_too and not _is_native(node):
                self._shorten(node, around)
            for field, value in ast.iter_fields(node):
                # Defaults, decorators, bases belong to the outside.
                out = field in ("decorator_list", "bases", "keywords", "returns")
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.arguments):
                        self._arguments(child, inside, around)
                    elif isinstance(child, ast.AST):
                        self._walk(child, around if out else inside)
            return
        for child in ast.iter_child_nodes(node):
            self._walk(child, around)

    def _arguments(self, arguments, inside, around):
        for child in ast.iter_child_nodes(arguments):
            self._walk(child, inside if isinstance(child, ast.arg) else around)

    def _shorten(self, function, around):
        taken = {n for f in around for n in self.short.get(f, {}).values()}
        for node in ast.walk(function):
            for field in ("id", "arg", "name", "asname"):
                taken.add(getattr(node, field, None))
        taken |= {n.split(".")[0] for n in taken if n}
        free = (c for c in string.ascii_lowercase if c not in taken)
        short = self.short[function] = {}
        a = function.args
        wanted = [x.arg for x in (*a.posonlyargs, *a.args, a.vararg, *a.kwonlyargs, a.kwarg) if x]
        # A function in a function has a name too.
        wanted += [
            n.name
            for n in ast.walk(function)
            if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))
            and n is not function
            and n.name in self._names[function]
        ]
        for name in wanted:
            if name not in self._keep and len(name) > 1 and name not in short:
                new = next(free, None)
                if new:
                    short[name] = new


def _is_native(function):
    marks = getattr(function, "decorator_list", ())
    return any(getattr(mark, "attr", "") in _NATIVE for mark in marks)


def _locals(scope):
    # Names that the body binds.
    names, free = set(), set()
    if isinstance(scope, FUNCTIONS):
        names.update(n.arg for n in ast.walk(scope.args) if isinstance(n, ast.arg))
    if isinstance(scope, _COMPREHENSIONS):
        todo = [g.target for g in scope.generators]
    else:
        todo = list(scope.body) if isinstance(scope.body, list) else [scope.body]
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            free.update(node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            names.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif not isinstance(node, (ast.Lambda, *_COMPREHENSIONS)):
            todo.extend(ast.iter_child_nodes(node))
    return names - free


def constants(defining, trees, strangers):
    """{module: {name: number}} of `X = const(...)` that need not be there at run time."""
    found = {module_of(path): {} for path in defining}
    for _ in range(3):  # some are made of other modules'
        for path, tree in defining.items():
            _numbers_of(tree, module_of(path), path.endswith("__init__.py"), found)
    # What somebody asks for in another way stays.
    asked = set()
    for tree in strangers:
        for node in ast.walk(tree):
            asked.update((getattr(node, "attr", None), getattr(node, "name", None)))
    for path, tree in trees.items():
        bases = _module_names(tree, module_of(path), path.endswith("__init__.py"), found)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                known = found.get(bases.get(getattr(node.value, "id", None)), {})
                if node.attr not in known or not isinstance(node.ctx, ast.Load):
                    asked.add(node.attr)
    return {m: {n: v for n, v in env.items() if n not in asked} for m, env in found.items()}


def _numbers_of(tree, module, package, found):
    env = dict(found[module])
    for source, name in imports(tree, module, package):
        if name in found.get(source, {}):
            env[name] = found[source][name]
    for node in tree.body:
        if isinstance(node, ast.Assign) and is_const(node.value):
            value = _number(node.value.args[0], env)
            if value is not None:
                env[node.targets[0].id] = found[module][node.targets[0].id] = value


def is_const(node):
    """True for `const(...)`."""
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "const"


def _number(node, env):
    # The value of a constant expression of whole numbers, or None.
    for name in ast.walk(node):
        if isinstance(name, ast.Name) and name.id not in env:
            return None
        if not isinstance(name, (ast.Constant, ast.Name, ast.BinOp, ast.UnaryOp)):
            if not isinstance(name, (ast.operator, ast.unaryop, ast.expr_context)):
                return None
    value = eval(compile(ast.Expression(node), "", "eval"), {}, dict(env))
    return value if isinstance(value, int) else None


def _module_names(tree, module, package, known):
    # {name: module} of the modules that ``tree`` imports, anywhere.
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = "%s.%s" % (source_of(node, module, package), alias.name)
                if whole in known:
                    found[alias.asname or alias.name] = whole
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname and alias.name in known:
                    found[alias.asname] = alias.name
    return found


def rename(tree, path, scopes, short, numbers, callers=()):
    """Give everything in ``tree`` its short name, and numbers for constants.

    One of the ``callers`` (their modules) keeps its own globals: names that meet only there could
    have the same short name.
    """
    _Renamer(tree, path, scopes, short, numbers, callers).visit(tree)


class _Renamer(ast.NodeTransformer):
    def __init__(self, tree, path, scopes, short, numbers, callers):
        self._module = module = module_of(path)
        self._package = package = path.endswith("__init__.py")
        self._callers = {name.split(".")[-1] for name in callers}
        self._theirs = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
            if alias.name in self._callers
        }
        self._own = module in callers
        self._scopes = scopes
        self._short = short
        self._numbers = numbers
        self._bases = _module_names(tree, module, package, numbers)
        self._imported = {
            function: {
                a.name
                for n in ast.walk(function)
                if isinstance(n, ast.ImportFrom)
                for a in n.names
            }
            for function in ast.walk(tree)
            if isinstance(function, FUNCTIONS)
        }
        # Constants known here by their bare names.
        self._known = dict(numbers.get(module, {}))
        for source, name in imports(tree, module, package):
            if name in numbers.get(source, {}):
                self._known[name] = numbers[source][name]

    def _to(self, name):
        new = self._short.get(name, name)
        if new != name:
            self._scopes.told[new] = name
        return new

    def _global(self, node, name):
        if self._own and not self._scopes.in_class(node, name):
            return name
        return self._to(name)

    def visit_Name(self, node):
        new = self._scopes.new(node, node.id)
        if (new is None or self._is_import(node)) and node.id in self._known:
            if isinstance(node.ctx, ast.Load):
                return ast.Constant(self._known[node.id])
        node.id = self._global(node, node.id) if new is None else new
        return node

    def _is_import(self, node):
        # What the function imports is no variable of its own.
        return node.id in self._imported.get(self._scopes.owner(node, node.id), ())

    def visit_Attribute(self, node):
        known = self._numbers.get(self._bases.get(getattr(node.value, "id", None)), {})
        if node.attr in known and isinstance(node.ctx, ast.Load):
            return ast.Constant(known[node.attr])
        self.generic_visit(node)
        if getattr(node.value, "id", None) not in self._theirs:
            node.attr = self._to(node.attr)
        return node

    def visit_arg(self, node):
        node.arg = self._scopes.new(node, node.arg) or node.arg
        return self.generic_visit(node)

    def visit_Assign(self, node):
        target = node.targets[0]
        if is_const(node.value) and getattr(target, "id", "") in self._numbers.get(
            self._module, {}
        ):
            if self._scopes.owner(target, target.id) is None:
                return None
        return self.generic_visit(node)

    def _definition(self, node):
        new = self._scopes.new(node, node.name)
        if new is None:
            new = self._global(node, node.name)
        elif new != node.name:
            self._scopes.told.setdefault(new, node.name)
        self.generic_visit(node)
        node.name = new
        if not node.body:
            node.body = [ast.Pass()]
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _definition

    def visit_Global(self, node):
        node.names = [self._global(node, name) for name in node.names]
        return node

    def visit_Nonlocal(self, node):
        node.names = [self._scopes.new(node, name) or name for name in node.names]
        return node

    def visit_ExceptHandler(self, node):
        if node.name and self._scopes.owner(node, node.name) is None:
            node.name = self._global(node, node.name)
        return self.generic_visit(node)

    def visit_Import(self, node):
        for alias in node.names:
            if alias.asname and self._scopes.owner(node, alias.asname) is None:
                alias.asname = self._global(node, alias.asname)
        return node

    def visit_ImportFrom(self, node):
        source = source_of(node, self._module, self._package)
        gone = self._numbers.get(source, {})
        if source == "shim" and not self._own:
            # The compiler knows `const` by itself.
            gone = {**gone, "const": None}
        node.names = [a for a in node.names if a.name not in gone]
        for alias in node.names:
            local = self._scopes.new(node, alias.asname or alias.name)
            bound = alias.asname or alias.name
            if source not in self._callers:
                alias.name = self._to(alias.name)
            bound = self._global(node, bound) if local is None else local
            alias.asname = None if bound == alias.name else bound
        if node.level and "." in (node.module or ""):
            # The module's whole name is one that is there anyway.
            node.module, node.level = source, 0
        return node if node.names else None
