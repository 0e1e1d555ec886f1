"""The profile battery: deep sleep; at each wake one reading, at every few of them Wi-Fi and MQTT.

What was read waits in the RTC memory (`firmware.kept`). Nothing of the web is loaded. A reading
that fails is tried at the next wake; a delivery that fails, at the next one that is due.
"""

import asyncio
import json

from mep.errors import TableError
from mep.events import Response
from mep.keys import parse_key
from mep.session import Session
from osgp.codec import read_i32s
from shim import const
from . import boards, records
from .hal import clock, ports
from .hal.memory import drop
from .kept import Kept
from .log import Log
from .meter.line import Line
from .meter.link import Link
from .readings import Readings

_DOG_MS = const(120000)  # longer than anything below takes
_JOIN_STEPS = const(40)
_BROKER_STEPS = const(20)
_STEP_MS = const(500)
_LEAST_MS = const(1000)
_BT23 = const(23)
_BT28 = const(28)
_BT52 = const(52)
_ABSENT = const(255)
_NAMES = ("power_forward", "power_reverse", "energy_forward", "energy_reverse")
_W_MOST = const(1000000)
_WH_MOST = const(0x7FFFFFFF)


class Unread(Exception):
    """There is no reading; the text says why."""


class Numbered(Session):
    """A session that tells its number, so that the next wake goes on behind it."""

    def number(self):
        """The number of the last request."""
        return self._high << 16 | self._low


def _cipher(config, key):
    if not config["rc4"]:
        return None
    from mep.rc4 import Cipher

    return Cipher(key)


