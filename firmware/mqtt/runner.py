"""Publishes in any number of formats (`firmware.mqtt.formats`), each at its own times.

Loaded instead of `firmware.mqtt.publisher` when ``mqtt_formats`` is not just native.
"""

import asyncio
import json
import sys
from binascii import crc32

from shim import const
from ..hal.clock import sleep_ms, ticks_add, ticks_diff, ticks_ms
from ..hal.net import unique
from ..hal.ports import CHIP
from . import formats
from .formats import CHANGES, MODULE

_CHECK_S = const(1)
_SLOW_MS = const(20)
_HELLO_MS = const(3600000)
_EXPIRE_S = const(60)
_FIRST = const(20)  # replies within which each table has had its turn
FILE = "formats"  # what is retained at the broker, and where


class About:
    """What the formats tell of the module of ``app`` (`firmware.app.App`) under ``config``."""

    def __init__(self, app, config):
        from ..version import VERSION

        mac = unique()
        digits = "".join(["%02x" % b for b in mac])
        self._app = app
        self._http = config["http_host"], config["http_port"]
        self.base = config["mqtt_base"]
        self.prefix = config["ha_prefix"]
        self.discovery = config["ha_discovery"]
        self.language = config["language"]
        self.board = config["board"]
        self.idx = [int(n) for n in config["domoticz_idx"].split(",") if n]
        self.mac = ":".join(["%02X" % b for b in mac])
        # For ever the same: of the chip; a host's is made by its owner.
        own = "" if CHIP else config["mqtt_client_id"] or config["hostname"] or "host"
        self.id = _plain("mep_" + (own or digits))
        self.name = config["hostname"] or (own or "mep-" + digits[-6:])
        self.slug = _plain(self.base)
        self.version = VERSION
        low = config["power_profile"] == "low"
        self.expire_s = 2 * config["radio_every_s"] + _EXPIRE_S if low else _EXPIRE_S
        self.will = None  # (topic, text when gone, text before) if not of `status`

    def place(self):
        """Where retained messages go (list), for `move`."""
        return [self.base, self.prefix, self.discovery, self.name]

    def move(self, place):
        """Publish elsewhere."""
        if place:
            self.base, self.prefix, self.discovery, self.name = place

    def facts(self):
        """The module's present figures (dict); None is unknown."""
        app = self._app
        status = app.status()
        line = app.store.line()
        ages = app.store.table_ages().values()
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


def _plain(text):
    # Letters, digits and underscores only, for ids.
    text = "".join([c if c.isalpha() or c.isdigit() else "_" for c in text.lower()])
    return "".join([c if ord(c) < 128 else "_" for c in text])


class _Series:
    # One function of a format: when it is due, what it sent.

    def __init__(self, entry):
        self.period = entry[0] * 1000
        self.function = entry[1]
        self.of = of = entry[2]
        self.due = ticks_ms()
        self.seen = 0
        self.sums = [] if of == CHANGES else None


class Runner:
    """Takes the place of `firmware.mqtt.publisher` for ``app``, whose client is ``client``."""

    def __init__(self, app, client, config):
        self._about = about = About(app, config)
        self._storage = getattr(app.guard, "storage", None)
        wanted = names_of(config)
        self._native = "native" in wanted
        if self._native:
            from . import publisher

            self._publisher = publisher
        self._formats = [load(name) for name in wanted if name != "native"]
        self._series = [_Series(e) for f in self._formats for e in f.EVERY]
        self._mark = [sorted([n for n in wanted if n != "native"]), about.place()]
        self._again = 0  # when to say `hello` again
        self._left = None
        if self._storage:
            names, place = kept(self._storage)
            if [names, place] != self._mark:
                same = place == self._mark[1]
                self._left = [n for n in names if not (same and n in wanted)], place
        for module in self._formats:
            if about.will is None and hasattr(module, "will"):
                about.will = module.will(about)
                # A connection has one will; who came from another firmware expects theirs.
                client._mqtt.set_last_will(about.will[0].encode(), about.will[1].encode(), True)

    async def run(self, store, client, config, alive=None):
        """Publish for ever; ``alive()`` is called at each turn."""
        native = None
        if self._native:
            native = asyncio.create_task(self._publisher.run(store, client, config, alive))
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
                if client.connected:
                    if self._left:
                        await self._leave(client, alive)
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

    def _hour(self):
        return ticks_diff(ticks_ms(), self._again) >= 0

    async def _hello(self, store, client, alive):
        self._again = ticks_add(ticks_ms(), _HELLO_MS)
        for series in self._series:
            if series.sums:
                series.sums = []
        for module in self._formats:
            if hasattr(module, "hello"):
                await self._send(module.hello(store, self._about), client, alive)

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
            await self._send(series.function(store, self._about), client, alive, series.sums)

    async def _send(self, messages, client, alive, sums=None):
        # One message at a time: the next is made when the network has the last. With ``sums``
        # only what differs from what was sent before. True if all was sent.
        connection = client.connects
        n = -1
        for topic, payload, retain in messages:
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
        return True

    async def _leave(self, client, alive):
        # Take back what formats left at the broker that are switched off, or now elsewhere.
        about = self._about
        now = about.place()
        try:
            about.move(self._left[1])
            for name in self._left[0]:
                module = load(name)
                if hasattr(module, "leave"):
                    if not await self._send(module.leave(about), client, alive):
                        return
        finally:
            about.move(now)
        self._left = None
        try:
            self._storage.save(FILE, json.dumps(self._mark).encode())
        except self._storage.StorageError:
            pass  # it is done again at the next start


def names_of(config):
    """The formats that ``config`` names (list)."""
    return [name.strip() for name in config["mqtt_formats"].split(",")]


def load(name):
    """The module of the format ``name``."""
    path = formats.__name__ + "." + name
    __import__(path)
    return sys.modules[path]


def kept(storage):
    """(formats, place) that were last published retained, as `Runner` kept them; empty: none."""
    data = storage and storage.load(FILE)
    return json.loads(data.decode()) if data else ([], [])
