"""Leave out what the firmware never calls of a third-party module, before it is compiled.

Microdot compiled takes 20 KB of the chip's heap, most of it for things that `firmware/web` does
itself (reading requests, serving files) or does not have. MicroPython cannot free a part of a
loaded module, so the parts go before compiling, and some that are left get a smaller body
(`lean_microdot.py`). Hosts use the package as it is; the tests of the web server run against this
form as well.
"""

import ast
import zlib
from pathlib import Path

# module: names to leave out; `Class.name` for what is in a class
UNUSED = {
    "microdot/__init__.py": (
        "AsyncBytesIO",
        "URLPattern",
        "__version__",
        "abort",
        "iscoroutine",
        "redirect",
        "send_file",
    ),
    "microdot/microdot.py": (
        "AsyncBytesIO",
        "HTTPException",
        "MUTED_SOCKET_ERRORS",
        "Microdot.abort",
        "Microdot.after_error_request",
        "Microdot.delete",
        "Microdot.get_request_handlers",
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
        "Request.G",
        "Request._safe_readline",
        "Request.after_request",
        "Request.body",
        "Request.create",
        "Request.files",
        "Request.json",
        "Request.max_readline",
        "Request.stream",
        "Response.already_handled",
        "Response.body_iter",
        "Response.default_send_file_max_age",
        "Response.delete_cookie",
        "Response.redirect",
        "Response.send_file",
        "Response.set_cookie",
        "Response.types_map",
        "URLPattern",
        "abort",
        "mro",
        "redirect",
        "send_file",
        "urlencode",
    ),
    "umqtt/simple.py": (
        "MQTTClient.subscribe",
        "hexlify",
    ),
}
# What stays for microdot's test client, and what is not replaced then.
FOR_TESTS = (
    "AsyncBytesIO",
    "Request.G",
    "Request.__init__",
    "Request._parse_urlencoded",
    "Request._safe_readline",
    "Request.body",
    "Request.create",
    "Request.json",
    "Request.max_readline",
    "Request.stream",
    "Response.already_handled",
    "Response.body_iter",
)
# module: the file with other bodies, and CRC-32 of each original: a new version of the package
# must be looked at.
REPLACED = {
    "microdot/microdot.py": (
        "lean_microdot.py",
        {
            "Microdot.__init__": "472fa667",
            "Microdot.default_options_handler": "dcf6e823",
            "Microdot.dispatch_request": "85230ddc",
            "Microdot.error_response": "6f57a640",
            "Microdot.find_route": "061262b2",
            "Microdot.route": "469e804c",
            "Request.__init__": "6ab9fb3a",
            "Request._parse_urlencoded": "6e746c10",
            "Response.write": "7f1c9b12",
        },
    ),
}


class ShakeError(Exception):
    """The module has changed: a name that should go is not there."""


def shake(name, text, tests=False):
    """The source ``text`` of module ``name`` in its lean form; as it is if nothing is listed.

    With ``tests`` microdot's test client can use it. Raises ShakeError.
    """
    kept = FOR_TESTS if tests else ()
    unused = set(UNUSED.get(name, ())) - set(kept)
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
    if name in REPLACED:
        _replace(name, tree, kept)
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _replace(name, tree, kept):
    file, known = REPLACED[name]
    lean = ast.parse((Path(__file__).parent / file).read_text())
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    for wanted in lean.body:
        if not isinstance(wanted, ast.ClassDef):
            continue
        body = classes[wanted.name].body
        at = {getattr(node, "name", ""): i for i, node in enumerate(body)}
        for function in wanted.body:
            full = "%s.%s" % (wanted.name, function.name)
            if full in kept:
                continue
            if function.name not in at:
                if full in known:
                    raise ShakeError("%s has no %s" % (name, full))
                body.append(function)
                continue
            was = body[at[function.name]]
            if known.get(full) != fingerprint(was):
                raise ShakeError("%s: %s is not what %s replaces" % (name, full, file))
            body[at[function.name]] = function


def fingerprint(node):
    """CRC-32 of a function but for its text's look, as hex."""
    return "%08x" % zlib.crc32(ast.unparse(node).encode())


def _strip(body, prefix, unused, gone):
    for node in list(body):
        if isinstance(node, ast.ImportFrom):
            gone.update(a.name for a in node.names if a.name in unused)
            node.names = [a for a in node.names if a.name not in unused]
            if not node.names:
                body.remove(node)
            continue
        names = [prefix + n for n in _names(node)]
        if names and all(n in unused for n in names):
            gone.update(names)
            body.remove(node)


def _names(node):
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [ast.unparse(t) for t in node.targets]
    return []
