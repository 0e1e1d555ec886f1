"""The page of set-up and safe mode: one form, no script, no other file. Loaded only for these.

A network is tried before it is stored, so that a wrong password does not strand the module. Who
may change what: a module without key or network is open to whoever reaches it; one that is set up
takes changes only from its own access point, whose password its owner has.
"""

import asyncio

from microdot import Microdot, Request, Response

from .. import config as configuration
from .. import texts
from ..hal.clock import sleep_ms
from . import setup_texts
from .server import harden

ADDRESS = "192.168.4.1"
# What the form holds, in its order.
FIELDS = (
    "wifi_ssid",
    "wifi_password",
    "key",
    "board",
    "mqtt_host",
    "mqtt_user",
    "mqtt_password",
)
_MOST = 8192  # bytes of a request: a whole configuration, URL encoded
_TICK_MS = 500
_JOIN_TICKS = 60
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'"
_LEAVE_MS = 8000  # so that the last page arrives before the restart

_HEAD = """<!doctype html><html lang="%s"><head><meta charset="utf-8">%s<title>%s</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>
body{font:1rem/1.45 system-ui,sans-serif;max-width:32rem;margin:0 auto;padding:1rem;
color-scheme:light dark}label{display:block;margin-top:1rem}
input,select,textarea,button{font:inherit;width:100%%;box-sizing:border-box;padding:.6rem}
input[type=checkbox]{width:auto}button{margin-top:1rem}.bad{color:#b3261e}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.8rem}</style></head><body>"""


