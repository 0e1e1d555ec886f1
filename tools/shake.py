"""Leave out what the firmware never calls of a third-party module, before it is compiled.

Microdot compiled takes 20 KB of the chip's heap, half of it for things that `firmware/web` does
itself (reading requests, serving files) or does not have. MicroPython cannot free a part of a
loaded module, so the parts go before compiling. Hosts use the package as it is; the tests of the
web server run against this form as well.
"""

import ast

# module: names to leave out; `Class.name` for what is in a class
UNUSED = {
    "microdot/__init__.py": ("AsyncBytesIO", "redirect", "send_file"),
    "microdot/microdot.py": (
        "AsyncBytesIO",
        "HTTPException.__repr__",
        "Microdot.after_error_request",
        "Microdot.delete",
        "Microdot.handle_request",
        "Microdot.mount",
        "Microdot.patch",
        "Microdot.put",
        "Microdot.query",
        "Microdot.run",
        "Microdot.shutdown",
        "Microdot.start_server",
        "MultiDict.getlist",
        "NoCaseDict.__delitem__",
        "NoCaseDict.update",
        "Request._safe_readline",
        "Request.after_request",
        "Request.create",
        "Request.files",
        "Request.stream",
        "Response.delete_cookie",
        "Response.redirect",
        "Response.send_file",
        "Response.set_cookie",
        "Response.types_map",
        "URLPattern.__repr__",
        "URLPattern.register_type",
        "redirect",
        "send_file",
        "urlencode",
    ),
}


class ShakeError(Exception):
    """The module has changed: a name that should go is not there."""


def shake(name, text):
    """The source ``text`` of module ``name`` without its unused names; as it is if none is listed.

    Raises ShakeError.
    """
    unused = set(UNUSED.get(name, ()))
    if not unused:
        return text
    tree = ast.parse(text)
    gone = set()
    _strip(tree.body, "", unused, gone)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            _strip(node.body, node.name + ".", unused, gone)
    if gone != unused:
        raise ShakeError("%s has no %s" % (name, ", ".join(sorted(unused - gone))))
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _strip(body, prefix, unused, gone):
    for node in list(body):
        if isinstance(node, ast.ImportFrom):
            gone.update(a.name for a in node.names if a.name in unused)
            node.names = [a for a in node.names if a.name not in unused]
            continue
        names = [prefix + n for n in _names(node)]
        if names and all(n in unused for n in names):
            gone.update(names)
            body.remove(node)


def _names(node):
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [t.id for t in node.targets if isinstance(t, ast.Name)]
    return []
