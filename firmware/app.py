"""Wiring only: builds the objects, starts the tasks, keeps them alive."""

import asyncio
import gc
import sys

from shim import const
from .hal import clock
from .hal.memory import drop, radio
from .hal.ports import CHIP, open_port

_BEAT_MS = const(100)
_HOLD_BEATS = const(50)  # that the radio waits for the line at most
_LIVED_BEATS = const(600)  # `boot_guard.LIVED_MS`
_HEALTH_BEATS = const(6000)
_TELL_BEATS = const(64)
_NEWS_BEATS = const(640)
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
        from . import begin

        self.config = config
        self.guard = guard
        self.mqtt = self.wifi = self.time = self.low = self.line = None
        self.weak = ""  # what a brown-out means, in words
        self.pages = None  # `firmware.web.app`
        self.told = None  # of `firmware.news`
        self.mbus = [0, None, (), None]  # of `firmware.mbus`
        self.late = None  # `firmware.late`, while the broker is away
        self._news = None
        self._lag = 0
        self._beats = 0
        begin.build(self, show, open_line, CHIP)
        self.store.line = self._line

    async def run(self):
        """Run for ever; cancelling stops every task and closes the line."""
        start = self.supervisor.start
        from . import begin

        begin.load(self, CHIP)
        del begin
        drop("firmware.begin")
        try:
            self.poller.alive = self.alive("poller")
            start("poller", self.poller.run, _POLLER_MS)
            if self.wifi:
                start("wifi", self._radio, _TASK_MS)
                start("time", self._clock, _TASK_MS)
            if self.pages:
                start("web", self._web, _TASK_MS)
            if self.mqtt and not self.low:
                start("mqtt", self._broker, _TASK_MS)
                start("publisher", self.publish, _TASK_MS)
            if CHIP:
                start("watchdog", self._watchdog)
            await self._beat()
        finally:
            if self.late:
                self.late.stop()
            self.supervisor.stop()
            self.link.close()

    def status(self):
        """Health figures (dict): uptime, heap, lag of the event loop, restarts, MQTT."""
        from . import health

        try:
            return health.status(self, self._beats * _BEAT_MS // 1000, self._lag)
        finally:
            drop("firmware.health")

    def notes(self):
        """What the owner should mend, in words (list of str)."""
        diagnosis = self.line.diagnosis if self.line else None
        return [text for text in (diagnosis, self.weak) if text]

    async def open_socket(self):
        """The line behind ``socket://``, where there is nothing to switch on."""
        return await open_port(self.config["port"])

    async def _watchdog(self):
        from .hal import esp32
        from .watchdog import Watchdog

        start, again = esp32.watchdog, esp32.restart
        await Watchdog(self.supervisor, self.log, start, self.note, radio, again).run()

    def online(self):
        """True with a network."""
        return self.wifi.online

    def lost(self):
        """Hours without network: the next life is set-up's, which does not fit in beside this."""
        from .hal import esp32

        self.log("warn", "no network for hours: the set-up network opens")
        self._again(esp32.SET_UP)

    def settings(self, token):
        """Start again into the settings, for the session ``token``."""
        from .hal import esp32

        self._again(esp32.SETTINGS, token.encode())

    def _again(self, *life):
        from .hal import esp32

        if self.late:
            self.late.keep()
        esp32.want(*life)
        self.guard.healthy()
        esp32.restart()

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
        web = self.pages
        config = self.config
        leave = self.settings if CHIP else None
        page = web.create_app(self.store, config, self.status, leave, self.asked)
        if self.low:
            self.low.watch(page)
        alive = self.alive("web")
        await web.serve(page, config["http_host"], config["http_port"], alive)

    async def asked(self, req):
        """What `firmware.asked.turn.ask` says, whose code is here for one question at a time."""
        from .asked import turn

        return await turn.ask(self, req)

    async def _broker(self):
        alive = self.alive("mqtt")
        while self.wifi and not self.wifi.online:
            alive()
            await clock.sleep_ms(_BEAT_MS)
        await self.mqtt.run(alive)

    async def publish(self):
        """Publish the snapshots by MQTT for ever."""
        alive = self.alive("publisher")
        await self.publisher.run(self.store, self.mqtt, self.config, alive)

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
                self._look()
                gc.collect()
            if self._beats % _HEALTH_BEATS == 0:
                uptime = self._beats * _BEAT_MS // 1000
                rssi = self.wifi.rssi() if self.wifi else None
                left = radio() if CHIP else None
                from . import health  # every ten minutes

                line = health.line(uptime, self._line(), self.supervisor.restarts, rssi, left)
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

    def _look(self):
        # What changes seldom: its code is here only when there may be news.
        if self.late:
            self.late.turn()
        store = self.store
        now = store.now()
        news = (
            now and now // _QUARTER_S,
            store.resets,
            id(store.kinds),
            store.table_ages().get(_BT23, _FRESH_MS) < _FRESH_MS,
            self.mqtt and self.mqtt.connected,
            self.notes(),
            store.alerts and store.alerts["now"],
        )
        day = news != self._news
        if not day and self._beats % _NEWS_BEATS:
            return
        self._news = news
        try:
            from . import news

            news.look(self, self._beats * _BEAT_MS // 1000, day)
        except Exception as e:  # the readings go on
            self.log("error", "news: %s: %s" % (type(e).__name__, e))
        news = None
        drop("firmware.news")


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
