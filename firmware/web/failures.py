"""What the web server says when it cannot do what was asked; here for that moment only."""

import errno

from microdot import Response

from .server import harden

_REASONS = {
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    414: "URI Too Long",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def response(code, why, path):
    """As `server.failure`, without the headers that every response carries."""
    if path.startswith("/api"):
        return Response({"error": why}, code, reason=_REASONS[code])
    return Response("%d %s: %s\n" % (code, _REASONS[code], why), code, reason=_REASONS[code])


def usual(app, code, req):
    """The response to ``req`` that microdot answers with ``code``."""
    if code == 405:
        allow = app.default_options_handler(req)["Allow"]
        res = harden(response(code, "this path takes only " + allow, req.path))
        res.headers["Allow"] = allow
        return res
    why = "an error of the module; its log says more"
    if code == 413:
        why = "send at most %d bytes" % req.max_content_length
    return harden(response(code, why, req.path))


def listening(e, host, port):
    """Why the server cannot listen there, for the owner."""
    if e.errno == errno.EADDRINUSE:
        return "port %d is in use; stop the other program or choose another port" % port
    if e.errno == errno.EACCES:
        return "no permission for port %d; choose one above 1023" % port
    return "cannot listen on %s port %d (%s); is that an address of this machine?" % (
        host,
        port,
        e,
    )
