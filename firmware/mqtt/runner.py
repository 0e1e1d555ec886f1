"""Publishes in any number of formats (`firmware.mqtt.formats`), each at its own times.

Loaded instead of `firmware.mqtt.publisher` when ``mqtt_formats`` is not just native.
"""

import asyncio
import os
from binascii import crc32

from shim import const
from ..hal.clock import sleep_ms, ticks_add, ticks_diff, ticks_ms
from ..hal.memory import drop
from .formats import CHANGES, MODULE

_CHECK_S = const(1)
_SLOW_MS = const(20)
_HELLO_MS = const(3600000)
_WELCOME_MS = const(100)  # times 0..127: until many modules have said hello to who was restarted
_ALONE_MS = const(30000)  # until the module is told of without a meter
_SETTLE_MS = const(2000)  # from `hello` to the values of who looks at them only then
_FIRST = const(20)  # replies within which each table has had its turn


class About:
    """What the formats tell of the module of ``app`` (`firmware.app.App`).

    `firmware.mqtt.opening` gives it the rest: ``base``, ``id``, ``name`` and the like.
    """

    def __init__(self, app, http):
        self._app = app
        self._http = http

    def facts(self):
        """The module's present figures (dict); None is unknown."""
        app = self._app
        status = app.status()
        line = app.store.line()
        ages = list(app.store.table_ages().values())  # a view is never false on MicroPython
        wifi = status.get("wifi") or {}
        return {
            "up": status["uptime_s"],
            "mem": status.get("heap_free"),
            "rssi": wifi.get("rssi"),
            "cause": status.get("started"),
            "errors": line.get("failed"),
            "age": min(ages) // 1000 if ages else None,
        }

    def url(self):
        """Address of the module's page, None if it does not know it."""
        host, port = self._http
        wifi = self._app.status().get("wifi")
        if wifi:
            host = wifi["ip"]
        if host in ("0.0.0.0", "::"):
            return None
        return "http://%s%s/" % (host, "" if port == 80 else ":%d" % port)


class _Series:
    # One function of a format: when it is due, what it sent.

    def __init__(self, entry, settles):
        self.period = entry[0] * 1000
        self.function = entry[1]
        self.of = of = entry[2]
        self.due = ticks_ms()
        self.seen = 0
        self.sums = [] if of == CHANGES else None
        self.settles = settles


class Runner:
    """Takes the place of `firmware.mqtt.publisher`; made by `firmware.mqtt.opening.runner`.

    ``native``: that publisher, or None; ``left``: what `firmware.mqtt.opening.leave` is to do.
    """

    def __init__(self, client, about, native, modules, left):
        self.about = about
        self.left = left
        self._client = client
        self._native = native
        self._formats = modules
        self._series = [
            _Series(e, hasattr(module, "birth")) for module in modules for e in module.EVERY
        ]
        # When to say `hello` again. While the meter is being found there is no memory for it.
        self._again = ticks_add(ticks_ms(), _ALONE_MS)

    async def run(self, store, client, config, alive=None):
        """Publish for ever; ``alive()`` is called at each turn."""
        native = None
        if self._native:
            native = asyncio.create_task(self._native.run(store, client, config, alive))
        try:
            told = None
            seen = store.snapshot
            while True:
                if native is None:
                    client.available(store.online)
                elif native.done():
                    await native  # raises what it died of
                if alive:
                    alive()
                if client.connected and (told or store.kinds or self._hour()):
                    if self.left:
                        from . import opening

                        await opening.leave(self, client, alive)
                        del opening
                        drop("firmware.mqtt.opening")
                    new = client.connects, store.kinds
                    if told is None or told[0] != new[0] or told[1] is not new[1] or self._hour():
                        told = new
                        await self._hello(store, client, alive)
                    await self._turn(store, client, alive)
                try:
                    await asyncio.wait_for(store.wait(seen), _CHECK_S)
                except asyncio.TimeoutError:
                    pass
                seen = store.snapshot
        finally:
            if native:
                native.cancel()

    def welcome(self, topic, payload):
        """Somebody whom formats are for is there (again), and says so by ``payload``."""
        # MQTT 3.1.1, 3.3.1: the lowest bit says that it was said before we were connected.
        if payload == b"online" and not self._client._pipe.first(0) & 1:
            # Not all modules at the same moment.
            self._again = ticks_add(ticks_ms(), _WELCOME_MS * (os.urandom(1)[0] >> 1))

    def _hour(self):
        return ticks_diff(ticks_ms(), self._again) >= 0

    async def _hello(self, store, client, alive):
        self._again = ticks_add(ticks_ms(), _HELLO_MS)
        for series in self._series:
            if series.sums:
                series.sums = []
        for module in self._formats:
            if hasattr(module, "hello"):
                await self.send(module.hello(store, self.about), client, alive)
        for series in self._series:
            if series.settles:
                series.due = ticks_add(ticks_ms(), _SETTLE_MS)

    async def _turn(self, store, client, alive):
        # The meter's first replies come table by table; the formats want them all.
        whole = store.snapshot > _FIRST or len(store.table_ages()) > 1
        ready = whole and store.online
        for series in self._series:
            now = ticks_ms()
            late = ticks_diff(now, series.due)
            if late < 0:
                continue
            if series.of != MODULE and (series.seen == store.snapshot or not ready):
                continue
            series.seen = store.snapshot
            # In step with its times, unless it missed some of them.
            series.due = ticks_add(series.due if late < series.period else now, series.period)
            await self.send(series.function(store, self.about), client, alive, series.sums)

    async def send(self, messages, client, alive, sums=None):
        """Send the iterable ``messages``, each made when the network has the one before it.

        With ``sums`` (list, kept by the caller) only what is not as before. True if all was sent.
        """
        connection = client.connects
        messages = iter(messages)
        n = -1
        while True:
            try:
                topic, payload, retain = next(messages)
            except StopIteration:
                return True
            except MemoryError:  # the others and the readings go on
                client.dropped += 1
                return False
            n += 1
            if sums is not None:
                new = crc32((topic + payload).encode())
                if n < len(sums) and sums[n] == new:
                    continue
            while client.connected and not client.idle:
                if alive:
                    alive()
                await sleep_ms(_SLOW_MS)
            if not client.connected or client.connects != connection:
                client.dropped += 1
                return False
            sent = client.publish(topic, payload, retain)
            if sums is not None and sent:
                sums[n : n + 1] = [new]
