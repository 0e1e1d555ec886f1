"""The live page's files, hand-written. Loaded while one is asked for."""

import os

from microdot import Response

from .server import failure, harden

# path, file, type
_FILES = (
    ("/", "index.html", "text/html"),
    ("/app.js", "app.js", "text/javascript"),
    ("/mbus.js", "mbus.js", "text/javascript"),
    ("/style.css", "style.css", "text/css"),
    ("/favicon.ico", "icon.svg", "image/svg+xml"),
)
_FOLDER = __file__[: __file__.rfind("firmware/web")] + "web/"
_ALLOW = "GET, HEAD, OPTIONS"


def answer(req):
    """The response to ``req``, for a path that is no route."""
    for path, name, kind in _FILES:
        if path == req.path:
            return harden(_file(req, _FOLDER + name, kind))
    return failure(404, "there is nothing at this path", req.path)


def _file(req, path, kind):
    if req.method == "OPTIONS":
        return Response("", 204, {"Allow": _ALLOW})
    if req.method not in ("GET", "HEAD"):
        res = failure(405, "this path takes only " + _ALLOW, req.path)
        res.headers["Allow"] = _ALLOW
        return res
    headers = {"Content-Type": kind + "; charset=UTF-8", "Cache-Control": "no-cache"}
    packed = True
    try:  # set-up for a device leaves only the compressed file
        st = os.stat(path + ".gz")
        headers["Content-Encoding"] = "gzip"
        path += ".gz"
    except OSError:
        packed = False
        try:
            st = os.stat(path)
        except OSError:
            return failure(404, "%s is not installed" % path.rsplit("/", 1)[1], req.path)
    headers["ETag"] = '"%x-%x-%d"' % (st[6], st[8], packed)
    if req.headers.get("If-None-Match") == headers["ETag"]:
        return Response("", 304, headers)
    headers["Content-Length"] = str(st[6])
    return Response("" if req.method == "HEAD" else open(path, "rb"), 200, headers)
