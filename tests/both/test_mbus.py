"""`firmware.mbus` and `firmware.asked.mbus`: when M-Bus devices are read, what is published."""

import asyncio
import json

from firmware import mbus
from firmware.asked import desk
from firmware.asked import mbus as asked
from firmware.meter import jobs
from firmware.readings import Readings
from machinekit import laid, le, run
from test_osgp_devices import ET11, status
from test_osgp_mbus import HEADER, variable
from test_readings import SOURCES, _reply
from virtual import Time, Use

NOON = 1711627200  # 2024-03-28 12:00 UTC, 13:00 in Copenhagen
WHEN = bytes([24, 3, 28, 13, 0, 0])
HOUR = 3600


def water(litres, header=HEADER, when=WHEN, info=0):
    """A reading of a water meter."""
    return variable([header + b"\x04\x13" + le(litres, 4)], info, when)


def meter(*reads):
    """The tables of a meter with these readings in ET16."""
    entries = [status(7 + i, 1, len(r)) for i, r in enumerate(reads)]
    places = {517 * i: r for i, r in enumerate(reads)}
    et14 = bytes(6) + b"".join(entries + [bytes(36)] * (6 - len(reads)))
    return {2059: ET11, 2062: et14, 2064: laid(6 * 517, places)}


class _Time(Time):
    async def sleep_ms(self, n):
        self.now += n
        await asyncio.sleep(0)


class Broker:
    connected = True
    connects = 1

    def __init__(self):
        self.sent = []
        self.full = False

    def publish(self, topic, payload, retain=False):
        if not self.full:
            self.sent.append((topic, payload and json.loads(payload), retain))
        return not self.full

    def take(self):
        sent, self.sent = self.sent, []
        return sent


class Poller:
    jobs = None


class App:
    """As `firmware.app.App`, at a meter with ``tables``, which answers when it is asked."""

    def __init__(self, tables, every=60):
        self.tables = tables
        self.config = {"mbus_every_min": every, "mqtt_base": "mep", "baud": 9600}
        self.config["timezone"] = "CET-1CEST,M3.5.0,M10.5.0/3"
        self.mbus = [0, None, (), None]
        self.mqtt = Broker()
        self.lines = []
        self.poller = Poller()
        self.asks = 0
        self.refuses = None
        self.error = None
        self.meanwhile = None
        self.clock = _Time(0)
        self.store = Readings(self.clock, 30)
        self.store.configure(SOURCES)
        self.store.now = lambda: NOON
        _reply(self.store, 28, power_forward=701)

    def log(self, level, text):
        self.lines.append((level, text))

    async def asked(self, question):
        """`firmware.asked.turn.ask` without its dropping of modules."""
        self.asks += 1
        if self.refuses:
            return 503, self.refuses
        return await desk.answer(self, question)

    def look(self, uptime_s):
        """`mbus.look` and, to its end, the task that it may have begun; the number of asks."""
        before = self.asks
        with Use(self.clock, mbus, asked, jobs):
            asyncio.run(self._look(uptime_s))
        return self.asks - before

    async def _look(self, uptime_s):
        self.clock.now = uptime_s * 1000
        self.store.replied()
        mbus.look(self, uptime_s)
        while self.mbus[3]:
            if self.poller.jobs:
                job = self.poller.jobs.tidy()
                if job and self.meanwhile:
                    self.meanwhile()
                if job and not self.error:
                    run(job.machine, self.tables)
                if job:
                    job.end(self.error)
            await asyncio.sleep(0)


def test_the_store():
    app = App(meter(water(45120), water(9, HEADER[:7] + b"\x03\x56\x16\0\0")))
    assert app.store.mbus is None
    assert app.look(7) == 1
    assert app.store.mbus == [
        {
            "n": 1,
            "id": "12345678",
            "maker": "PAD",
            "medium": "water",
            "note": "",
            "values": [{"name": "volume", "value": 45120, "scale": 1000, "unit": "m3"}],
            "time": NOON,
        },
        {
            "n": 2,
            "id": "12345678",
            "maker": "PAD",
            "medium": "gas",
            "note": "",
            "values": [{"name": "volume", "value": 9, "scale": 1000, "unit": "m3"}],
            "time": NOON,
        },
    ]
    # Once an hour.
    assert [app.look(7 + s) for s in (64, 1800, HOUR - 1, HOUR)] == [0, 0, 0, 1]


def test_a_meter_without_devices_is_looked_at_once_a_day():
    for tables in ({}, {2059: ET11}, {2059: ET11, 2062: bytes(6 + 6 * 36)}):
        app = App(tables)
        assert app.look(7) == 1 and app.store.mbus == []
        assert [app.look(s) for s in (HOUR, 7 + 86399, 7 + 86400)] == [0, 0, 1]


def test_another_meter():
    app = App({})
    app.look(7)
    app.store.configure(SOURCES)
    assert app.store.mbus is None
    app.tables = meter(water(5))
    app.store.replied()
    assert app.look(64) == 0 and app.look(64 + 599) == 0 and app.look(64 + 600) == 1
    assert app.store.mbus[0]["values"][0]["value"] == 5
    # It changes while its devices are read: those are nobody's.
    app = App(meter(water(5)))

    def change():
        app.store.meter = dict(app.store.meter)

    app.meanwhile = change
    app.look(7)
    assert app.store.mbus is None


