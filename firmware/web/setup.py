"""Set-up, settings and the page of safe mode: what they do. Loaded only for these.

A wizard, one step a page: each is tried before it counts (the network joined, the key at the
meter, the broker), and all is stored at once at the end. It needs no script and no Internet.
Who may change what: a module that is not set up is open to whoever reaches it; one that is, to its
own access point, whose password its owner has, and to who knows the administrator's password.
"""

import asyncio

from .. import config as configuration
from .. import texts
from ..hal.clock import sleep_ms
from ..hal.memory import drop
from . import access, setup_pages

STEPS = ("board", "wifi", "key", "admin", "mqtt", "done")
# What each step's form holds.
FIELDS = {
    "board": ("board",),
    "wifi": ("wifi_ssid", "wifi_password"),
    "key": ("key",),
    "admin": (),
    "mqtt": ("mqtt_host", "mqtt_port", "mqtt_tls", "mqtt_user", "mqtt_password", "mqtt_base"),
    "done": (),
}
KEPT = ("key", "wifi_password", "mqtt_password", "mqtt_tls")  # where nothing is written
# What is copied brings spaces.
_STRIPPED = (
    "key",
    "mqtt_host",
    "mqtt_tls",
    "mqtt_user",
    "mqtt_base",
)
# What a try leaves in memory.
_TRIED = (
    "firmware.web.trials",
    "firmware.meter",
    "firmware.mqtt",
    "firmware.boards",
    "umqtt.simple",
    "mep.session",
    "mep.digest_viper",
    "mep.digest",
    "mep.requests",
    "mep.events",
    "mep.frame",
    "mep.keys",
    "osgp.codec",
)
_TICK_MS = 500
_JOIN_TICKS = 60
_LEAVE_MS = 4000  # so that the last page arrives before the restart


