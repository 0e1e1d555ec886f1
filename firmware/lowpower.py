"""The profile low: the radio is on for a short window now and then; between, readings are kept.

A window opens every ``radio_every_s``. It closes when MQTT has delivered, at the earliest
``radio_window_s`` after the network is there. The button opens one at any time; it and every HTTP
request keep it open for five minutes. The meter is polled all the time.
"""

import asyncio

from shim import const
from .hal import clock
from .hal.memory import drop
from .records import Ring, reading
from .wifi import Wifi

_STEP_MS = const(500)
_MOST_MS = const(90000)  # a window in which nothing can be delivered
_STAY_MS = const(300000)
_LEAST_MS = const(5000)  # between two windows
_RECORDS = const(120)  # two hours
_MINUTE_S = const(60)
_FRESH_MS = const(120000)
_HOUR_MS = const(3600000)
_TOLD = const(8)


class Windows:
    """Drives ``wifi`` (`firmware.wifi.Wifi`, not running) and ``mqtt`` (`firmware.mqtt.sleeper`).

    ``hold``: coroutine function, awaited before the radio starts; ``publish``: one that publishes
    the snapshots for ever; ``pressed()``: the button is; ``lost()`` as for `Wifi`.
    """

    def __init__(self, config, store, wifi, mqtt, hold, publish, pressed, lost=None, alive=None):
        self.ring = Ring(_RECORDS)
        self.config = config
        self._store = store
        self._wifi = wifi
        self._mqtt = mqtt
        self._hold = hold
        self._publish = publish
        self._pressed = pressed
        self._lost = lost
        self._alive = alive
        self._tasks = []
        self._seen = clock.ticks_ms()
        self._minute = None
        self._stay = 0  # ms that the window stays open for whoever asked
        self._spent = 0  # ms since the window began
        self._down = 0  # ms since the network was there, windows and rests

    def asked(self):
        """Somebody uses the page."""
        self._stay = _STAY_MS

    def watch(self, page):
        """Every request to ``page`` (of `firmware.web.app.create_app`) keeps the window open."""
        dispatch = page.dispatch_request

        async def asked(req):
            self.asked()
            return await dispatch(req)

        page.dispatch_request = asked

    def status(self):
        """For the status document (dict)."""
        return {"kept": self.ring.count, "lost": self.ring.lost, "stays_s": self._stay // 1000}

    async def run(self):
        """Windows and rests, for ever."""
        try:
            while True:
                await self._window()
                await self._rest()
        finally:
            await self._close()

    async def _window(self):
        self._spent = 0
        await self._hold()
        self._start(self._wifi.run)
        delivered = joined = False
        online = 0  # ms
        least = self.config["radio_window_s"] * 1000
        while self._stay > 0 or (
            self._spent < _MOST_MS and not (delivered and online >= least and self._dated())
        ):
            spent = self._spent
            await self._step()
            if not self._wifi.online:
                continue
            self._down = 0
            online += self._spent - spent
            if not joined:
                joined = True
                self._start(self._mqtt.run)
                self._start(self._publish)
            if self._mqtt.connected and not delivered:
                delivered = await self._mqtt.hand_over(self.ring, self._store, self._alive)
        await self._mqtt.bye()
        await self._close()

    async def _rest(self):
        every = self.config["radio_every_s"] * 1000
        end = max(every, self._spent + _LEAST_MS)
        while self._spent < end and self._stay <= 0:
            await self._step()

    async def _close(self):
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            if not task.done():
                task.cancel()
                try:
                    await task
                except asyncio.CancelledError:
                    pass
        sta = self._wifi.network.WLAN(self._wifi.network.STA_IF)
        if sta.active():
            sta.disconnect()
            sta.active(False)
            self._wifi.state = "asleep"

    def _start(self, function):
        self._tasks.append(asyncio.create_task(function()))

    async def _step(self):
        await clock.sleep_ms(_STEP_MS)
        if self._alive:
            self._alive()
        for task in self._tasks:
            if task.done():
                await task  # raises what it died of
        if self._pressed():
            self.asked()
        now = clock.ticks_ms()
        passed = clock.ticks_diff(now, self._seen)
        self._seen = now
        self._stay = max(0, self._stay - passed)
        self._spent += passed
        self._down += passed
        self._keep()
        # A rest is no outage: only a window without network makes one.
        limit = self.config["ap_after_h"] * _HOUR_MS
        if self._lost and limit and self._down >= limit + self.config["radio_every_s"] * 1000:
            self._down = 0
            self._lost()

    def _dated(self):
        # What is kept needs a date; who has no clock yet waits for it.
        return clock.unix() is not None or not self.config["ntp_servers"]

    def _keep(self):
        # Once a minute, what is known now, unless it goes out at once.
        store = self._store
        now = store.now()
        if now is None or now // _MINUTE_S == self._minute:
            return
        self._minute = now // _MINUTE_S
        ages = store.table_ages()
        if ages and min(ages.values()) < _FRESH_MS and not self._mqtt.connected:
            self.ring.put(now, *reading(store))


def build(app, chip, weak):
    """The windows of ``app`` (`firmware.app.App`), which gets its `Wifi`.

    ``chip`` is `firmware.hal.esp32`.
    """
    config = app.config
    alive = app.alive("wifi")
    app.wifi = wifi = Wifi(config, Quiet(app.log), chip.network, alive, weak)
    app.mqtt.quiet(Quiet(app.log))
    from . import boards

    button = boards.load(config["board"], config, chip.chip()).BUTTON
    drop("firmware.boards")
    windows = Windows(
        config,
        app.store,
        wifi,
        app.mqtt,
        app.hold,
        app.publish,
        lambda: chip.pressed(button),
        app.lost,
        alive,
    )
    if app.guard.trial:
        windows.asked()  # an update must prove itself with a network
    return windows


class Quiet:
    """A log that says each thing of ``log`` only once in a while: windows repeat themselves."""

    def __init__(self, log):
        self._log = log
        self._told = []

    def __call__(self, level, text):
        if text not in self._told:
            self._told = self._told[1 - _TOLD :] + [text]
            self._log(level, text)