def test_what_cannot_be_read_has_no_values():
    encrypted = HEADER[:10] + b"\x10\5"
    app = App(meter(water(5, encrypted), water(5, info=0x28), b""))
    app.look(7)
    found = [(d["n"], d["note"], d["values"]) for d in app.store.mbus]
    assert found == [(1, "encrypted", []), (2, "insecure", [])]
    app = App(meter(water(5, when=bytes(6)), water(6, when=bytes([24, 3, 30]) + WHEN[3:])))
    app.look(7)
    assert [d["time"] for d in app.store.mbus] == [None, None]  # none, and in two days
    assert [d["values"][0]["value"] for d in app.store.mbus] == [5, 6]


def test_counters_do_not_fall():
    app = App(meter(water(1000)))
    app.look(0)
    before = 1000
    for n, litres in enumerate((1001, 1000, 1002, 7)):
        app.tables = meter(water(litres, when=bytes([24, 3, 28, 13, n, 0])))
        app.look(HOUR * (n + 1))
        shown = app.store.mbus[0]
        if n in (0, 2):
            assert shown["values"][0]["value"] == litres and shown["time"] == NOON + 60 * n
        else:
            assert shown["values"][0]["value"] == before
            assert "a counter fell" in app.lines[-1][1]
        before = shown["values"][0]["value"]
    # For so long that they are too old: none. Higher ones are taken again.
    app.look(HOUR * 5)
    app.look(HOUR * 6)
    app.look(HOUR * 7)
    assert app.store.mbus[0]["values"] is None
    app.tables = meter(water(1003))
    app.look(HOUR * 8)
    assert app.store.mbus[0]["values"][0]["value"] == 1003
    # Another device may count from anywhere.
    app.tables = meter(water(3, b"\x79" + HEADER[1:]))
    app.look(HOUR * 9)
    assert app.store.mbus[0]["id"] == "12345679"
    assert app.store.mbus[0]["values"][0]["value"] == 3


def test_old_values_are_none():
    app = App(meter(water(1000)))
    app.look(0)
    app.error = "the meter does not answer"
    for s in range(HOUR, 3 * HOUR + 600, 300):
        app.look(s)
        assert app.store.mbus[0]["values"], s
    app.look(3 * HOUR + 601)
    assert app.store.mbus[0]["values"] is None and app.store.mbus[0]["id"] == "12345678"
    assert app.lines[0] == ("info", "M-Bus devices: the meter does not answer")
    app.error = None
    app.look(4 * HOUR)
    assert app.store.mbus[0]["values"][0]["value"] == 1000


def test_without_memory_it_is_put_off():
    app = App(meter(water(5)))
    kept = desk.room
    desk.room = lambda: 17000
    try:
        assert [app.look(s) for s in (7, 71, 135)] == [1, 1, 1]
    finally:
        desk.room = kept
    assert app.store.mbus is None and app.lines == []
    app.refuses = "another question is under way; ask again in a moment"
    assert [app.look(s) for s in (200, 264)] == [1, 1]
    app.refuses = "the meter is silent"
    assert [app.look(s) for s in (330, 394, 929, 930)] == [1, 0, 0, 1]
    app.refuses = None
    assert app.look(1530) == 1 and app.store.mbus


def test_what_mqtt_is_told():
    app = App(meter(water(5), water(6)))
    app.look(7)
    first, second, third, fourth = app.mqtt.take()
    assert first[0] == "mep/mbus/1" and first[2] is True
    assert first[1]["time"] == "2024-03-28T12:00:00Z" and first[1]["values"][0]["value"] == 5
    assert second[1]["id"] == "12345678" and third == ("mep/mbus/3", "", True)
    app.look(71)
    assert app.mqtt.take() == []
    app.tables = meter(water(7), water(6))
    app.look(7 + HOUR)
    assert [t for t, _, _ in app.mqtt.take()] == ["mep/mbus/1"]
    app.mqtt.full = True
    app.tables = meter(water(8))
    app.look(7 + 2 * HOUR)
    assert app.mqtt.take() == []
    app.mqtt.full = False
    app.look(71 + 2 * HOUR)
    assert [(t, bool(p)) for t, p, _ in app.mqtt.take()] == [
        ("mep/mbus/1", True),
        ("mep/mbus/2", False),
    ]
    app.mqtt.connects = 2
    app.look(200 + 2 * HOUR)
    assert len(app.mqtt.take()) == 4
    app.store.configure(SOURCES)  # another meter
    app.look(300 + 2 * HOUR)
    assert app.mqtt.take() == [("mep/mbus/1", "", True)]


def test_nothing_known_takes_nothing_back():
    app = App({})
    app.refuses = "the meter is silent"
    app.look(7)
    assert app.mqtt.take() == []
    app.mqtt = None
    app.refuses = None
    assert app.look(607) == 1 and app.store.mbus == []


class _Get:
    method = "GET"
    path = "/api/v1/mbus"
    args = {}


def _got(app):
    async def main():
        app.store.replied()
        code, what = await desk.answer(app, _Get)
        if code != 200:
            return code, what
        data = b""
        async for piece in what:
            data += piece
        return code, json.loads(data)

    return asyncio.run(main())


def test_over_http():
    app = App(meter(water(5), water(6, when=bytes(6))))
    code, why = _got(app)
    assert code == 503 and "not read yet" in why
    app.look(7)
    app.store.now = lambda: NOON + 90
    code, devices = _got(app)
    assert code == 200 and [d["age_s"] for d in devices] == [90, None]
    assert devices[0]["time"] == "2024-03-28T12:00:00Z"
    assert devices[0]["values"] == [{"name": "volume", "value": 5, "scale": 1000, "unit": "m3"}]
    app.store.mbus = []
    assert _got(app) == (200, [])
    app.config["mbus_every_min"] = 0
    code, why = _got(app)
    assert code == 404 and "mbus_every_min" in why