class Setup:
    """What the page shows and does.

    ``config`` is the present configuration, ``wifi`` a `firmware.wifi.Wifi`, ``restart()`` starts
    the chip again, ``facts()`` gives lines to show in safe mode (None in set-up). ``networks``
    are found by ``wifi``.
    """

    def __init__(self, config, wifi, restart, facts=None):
        self.config = config
        self.draft = dict(config)
        self.wifi = wifi
        self.facts = facts
        self.restart = restart
        self.open = not (config["key"] and config["wifi_ssid"])
        self.errors = []
        self.said = ""  # a name in setup_texts, or a text
        self.networks = []
        self.task = None
        self.asked = 0  # requests so far

    def text(self, name):
        """The text ``name`` in the page's language; a name that is none is the text."""
        if name not in setup_texts.NAMES:
            return name
        language = self.draft["language"]
        return setup_texts.TEXTS[language][setup_texts.NAMES.index(name)]

    def save(self, form):
        """Take the form: check it, try the network, store, start again."""
        draft = self.draft
        chosen = form.get("network") or form.get("wifi_ssid", "")
        if chosen != draft["wifi_ssid"] and not form.get("wifi_password"):
            draft["wifi_password"] = ""  # the old network's
        for name in FIELDS:
            value = chosen if name == "wifi_ssid" else form.get(name, "")
            if name in ("key", "mqtt_host"):
                value = value.strip()  # what is copied brings spaces
            if value or name not in ("key", "wifi_password", "mqtt_password"):
                draft[name] = value
        self.errors = configuration.problems(draft)
        self.said = ""
        if self.errors:
            return
        same = draft["wifi_ssid"] == self.config["wifi_ssid"]
        same = same and draft["wifi_password"] == self.config["wifi_password"]
        if not draft["wifi_ssid"] or form.get("anyway") or (same and self.wifi.online):
            self._store(draft)
        else:
            self.said = "joining"
            self.wifi.join(draft)
            self.task = asyncio.create_task(self._follow())

    def take(self, text):
        """Take a configuration as JSON, what it does not name stays."""
        self.said = ""
        try:
            self._store(configuration.import_(text, self.config))
        except texts.Refusal as e:
            self.errors = [e]

    def leave(self, said="restarting"):
        """Start the chip again, when the page has arrived."""
        self.said = said
        self.task = asyncio.create_task(self._leave())

    def _store(self, config):
        try:
            configuration.store(config)
        except texts.Refusal as e:
            self.errors = [e]
            return
        self.errors = []
        self.leave("saved")

    async def _follow(self):
        wifi = self.wifi
        for _ in range(_JOIN_TICKS):
            if wifi.online and wifi.config is self.draft:
                self._store(self.draft)
                return
            if wifi.state != "joining":
                break
            await sleep_ms(_TICK_MS)
        self.said = wifi.state
        wifi.join(self.config)  # its tries would disturb who is on our network

    async def _leave(self):
        await sleep_ms(_LEAVE_MS)
        self.restart()

    # -- the page

    def page(self, trusted):
        """The page as pieces of text; the form only for who is ``trusted`` to change things."""
        text = self.text
        waits = self.said == "joining"
        refresh = '<meta http-equiv="refresh" content="3;url=/">' if waits else ""
        title = text("safe" if self.facts else "title")
        yield _HEAD % (self.draft["language"], refresh, title)
        for code, name in setup_texts.LANGUAGES:
            yield '<a href="/?lang=%s">%s</a> ' % (code, name)
        yield "<h1>%s</h1>" % title
        if self.said:
            name = self.wifi.name + ".local" if self.said == "saved" else ""
            yield '<p role="status"><b>%s %s</b></p>' % (_safe(text(self.said)), _safe(name))
        if not waits and self.said not in ("saved", "restarting"):
            yield from self._forms(trusted)
        if self.facts:
            yield "<pre>"
            for line in self.facts():
                yield _safe(line) + "\n"
            yield "</pre>"
        yield "</body></html>"

    def _forms(self, trusted):
        text = self.text
        if not trusted:
            yield "<p>%s</p>" % text("elsewhere")
            return
        language = self.draft["language"]
        yield "<p>%s http://%s.local/</p>" % (text("intro"), _safe(self.wifi.name))
        for e in self.errors:
            if len(e.args) < 2 or e.args[1] not in FIELDS:
                yield '<p class="bad">%s</p>' % _safe(e.text(language))
        yield '<form method="post" action="/save">'
        known = texts.load(language).LABELS
        for name in FIELDS:
            yield from self._field(name, texts.find(known, name), language)
        yield '<label><input type="checkbox" name="anyway" value="1"> %s</label>' % text("anyway")
        yield "<button>%s</button></form>" % text("save")
        yield '<form method="post" action="/import"><label>%s' % text("import")
        yield '<textarea name="config" rows="4"></textarea></label>'
        yield "<button>%s</button></form>" % text("import")
        yield '<form method="post" action="/restart"><button>%s</button></form>' % text("restart")

    def _field(self, name, label, language):
        value = self.draft[name]
        yield "<label>%s" % _safe(label)
        if name == "wifi_ssid":
            yield from self._choose()
        elif name == "board":
            yield '<select name="board">'
            for choice in next(e[2] for e in configuration.SCHEMA if e[0] == name):
                picked = " selected" if choice == value else ""
                yield "<option%s>%s</option>" % (picked, choice)
            yield "</select>"
        else:
            secret = name in ("wifi_password", "key", "mqtt_password")
            yield '<input name="%s" autocomplete="off" autocapitalize="none" %s>' % (
                name,
                'type="password" placeholder="%s"' % (self.text("keep") if value else "")
                if secret
                else 'value="%s"' % _safe(value),
            )
        yield "</label>"
        for e in self.errors:
            if len(e.args) > 1 and e.args[1] == name:
                yield '<p class="bad">%s</p>' % _safe(e.text(language))

    def _choose(self):
        value = self.draft["wifi_ssid"]
        yield '<select name="network">'
        known = False
        for ssid, rssi in self.networks:
            known = known or ssid == value
            picked = " selected" if ssid == value else ""
            shown = _safe(ssid)
            yield '<option value="%s"%s>%s (%d dBm)</option>' % (shown, picked, shown, rssi)
        other = _safe(self.text("other"))
        yield '<option value=""%s>%s</option></select>' % ("" if known else " selected", other)
        yield '<input name="wifi_ssid" placeholder="%s" value="%s">' % (
            other,
            "" if known else _safe(value),
        )
        yield '<a href="/?scan=1">%s</a>' % self.text("again")