class Wake:
    """One wake under ``config``; ``chip`` is `firmware.hal.esp32`, ``guard`` the boot guard."""

    def __init__(self, config, guard, chip, notes=()):
        from . import config as configuration

        self.config = config
        self.kept = Kept(chip.rtc())
        self.store = Readings(clock, config["stale_s"])
        self.read = False
        self._chip = chip
        self._guard = guard
        self._notes = list(notes)
        self.log = Log(configuration.secrets(config))
        guard.redact = self.log.redact

    async def run(self):
        """Read, keep, and send if it is due; True unless a delivery failed."""
        kept = self.kept
        woken = self._guard.cause == "deep sleep" and kept.good
        kept.wakes += 1
        due = not woken or kept.wakes % self.config["sleep_readings"] == 0
        if due:
            kept.layout = None  # look again who is there
        try:
            await self._read()
            kept.ring.put(self.store.now() or 0, *records.reading(self.store))
            self.read = True
        except (Unread, TableError, OSError) as e:
            kept.fails += 1
            self._notes.append(str(e))
            self.log("warn", str(e))
        kept.save()
        return not due or await self._send()

    # -- the meter

    async def _read(self):
        config = self.config
        board = boards.load(config["board"], config, self._chip.chip())
        line = Line(board, config, self.log)
        baud = min(config["baud"], 9600)
        key = parse_key(config["key"])
        session = Numbered(key, self.kept.number, baud, _cipher(config, key))
        link = Link(session, line.open_line, self.log, config["baud"])
        try:
            try:
                await self._learn_and_read(link)
            except Unread:
                if line.baud == 9600:
                    raise
                await line.turn()  # somebody may have set the meter back
                await self._learn_and_read(link)
            if clock.unix() is None:
                event = await link.transact(_BT52, 6, 0)
                if isinstance(event, Response) and event.count == 6:
                    seconds = clock.seconds_of(event.buf, event.start)
                    if seconds is not None:
                        self._chip.set_clock(seconds)
        finally:
            self.kept.number = session.number()
            link.close()
            line.close()
            for pin, on in ((board.ENABLE, 0), (board.SUPPLY, 1)):
                if pin is not None:
                    ports.switch(pin, on).set(False)

    async def _learn_and_read(self, link):
        if not self.kept.layout:
            await self._learn(link)
        try:
            await self._values(link)
        except Unread:
            self.kept.layout = None
            raise

    async def _learn(self, link):
        # Which meter it is, and where the values are in its tables.
        from osgp.dims import Dims
        from osgp.sources import layout

        dims = Dims(live=True)
        while True:
            step = dims.next_read()
            if step is None:
                break
            event = await link.transact(step[0], step[2], step[1])
            if isinstance(event, Response):
                dims.learn(step[0], event.buf, event.start, event.count)
            else:
                self._refused(event, step[0])
                dims.absent(step[0])
        self.store.meter = {
            "manufacturer": dims.manufacturer,
            "model": dims.model,
            "firmware": dims.firmware,
            "serial": dims.serial,
            "generation": dims.generation,
        }
        found = {}
        scale = 1
        count = [0, 0]
        for source in layout(dims.selection()):
            which = source[2] == _BT23
            if source[0] in _NAMES and count[which] < _ABSENT:
                found[source[0]] = count[which]
                scale = source[6] if which else scale
            count[which] += 1
        at = [found.get(name, _ABSENT) for name in _NAMES]
        if not scale:  # the meter does not tell its unit
            at[2] = at[3] = _ABSENT
        at = [dims.bt28_offset] + at[:2] + [dims.bt23_offset] + at[2:]
        self.kept.layout = tuple(at + [scale or 1])
        drop("osgp.dims", "osgp.sources")

    async def _values(self, link):
        off28, forward, reverse, off23, taken, given, scale = self.kept.layout
        self.store.configure(
            [
                (name, "W", _BT28, 0, _W_MOST, False, 1)
                if i < 2
                else (name, "Wh", _BT23, 0, _WH_MOST, True, scale)
                for i, name in enumerate(_NAMES)
            ]
        )
        await self._pair(link, _BT28, off28, forward, reverse, 0)
        await self._pair(link, _BT23, off23, taken, given, 2)

    async def _pair(self, link, table, offset, one, two, first):
        # Two values of ``table`` in one read; into the store's ``first`` and the next.
        there = [i for i in (one, two) if i != _ABSENT]
        if not there:
            return
        low = min(there)
        count = 4 * (max(there) - low + 1)
        event = await link.transact(table, count, offset + 4 * low)
        if not isinstance(event, Response):
            self._refused(event, table)
            raise Unread("the meter refuses BT%02d to this key" % table)
        if event.count != count:
            raise Unread("BT%02d: %d of %d bytes came" % (table, event.count, count))
        store = self.store

        def put(i, value):
            if low + i == one:
                store.put(first, value)
            elif low + i == two:
                store.put(first + 1, value)

        read_i32s(event.buf, event.start, event.count, put)
        store.commit(table)

    def _refused(self, event, table):
        # A refusal may be lived with; no answer may not.
        reason = getattr(event, "reason", None)
        if reason is not None:
            raise Unread("no good reply from the meter to BT%02d: %s" % (table, reason))

    # -- the network

    async def _send(self):
        from .radio import name_of, up, why

        config = self.config
        network = self._chip.network
        weak = self._guard.cause == "brown-out"
        try:
            sta = up(network, config, name_of(config, network), weak)
            sta.connect(config["wifi_ssid"], config["wifi_password"])
            if not await _until(sta.isconnected, _JOIN_STEPS):
                raise OSError(why(sta))
            if config["ntp_servers"]:
                await self._time()
            return await self._deliver()
        except (OSError, RuntimeError) as e:
            self.log("warn", "not sent: %s" % e)
            return False
        finally:
            sta = network.WLAN(network.STA_IF)
            if sta.active():
                sta.disconnect()
                sta.active(False)

    async def _time(self):
        from . import ntp

        try:
            await ntp.sync(self.config["ntp_servers"], self._chip.set_clock, None, self.log)
        except OSError as e:
            self.log("warn", "time: %s" % e)
        drop("firmware.ntp", "firmware.hal.udp")

    async def _deliver(self):
        from .mqtt.sleeper import Sleeper

        kept = self.kept
        base = self.config["mqtt_base"]
        mqtt = Sleeper(self.config, self.log)
        mqtt.available(self.store.online)
        task = asyncio.create_task(mqtt.run())
        try:
            if not await _until(lambda: mqtt.connected, _BROKER_STEPS):
                raise OSError("the MQTT broker: " + mqtt.reason)
            health = {
                "started": self._guard.cause,
                "notes": self._notes,
                "fails": kept.fails,
                "lost": kept.ring.lost,
            }
            mqtt.publish(base + "/health", json.dumps(health), True)
            mqtt.publish(base + "/meter", json.dumps(self.store.meter), True)
            # The newest goes out as the snapshot; if that fails, it is one of the late ones.
            newest = 1 if self.read else 0
            kept.ring.count -= newest
            done = False
            try:
                done = await mqtt.hand_over(kept.ring, self.store)
            finally:
                if not done:
                    kept.ring.count += newest
            if done:
                kept.fails = kept.ring.lost = 0
            await mqtt.bye()
            return done
        finally:
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass


async def _until(done, steps):
    for _ in range(steps):
        if done():
            return True
        await clock.sleep_ms(_STEP_MS)
    return done()


def run(config, guard, notes=()):
    """One wake and then deep sleep; returns only at Ctrl-C."""
    from . import power
    from .hal import esp32

    began = clock.ticks_ms()
    esp32.watchdog(_DOG_MS)
    sent = False
    try:
        wake = Wake(config, guard, esp32, notes)
        power.set_clock(config, esp32, wake.log)
        sent = asyncio.run(wake.run())
        wake.kept.save()
    except KeyboardInterrupt:
        return
    except Exception as e:  # the battery must not pay for it: sleep all the same
        guard.note("%s: %s" % (type(e).__name__, e))
    guard.healthy()
    if guard.trial:
        _prove(sent, esp32)
    awake = clock.ticks_diff(clock.ticks_ms(), began)
    esp32.deep_sleep(max(_LEAST_MS, config["sleep_s"] * 1000 - awake))


def _prove(sent, chip):
    # A new version is well when it has delivered; a start that has not counts against it.
    if not sent:
        chip.restart()
    from .slots import confirm

    confirm()