class Setup:
    """What the pages show and do.

    ``config`` is the present configuration, ``wifi`` a `firmware.wifi.Wifi`, ``restart()`` starts
    the chip again, ``log(level, text)``. ``facts()`` gives lines to show in safe mode (None else).
    ``settings``: asked for by the administrator, whose session is ``token``. ``networks`` are
    found by ``wifi``; ``open_line`` serves tests, as in `firmware.app`.
    """

    def __init__(self, config, wifi, restart, log, facts=None, settings=False, token=None):
        self.config = config
        self.draft = dict(config)
        self.wifi = wifi
        self.facts = facts
        self.settings = settings
        self.restart = restart
        self.log = log
        self.open = not (config["key"] and config["wifi_ssid"])
        self.door = access.Door(config["admin_hash"], token)
        self.step = "board"
        self.passed = set()  # steps that were tried and are right
        self.errors = []
        self.said = ("", "", "")  # tone (ok, bad, wait), a name in the texts, what follows it
        self.networks = []
        self.task = None
        self.over = False  # only the restart is to come
        self.asked = 0  # requests so far, of who may change things
        self.point = False  # our access point is open: who is on it may change things
        self.denied = ("", "", "")  # as `said`, for who may not
        self.open_line = None
        self.updates = None  # mounts their routes on a microdot app
        self.shown = None  # what `setup_pages` is sending

    @property
    def busy(self):
        """True while something is tried."""
        if self.task is not None and self.task.done():
            self.task = None  # it holds what it used
        return self.task is not None

    def missing(self):
        """Steps without which there is nothing to save (list)."""
        draft = self.draft
        needed = (("wifi", "wifi_ssid"), ("key", "key"), ("admin", "admin_hash"))
        return [step for step, name in needed if not draft[name]]

    def save(self, step, form):
        """Take the form of ``step``: check it, try it, and go on if it is right."""
        self.errors = []
        self.said = ("", "", "")
        if step not in STEPS:
            return
        self.step = step
        schema = configuration.SCHEMA  # each asking reads it anew
        self._fill(step, form, schema)
        mine = FIELDS[step]
        wrong = configuration.problems(self.draft, False)
        self.errors = [e for e in wrong if len(e.args) > 1 and e.args[1] in mine]
        if not self.errors:
            takers = (self._board, self._wifi, self._key, self._admin, self._mqtt, self._done)
            takers[STEPS.index(step)](form)

    def _fill(self, step, form, schema):
        draft = self.draft
        if step == "wifi":
            chosen = form.get("wifi_ssid", "")
            if chosen in ("", draft["wifi_ssid"]):  # nothing new is written beside the list
                chosen = form.get("network") or chosen
            if chosen != draft["wifi_ssid"]:
                draft["wifi_password"] = ""  # the old network's
            draft["wifi_ssid"] = chosen
        for name in FIELDS[step]:
            value = form.get(name, "")
            if name in _STRIPPED:
                value = value.strip()
            if name == "wifi_ssid" or (not value and name in KEPT):
                continue
            draft[name] = setup_pages.value_of(schema, name, value)

    def _pass(self, step, name="", detail=""):
        self.passed.add(step)
        self.step = STEPS[STEPS.index(step) + 1]
        self.said = ("ok", name, detail)

    def _board(self, form):
        self._pass("board")

    def _wifi(self, form):
        draft = self.draft
        self.passed.discard("wifi")
        joined = self.wifi.config
        same = joined["wifi_ssid"] == draft["wifi_ssid"]
        same = same and joined["wifi_password"] == draft["wifi_password"]
        if same and self.wifi.online:
            self._pass("wifi", "joined", self.wifi.ip())
        elif form.get("anyway") and draft["wifi_ssid"]:
            self._pass("wifi")
        elif draft["wifi_ssid"]:
            self._try("joining", self._join(dict(draft)))

    async def _join(self, draft):
        wifi = self.wifi
        before = wifi.config
        wifi.join(draft)
        for _ in range(_JOIN_TICKS):
            await sleep_ms(_TICK_MS)
            if wifi.online and wifi.config is draft and wifi.state == "online":
                self._pass("wifi", "joined", wifi.ip())
                return
            if wifi.state not in ("joining", "online"):
                break
        self.said = ("bad", "no_wifi", wifi.state)
        wifi.join(before)  # its tries would disturb who is on our network

    def _key(self, form):
        self.passed.discard("key")
        if not self.draft["key"]:
            self.errors = configuration.problems(self.draft)
            self.errors = [e for e in self.errors if e.args[1] == "key"]
        elif form.get("anyway"):
            self._pass("key")
        else:
            self._try("key_testing", self._ask("key", "key_ok"))

    def _admin(self, form):
        password = form.get("password", "")
        if not password and self.draft["admin_hash"]:
            self._pass("admin")
        elif not access.LEAST <= len(password.encode()) <= access.MOST:
            self.said = ("bad", "admin_length", "")
        elif password != form.get("again", ""):
            self.said = ("bad", "admin_differ", "")
        else:
            self._try("working", self._hash(password))

    async def _hash(self, password):
        self.draft["admin_hash"] = await access.make(password)
        self._pass("admin", "admin_ok")

    def _mqtt(self, form):
        self.passed.discard("mqtt")
        if not self.draft["mqtt_host"]:
            self._pass("mqtt", "mqtt_none")
        elif form.get("anyway"):
            self._pass("mqtt")
        else:
            self._try("mqtt_testing", self._ask("mqtt", "mqtt_ok"))

    async def _ask(self, step, good):
        from . import trials

        try:
            if step == "key":
                outcome, detail = await trials.try_key(self.draft, self.log, self.open_line)
            else:
                outcome, detail = await trials.try_broker(self.draft, self.log)
        finally:
            drop(*_TRIED)
        if outcome == good:
            self._pass(step, outcome, detail)
        else:
            self.said = ("bad", outcome, detail)

    def _done(self, form):
        if not self.missing():
            self._store(self.draft)

    def _try(self, name, what):
        self.said = ("wait", name, "")
        self.task = asyncio.create_task(self._guarded(what))

    async def _guarded(self, what):
        try:
            await what
        except Exception as e:  # whatever it is, the page must say so
            self.said = ("bad", "", "%s: %s" % (type(e).__name__, e))

    def take_all(self, form):
        """Take the form of all settings into the draft."""
        draft = dict(self.draft)
        schema = configuration.SCHEMA
        for entry in schema:
            name = entry[0]
            if name in form and name not in setup_pages.HIDDEN:
                value = form.get(name, "")
                if value or not entry[4] & setup_pages.SECRET:
                    draft[name] = setup_pages.value_of(schema, name, value)
        self.errors = configuration.problems(draft, False)
        if draft["mqtt_tls"] == "ca" and not self._has_ca():
            self.errors.append(configuration.ConfigError("no_ca", "mqtt_tls"))
        self.said = ("", "", "")
        if not self.errors:
            self.draft = draft
            self.step = "done"

    @staticmethod
    def _has_ca():
        from .. import certificates

        try:
            return certificates.stored("ca")
        finally:
            drop("firmware.certificates")

    def take(self, text):
        """Take a configuration as JSON, what it does not name stays."""
        self.said = ("", "", "")
        try:
            self._store(configuration.import_(text, self.config))
        except texts.Refusal as e:
            self.errors = [e]

    def leave(self, said="restarting", detail=""):
        """Start the chip again, when the page has arrived."""
        self.over = True
        self.said = ("ok", said, detail)
        self.task = asyncio.create_task(self._leave())

    def _store(self, config):
        try:
            configuration.store(config)
        except texts.Refusal as e:
            self.errors = [e]
            return
        self.errors = []
        where = "http://%s.local/" % self.wifi.name
        if self.wifi.online:  # not every phone finds a name without a server for it
            where += "  http://%s/" % self.wifi.ip()
        self.leave("saved", where)

    async def _leave(self):
        await sleep_ms(_LEAVE_MS)
        self.restart()


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
