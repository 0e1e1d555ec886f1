"""Wiring only: builds the objects, starts the tasks, keeps them alive."""

import asyncio
import gc
import json
import sys

from mep.session import Session
from shim import const
from . import report
from .hal import clock
from .hal.memory import drop
from .hal.ports import CHIP, open_port
from .log import Log
from .meter.link import Link
from .meter.poller import Poller
from .readings import Readings
from .supervisor import Supervisor

_BEAT_MS = const(100)
_GARBAGE = const(8192)  # collect after so many bytes, before they lie all over the heap
_HOLD_BEATS = const(50)  # that the radio waits for the line at most
_LIVED_BEATS = const(600)  # `boot_guard.LIVED_MS`
_HEALTH_BEATS = const(6000)
_TELL_BEATS = const(64)
_DAY_BEATS = const(640)
_QUARTER_S = const(900)  # local days begin at a quarter of an hour, everywhere
_BT23 = const(23)
_FRESH_MS = const(120000)
# In what time a task must report. One read may need over a minute on a line full of noise.
_POLLER_MS = const(180000)
_TASK_MS = const(60000)


class App:
    """The application under one configuration (from `config.validate`).

    ``guard`` (`firmware.boot_guard.BootGuard`), on the chip, hears of faults and of good health.
    """

    def __init__(self, config, show=print, open_line=None, guard=None):
        from mep.keys import fingerprint, parse_key
        from . import config as configuration

        self.config = config
        self.guard = guard
        key = parse_key(config["key"])
        self.log = Log(configuration.secrets(config), show)
        self.store = Readings(clock, config["stale_s"])
        session = Session(key, clock.ticks_ms(), config["baud"])
        self.line = None
        if not open_line and config["port"].startswith("socket://") and not CHIP:
            open_line = self._open_socket  # nothing there to switch on
        elif not open_line:
            from .meter.line import Line

            self.line = Line(_board(config), config, self.log)
            open_line = self.line.open_line
        self.open_line = open_line
        self.link = Link(session, open_line, self.log, config["baud"])
        self.poller = Poller(self.link, self.store, self.log, config["fast"], self.line)
        self._note = None
        if guard:
            guard.redact = self.log.redact
            self._note = guard.note
            self.log("info", "started: " + guard.cause)
        self.supervisor = Supervisor(self.log, self._note)
        self.mqtt = self.wifi = self.time = self.low = None
        self.store.line = self._line
        self._lag = 0
        self._beats = 0
        self._weak = ""  # what a brown-out means, in words
        self._news = self._told = None  # what `_day` acted on, what `_tell` told
        self.log("info", "MEP key of %d bytes, fingerprint %s" % (len(key), fingerprint(key)))
        drop("mep.keys", "firmware.config", "firmware.texts", "firmware.storage")

    async def run(self):
        """Run for ever; cancelling stops every task and closes the line."""
        config = self.config
        start = self.supervisor.start
        # Code first, then what runs: so the heap's free part stays in one piece.
        from .web import app as web

        gc.collect()
        if config["mqtt_host"]:
            from .mqtt import publisher

            if CHIP and config["power_profile"] == "low":
                from .mqtt.sleeper import Sleeper as Client
            else:
                from .mqtt.client import Client
            self.mqtt = Client(config, self.log)
            self._publisher = publisher
        self._web_app = web
        if CHIP:
            self._network()
        gc.collect()
        if hasattr(gc, "threshold"):
            gc.threshold(_GARBAGE)
        try:
            self.poller.alive = self.alive("poller")
            start("poller", self.poller.run, _POLLER_MS)
            if self.wifi:
                start("wifi", self._radio, _TASK_MS)
                start("time", self._clock, _TASK_MS)
            start("web", self._web, _TASK_MS)
            if self.mqtt and not self.low:
                start("mqtt", self._broker, _TASK_MS)
                start("publisher", self.publish, _TASK_MS)
            if CHIP:
                start("watchdog", self._watchdog)
            await self._beat()
        finally:
            self.supervisor.stop()
            self.link.close()

    def status(self):
        """Health figures (dict): uptime, heap, lag of the event loop, restarts, MQTT."""
        status = {
            "uptime_s": self._beats * _BEAT_MS // 1000,
            "interpreter": "%s %s" % (sys.implementation.name, version()),
            "loop_lag_ms": self._lag,
            "restarts": self.supervisor.restarts,
            "mqtt": self.mqtt.counters() if self.mqtt else None,
        }
        if self.line:
            status["line"] = self.line.diagnosis or self.line.state
        status["notes"] = self.notes()
        if self.guard:
            status["started"] = self.guard.cause
            status["version"] = self.guard.version
            status["trial"] = self.guard.trial
            status["faults"] = self.guard.faults
        if self.wifi:
            status["wifi"] = self.wifi.status()
            status["time"] = self.time.local()
        if self.low:
            status["low"] = self.low.status()
        if hasattr(gc, "mem_free"):
            status["heap_free"] = gc.mem_free()
            status["heap_used"] = gc.mem_alloc()
        return status

    def notes(self):
        """What the owner should mend, in words (list of str)."""
        diagnosis = self.line.diagnosis if self.line else None
        return [text for text in (diagnosis, self._weak) if text]

    async def _open_socket(self):
        return await open_port(self.config["port"])

    async def _watchdog(self):
        from .hal.esp32 import watchdog
        from .watchdog import Watchdog

        await Watchdog(self.supervisor, self.log, watchdog, self._note).run()

    def _network(self):
        # What only a module has: its radio and its clock.
        from . import power
        from .hal import esp32
        from .timesync import TimeSync

        power.set_clock(self.config, esp32, self.log)
        drop("firmware.power")

        def lost():
            # Set-up does not fit in beside all this: the next life is its, for some minutes.
            self.log("warn", "no network for hours: the set-up network opens")
            esp32.want_set_up()
            self.guard.healthy()
            esp32.restart()

        alive = self.alive("wifi")
        weak = self.guard.cause == "brown-out"
        if weak:
            from .radio import weak_text

            self._weak = weak_text(self.config)
            self.log("warn", self._weak)
        if self.config["power_profile"] == "low":
            from .lowpower import build

            self.low = build(self, esp32, weak, lost)
        else:
            from .wifi import Wifi

            self.wifi = Wifi(self.config, self.log, esp32.network, alive, weak, lost)
        wifi = self.wifi
        self.time = TimeSync(
            self.config, self.log, self.store.now, lambda: wifi.online, esp32.set_clock
        )

    async def _radio(self):
        if self.low:
            await self.low.run()
        else:
            await self.hold()
            await self.wifi.run()

    async def hold(self):
        """Wait until the radio may start."""
        # Not at the moment when the MAX3232's charge pump starts: a weak supply breaks down.
        for _ in range(_HOLD_BEATS):
            if self.line.state == "on":
                break
            await clock.sleep_ms(_BEAT_MS)

    async def _clock(self):
        await self.time.run(self.alive("time"))

    async def _web(self):
        web = self._web_app
        config = self.config
        page = web.create_app(self.store, config, self.status)
        if self.low:
            self.low.watch(page)
        alive = self.alive("web")
        await web.serve(page, config["http_host"], config["http_port"], alive)

    async def _broker(self):
        await self.mqtt.run(self.alive("mqtt"))

    async def publish(self):
        """Publish the snapshots by MQTT for ever."""
        alive = self.alive("publisher")
        await self._publisher.run(self.store, self.mqtt, self.config, alive)

    def alive(self, name):
        """A function that says that the task ``name`` is alive."""
        return lambda: self.supervisor.report(name)

    def _line(self):
        line = self.link.session.counters()
        line["dropped"] = self.store.dropped
        line["resets"] = self.store.resets
        line["openings"] = self.link.openings
        return line

    async def _beat(self):
        # The loop's pulse: its delay is what any task's blocking costs the others.
        while True:
            before = clock.ticks_ms()
            await clock.sleep_ms(_BEAT_MS)
            lag = clock.ticks_diff(clock.ticks_ms(), before) - _BEAT_MS
            # The worst of the last minute or so fades; a single stall stays visible for a while.
            self._lag = max(lag, self._lag - 1 if self._beats % 16 == 0 else self._lag)
            self._beats += 1
            if self._beats % _TELL_BEATS == 0:
                self.store.expire()
                self._day()
                if self.mqtt and self.mqtt.connected:
                    self._tell()
                gc.collect()
            if self._beats % _HEALTH_BEATS == 0:
                uptime = self._beats * _BEAT_MS // 1000
                rssi = self.wifi.rssi() if self.wifi else None
                from . import health  # every ten minutes

                line = health.line(uptime, self._line(), self.supervisor.restarts, rssi)
                self.log("info", line)
                del health
                drop("firmware.health")
            if self._beats == _LIVED_BEATS and self.guard:
                self.guard.healthy()
            if self._beats % _LIVED_BEATS == 0 and self.guard and self.guard.trial:
                from . import trial  # of an update

                trial.look(self, self._beats * _BEAT_MS // 1000)
                del trial
                drop("firmware.trial", "firmware.slots", "firmware.storage", "firmware.texts")

    def _day(self):
        # The energy of the day: its code is here only when there may be news.
        store = self.store
        config = self.config
        now = store.now()
        # The meter's clock may be wrong: what NTP may set right in a moment begins no day.
        hasty = self._beats < _HEALTH_BEATS and clock.unix() is None and config["ntp_servers"]
        if now is None or hasty:
            return
        fresh = store.table_ages().get(_BT23, _FRESH_MS) < _FRESH_MS
        news = now // _QUARTER_S, store.resets, id(store.kinds), fresh
        if news != self._news:
            self._news = news
            try:
                from . import days

                why = days.follow(store, config["timezone"], CHIP)
            except Exception as e:  # the readings go on
                why = "%s: %s" % (type(e).__name__, e)
            if why:
                self.log("error", "energy of the day: " + why)
            days = None
            drop("firmware.days", "firmware.timezone", "firmware.storage", "firmware.texts")

    def _tell(self):
        # What changes seldom, retained.
        mqtt = self.mqtt
        base = self.config["mqtt_base"]
        cause = self.guard.cause if self.guard else None
        text = json.dumps({"started": cause, "notes": self.notes()})
        news = mqtt.connects, text
        if news != self._told and mqtt.publish(base + "/health", text, True):
            self._told = news
        elif self._beats % _DAY_BEATS:
            return
        mqtt.publish(base + "/today", "{%s}" % report.today(self.store), True)


def _board(config):
    # The constants of the module this runs on; a host has none.
    if not CHIP:
        return None
    from . import boards
    from .hal.esp32 import chip

    return boards.load(config["board"], config, chip())


def version():
    """The interpreter's version as text."""
    return ".".join([str(n) for n in sys.implementation.version[:3]])


def run(path="config.json"):
    """Run the application with the configuration file ``path`` until interrupted."""
    from . import config as configuration

    try:
        config = configuration.load(path)
    except configuration.ConfigError as e:
        print(e)
        sys.exit(2)
    serve(config)


def serve(config, guard=None, notes=()):
    """Run the application under ``config`` until interrupted; ``guard`` as for `App`.

    ``notes``: texts for the log.
    """
    try:
        app = App(config, guard=guard)
        for note in notes:
            app.log("warn", note)
        asyncio.run(app.run())
    except KeyboardInterrupt:
        pass
