"""The web application: the live page, its data and the errors. Handlers only read the store."""

from microdot import Microdot

from .. import report
from ..hal.memory import drop
from .events import Events, Feed
from .server import failure, harden, serve  # noqa: F401  `serve` belongs to the face of this module

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
        # Files and questions, too, are here and no routes: so they cost little while nobody asks.
        if ask and req.path.startswith("/api/v1/"):
            from . import told

            try:
                return await told.answer(req, ask)
            finally:
                drop("firmware.web.told")
        from . import files

        try:
            return files.answer(req)
        finally:
            drop("firmware.web.files")

    for code in (405, 413, 500):
        app.errorhandler(code)(_usual(app, code))


def _usual(app, code):
    async def usual(req):
        from . import failures

        try:
            return failures.usual(app, code, req)
        finally:
            drop("firmware.web.failures")

    return usual


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
