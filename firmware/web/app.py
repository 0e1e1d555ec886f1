"""The web application: the live page, its data and the errors. Handlers only read the store."""

import os

from microdot import Microdot, Response

from .. import report
from ..hal.memory import drop
from .events import Events, Feed
from .server import failure, harden, serve  # noqa: F401  `serve` belongs to the face of this module

# path, file, type. The page is hand-written and lies in `web/` beside `firmware/`.
_FILES = (
    ("/", "index.html", "text/html"),
    ("/app.js", "app.js", "text/javascript"),
    ("/style.css", "style.css", "text/css"),
    ("/favicon.ico", "icon.svg", "image/svg+xml"),
)
_WEB = __file__[: __file__.rfind("firmware/web")] + "web/"
_MORE = 2  # connections beyond the live pages, for everything else


def create_app(store, config, status, leave=None, ask=None):
    """A microdot app that serves ``store``; ``status()`` gives a dict of health figures.

    ``leave(token)``: start again into the settings, for the session ``token``. ``ask(req)``: what
    only the meter can tell, as (200, body) or (status code, why not).
    """
    app = Microdot()
    feed = Feed(store, config["http_clients"])
    app.connections = feed.limit + _MORE
    _errors(app, ask)
    app.after_request(_finish)
    files = _static(_WEB)
    for path, _, _ in _FILES:
        app.get(path)(files)

    @app.get("/api/v1/readings")
    async def readings(req):
        if not store.snapshot:
            return failure(503, _reason(store))
        return report.readings(store), {"Content-Type": "application/json"}

    @app.get("/api/v1/events")
    async def events(req):
        if feed.clients >= feed.limit:
            return failure(503, "%d live pages are open, no more are served" % feed.limit)
        if req.method == "HEAD":
            return "", {"Content-Type": "text/event-stream"}
        return Events(feed, req.sock[1].gone), {"Content-Type": "text/event-stream"}

    @app.get("/api/v1/status")
    async def health(req):
        d = dict(status())
        d["online"] = store.online
        d["reason"] = "" if store.online else _reason(store)
        d["live_pages"] = feed.clients
        return d

    _settings(app, config, leave)
    return app


def _reason(store):
    return store.reason or "the meter is silent; check its cable, power and key"


async def _finish(req, res):
    return harden(res)


def _errors(app, ask):
    @app.errorhandler(404)
    async def not_found(req):
        # There, too, is what is no route: so it costs nothing while nobody asks.
        if ask and req.path.startswith("/api/v1/"):
            code, what = await ask(req)
            if code != 200:
                return failure(code, what, req.path)
            return harden(Response(what, 200, {"Content-Type": what.kind}))
        return failure(404, "there is nothing at this path", req.path)

    @app.errorhandler(405)
    async def wrong_method(req):
        allow = app.default_options_handler(req)["Allow"]
        res = failure(405, "this path takes only " + allow, req.path)
        res.headers["Allow"] = allow
        return res

    @app.errorhandler(413)
    async def too_large(req):
        return failure(413, "send at most %d bytes" % req.max_content_length, req.path)

    @app.errorhandler(500)
    async def broken(req):
        return failure(500, "an error of the module; its log says more", req.path)


def _settings(app, config, leave):
    tries = []  # what `door` keeps from one to the next

    async def settings(req):
        from . import door

        try:
            return await door.answer(req, config, tries, leave)
        finally:
            drop("firmware.web.door", "firmware.web.access", "firmware.web.setup_texts")

    app.get("/settings")(settings)
    app.post("/settings")(settings)


def _static(folder):
    async def file(req):
        for path, name, kind in _FILES:
            if path == req.path:
                break
        headers = {"Content-Type": kind + "; charset=UTF-8", "Cache-Control": "no-cache"}
        packed = True
        try:  # set-up for a device leaves only the compressed file
            st = os.stat(folder + name + ".gz")
            headers["Content-Encoding"] = "gzip"
            name += ".gz"
        except OSError:
            packed = False
            try:
                st = os.stat(folder + name)
            except OSError:
                return failure(404, "%s is not installed" % name, req.path)
        headers["ETag"] = '"%x-%x-%d"' % (st[6], st[8], packed)
        if req.headers.get("If-None-Match") == headers["ETag"]:
            return "", 304, headers
        headers["Content-Length"] = str(st[6])
        return Response("" if req.method == "HEAD" else open(folder + name, "rb"), 200, headers)

    return file
