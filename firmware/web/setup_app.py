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
    app.connections = 2

    @app.before_request
    async def gate(req):
        return _gate(setup, req)

    @app.get("/")
    async def page(req):
        return _page(setup, req)

    _settings(app, setup)
    _forms(app, setup)
    _certificates(app, setup)
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
        if not trusted(setup, req):
            return to("/")
        setup.draft["language"] = _language(setup, req)
        return _show(setup_pages.all_settings(setup))

    @app.get("/export")
    async def export(req):
        if not trusted(setup, req):
            return to("/")
        name = 'attachment; filename="%s.json"' % setup.wifi.name
        return configuration.export(setup.config), {
            "Content-Type": "application/json",
            "Content-Disposition": name,
        }


def _certificates(app, setup):
    @app.get("/certificates")
    async def show(req):
        if not trusted(setup, req):
            return to("/")
        setup.draft["language"] = _language(setup, req)
        from . import setup_certs

        try:
            return _show(setup_certs.show(setup))
        finally:
            drop("firmware.web.setup_certs", "firmware.certificates")

    @app.post("/certificates")
    async def take(req):
        from . import setup_certs

        try:
            setup_certs.take(setup, req.form or {})
        finally:
            drop("firmware.web.setup_certs", "firmware.certificates")
        return to("/certificates")


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


class _Routes:
    """What `firmware.web.update` mounts itself on, in place of a microdot app."""

    def __init__(self):
        self.found = {}

    def get(self, path, method="GET"):
        def decorated(handler):
            self.found[method + path] = handler

        return decorated

    def post(self, path):
        return self.get(path, "POST")


def _updates(app, mount):
    # In memory only while somebody asks for them.
    app.streamed = "/update"
    running = []

    async def update(req):
        routes = _Routes()
        mount(routes)
        handler = routes.found.get(("GET" if req.method == "HEAD" else req.method) + req.path)
        running.append(handler)
        try:
            return await handler(req) if handler else to("/")
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
    language = _language(setup, req)
    if not trusted(setup, req):
        return _show(setup_pages.closed(setup, language))
    setup.draft["language"] = language
    if not setup.busy:
        if "scan" in req.args:
            setup.networks = scan(setup.wifi)
            return to("/")
        if req.args.get("step") in STEPS:
            setup.step = req.args["step"]
            setup.errors = []
            setup.said = ("", "", "")
    return _show(setup_pages.page(setup))


def _language(setup, req):
    for code, _ in setup_texts.LANGUAGES:
        if req.args.get("lang") == code:
            return code
    return setup.draft["language"]


def _show(pieces):
    return pieces, {"Content-Type": "text/html; charset=UTF-8"}


async def _login(setup, req):
    token = await setup.door.enter((req.form or {}).get("password", ""))
    setup.denied = ("", "", "")
    if token:
        return to("/", {"Set-Cookie": access.cookie(token)})
    wait = setup.door.wait_s()
    setup.denied = ("bad", "login_wait", str(wait)) if wait else ("bad", "login_wrong", "")
    return to("/")


def trusted(setup, req):
    """True if who asks may change things."""
    return setup.open or on_ap(setup, req.client_addr) or setup.door.knows(req)


def _gate(setup, req):
    # None lets the request pass.
    known = trusted(setup, req)
    if known:  # live pages that nobody looks at ask for ever
        setup.asked += 1
    host = req.headers.get("host", "")
    wifi = setup.wifi
    good = _ours(setup, host.split(":")[0].lower())
    if req.method != "POST":
        # Any other host is a phone's look for the Internet (the name server gave it our address),
        # or a page that had its name point here: both get no more than the way.
        far = wifi.online and not on_ap(setup, req.client_addr)
        return None if good else to("http://%s/" % (wifi.ip() if far else ADDRESS))
    origin = req.headers.get("origin")
    login = req.path in _LOGIN
    # Every browser names the origin of a form. A program does not, nor has it cookies of others.
    program = origin is None and (login or setup.door.knows(req))
    if not good or not (program or origin == "http://" + host):
        return _refuse("open the module's own page and use its form")
    if not login and not known:
        return _refuse("log in first; without a password, join the module's own network")
    if setup.busy or setup.over:
        return to("/")
    return None


def _ours(setup, name):
    # Whether ``name`` is one of the module's.
    ours = setup.wifi.name.lower()
    if name in (ADDRESS, ours, ours + ".local", setup.wifi.ip()):
        return True
    # Routers give names like mep-123456.fritz.box. Whoever has such a name of his own point here
    # gets no session's cookie by it, which is all that counts in the settings.
    return setup.settings and name.split(".")[0] == ours


def on_ap(setup, peer):
    """True if ``peer`` (address, port) is on our access point.

    Never where the home network may have the same addresses.
    """
    net = ADDRESS[:-1]
    if not setup.point or not isinstance(peer, tuple):
        return False
    return peer[0].startswith(net) and not setup.wifi.ip().startswith(net)


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
