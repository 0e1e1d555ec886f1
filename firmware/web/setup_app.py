"""The web application of set-up, settings and safe mode: who may ask what."""

from microdot import Microdot, Request, Response

from .. import config as configuration
from ..hal.memory import drop
from . import access, setup_pages, setup_texts
from .server import harden
from .setup import STEPS, scan

ADDRESS = "192.168.4.1"
_LOGIN = ("/login", "/settings")
_MOST = 8192  # bytes of a request: a whole configuration, URL encoded
_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'"
_WEB = __file__[: __file__.rfind("firmware/web")] + "web/"


def limit(most):
    """Requests may have at most so many bytes."""
    Request.max_content_length = Request.max_body_length = most


def create_app(setup):
    """A microdot app of the pages of ``setup`` (`Setup`)."""
    limit(_MOST)
    app = Microdot()
    app.connections = 4

    @app.before_request
    async def gate(req):
        return _gate(setup, req)

    @app.get("/")
    async def page(req):
        return _page(setup, req)

    _settings(app, setup)
    _forms(app, setup)
    if setup.updates:
        _updates(app, setup.updates)

    async def lost(req):
        # Microdot asks the gate only for what there is.
        return _gate(setup, req) or to("/")

    app.errorhandler(404)(lost)
    app.errorhandler(405)(lost)
    app.after_request(_finish)
    return app


def _settings(app, setup):
    @app.get("/setup.css")
    async def style(req):
        headers = {"Content-Type": "text/css; charset=UTF-8", "Cache-Control": "no-cache"}
        try:  # set-up for a device leaves only the compressed file
            file = open(_WEB + "setup.css.gz", "rb")
            headers["Content-Encoding"] = "gzip"
        except OSError:
            file = open(_WEB + "setup.css", "rb")
        return Response(file, 200, headers)

    @app.get("/all")
    async def all_settings(req):
        return _show(setup_pages.all_settings(setup)) if trusted(setup, req) else to("/")

    @app.get("/export")
    async def export(req):
        if not trusted(setup, req):
            return to("/")
        name = 'attachment; filename="%s.json"' % setup.wifi.name
        return configuration.export(setup.config), {
            "Content-Type": "application/json",
            "Content-Disposition": name,
        }


def _forms(app, setup):
    @app.post("/login")
    @app.post("/settings")
    async def login(req):
        return await _login(setup, req)

    @app.post("/save")
    async def save(req):
        setup.save((req.form or {}).get("step", ""), req.form or {})
        return to("/")

    @app.post("/all")
    async def take_all(req):
        setup.take_all(req.form or {})
        return to("/all" if setup.errors else "/")

    @app.post("/import")
    async def take(req):
        setup.take((req.form or {}).get("config", ""))
        return to("/")

    @app.post("/restart")
    async def restart(req):
        setup.leave()
        return to("/")


def _updates(app, mount):
    # In memory only while somebody asks for them.
    app.streamed = "/update"
    running = []

    async def update(req):
        page = Microdot()
        mount(page)
        handler = page.find_route(req)[0]
        running.append(handler)
        try:
            return to("/") if handler in (404, 405) else await handler(req)
        finally:
            running.remove(handler)
            if not running:  # else a second upload would not know of the first
                drop("firmware.web.update", "firmware.update", "firmware.bundle")
                drop("firmware.pack", "firmware.slots", "firmware.update_texts")

    for path in ("/update", "/update.js"):
        app.get(path)(update)
    for path in ("/update", "/update/rollback", "/update/keep"):
        app.post(path)(update)


def _page(setup, req):
    for code, _ in setup_texts.LANGUAGES:
        if req.args.get("lang") == code:
            setup.draft["language"] = code
    if not trusted(setup, req):
        return _show(setup_pages.closed(setup))
    if not setup.busy:
        if "scan" in req.args:
            setup.networks = scan(setup.wifi)
            return to("/")
        if req.args.get("step") in STEPS:
            setup.step = req.args["step"]
            setup.errors = []
            setup.said = ("", "", "")
    return _show(setup_pages.page(setup))


def _show(pieces):
    return pieces, {"Content-Type": "text/html; charset=UTF-8"}


async def _login(setup, req):
    token = await setup.door.enter((req.form or {}).get("password", ""))
    if token:
        setup.said = ("", "", "")
        return to("/", {"Set-Cookie": access.cookie(token)})
    wait = setup.door.wait_s()
    setup.said = ("bad", "login_wait", str(wait)) if wait else ("bad", "login_wrong", "")
    return to("/")


def trusted(setup, req):
    """True if who asks may change things."""
    return setup.open or on_ap(req.client_addr) or setup.door.knows(req)


def _gate(setup, req):
    # None lets the request pass.
    setup.asked += 1
    host = req.headers.get("host", "")
    name = host.split(":")[0].lower()
    ours = (ADDRESS, setup.wifi.name.lower(), setup.wifi.name.lower() + ".local", setup.wifi.ip())
    if req.method != "POST":
        # Any other host is a phone's look for the Internet (the name server gave it our address),
        # or a page that had its name point here: both get no more than the way.
        return None if name in ours else to("http://%s/" % ADDRESS)
    origin = req.headers.get("origin")
    login = req.path in _LOGIN
    # Every browser names the origin of a form. A program does not, nor has it cookies of others.
    program = origin is None and (login or setup.door.knows(req))
    if name not in ours or not (program or origin == "http://" + host):
        return _refuse("open the module's own page and use its form")
    if not login and not trusted(setup, req):
        return _refuse("log in first; without a password, join the module's own network")
    if setup.busy or setup.over:
        return to("/")
    return None


def on_ap(peer):
    """True if ``peer`` (address, port) is on our access point."""
    if not isinstance(peer, tuple):
        return False
    return peer[0].rsplit(".", 1)[0] == ADDRESS.rsplit(".", 1)[0]


def to(where, headers=None):
    """The way to ``where``."""
    h = {"Location": where}
    h.update(headers or {})
    return Response("", 303 if where[0] == "/" else 302, h, "Found")


def _refuse(why):
    return Response(why + "\n", 403, reason="Forbidden")


async def _finish(req, res):
    harden(res)
    h = res.headers
    h["Content-Security-Policy"] = _POLICY
    # "no-referrer" would make browsers send "Origin: null" with the form.
    h["Referrer-Policy"] = "same-origin"
    return res