def limit(most):
    """Requests may have at most so many bytes."""
    Request.max_content_length = Request.max_body_length = most


def scan(wifi):
    """The networks in reach as (name, dBm), the strongest first.

    The port's scan stops everything for about two seconds; it is done only when asked for.
    """
    best = {}
    try:
        for found in wifi.up().scan():
            try:
                ssid = str(found[0], "utf-8")
            except ValueError:  # not text: cannot be written into a form
                continue
            if ssid and found[3] > best.get(ssid, -200):
                best[ssid] = found[3]
    except (OSError, RuntimeError):  # a join is under way
        pass
    return sorted([(ssid, best[ssid]) for ssid in best], key=lambda n: -n[1])


def create_app(setup):
    """A microdot app of the page of ``setup`` (`Setup`)."""
    limit(_MOST)
    app = Microdot()
    app.connections = 4

    @app.before_request
    async def gate(req):
        return _gate(setup, req)

    @app.get("/")
    async def page(req):
        return _page(setup, req)

    @app.post("/save")
    async def save(req):
        setup.save(req.form)
        return _to("/")

    @app.post("/import")
    async def take(req):
        setup.take(req.form.get("config", ""))
        return _to("/")

    @app.post("/restart")
    async def restart(req):
        setup.leave()
        return _to("/")

    async def lost(req):
        # Microdot asks the gate only for what there is.
        return _gate(setup, req) or _to("/")

    app.errorhandler(404)(lost)
    app.errorhandler(405)(lost)
    app.after_request(_finish)
    return app


def _page(setup, req):
    if req.args.get("lang", "") in setup_texts.TEXTS:
        setup.draft["language"] = req.args["lang"]
    trusted = setup.open or on_ap(req.client_addr)
    if "scan" in req.args and trusted:
        setup.networks = scan(setup.wifi)
        return _to("/")
    return setup.page(trusted), {"Content-Type": "text/html; charset=UTF-8"}


def _gate(setup, req):
    # None lets the request pass.
    setup.asked += 1
    host = req.headers.get("host", "")
    name = host.split(":")[0].lower()
    ours = (ADDRESS, setup.wifi.name.lower(), setup.wifi.name.lower() + ".local", setup.wifi.ip())
    if req.method != "POST":
        # Any other host is a phone's look for the Internet (the name server gave it our address),
        # or a page that had its name point here: both get no more than the way.
        return None if name in ours else _to("http://%s/" % ADDRESS)
    if name not in ours or req.headers.get("origin") != "http://" + host:
        return _refuse("open the module's own page and use its form")
    if not (setup.open or on_ap(req.client_addr)):
        return _refuse(setup.text("elsewhere"))
    if setup.task is not None and not setup.task.done():
        return _to("/")
    return None


def on_ap(peer):
    """True if ``peer`` (address, port) is on our access point."""
    if not isinstance(peer, tuple):
        return False
    return peer[0].rsplit(".", 1)[0] == ADDRESS.rsplit(".", 1)[0]


def _to(where):
    return Response("", 303 if where == "/" else 302, {"Location": where}, "Found")


def _refuse(why):
    return Response(why + "\n", 403, reason="Forbidden")


async def _finish(req, res):
    harden(res)
    h = res.headers
    h["Content-Security-Policy"] = _POLICY
    # "no-referrer" would make browsers send "Origin: null" with the form.
    h["Referrer-Policy"] = "same-origin"
    return res


def _safe(text):
    for a, b in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(a, b)
    return text
