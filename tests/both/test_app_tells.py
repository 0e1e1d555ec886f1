"""What `firmware.app` tells beside the readings: the day's energy, faults in words."""

import json
import sys

sys.path.append("tests")

from fakes import Chip, machine
from firmware import app as module
from firmware import config, news
from test_recovery import Guard

KEY = "a7941d85bce8a8fa2ab7"
MIDNIGHT = 1767826800  # 2026-01-08 00:00 in Copenhagen
SAG = "ENABLE sags"


class Line:
    state = "on"
    diagnosis = None
    piece = None


class Broker:
    connected = True
    connects = 1

    def __init__(self):
        self.sent = []

    def counters(self):
        return {}

    def publish(self, topic, payload, retain=False):
        self.sent.append((topic, json.loads(payload or '""'), retain))
        return True

    def take(self):
        sent = self.sent
        self.sent = []
        return sent


async def _no_line():
    raise OSError("no line here")


def _app(cause="power on", **given):
    guard = Guard()
    guard.cause = cause
    guard.version = "test"
    guard.trial = None
    given = dict({"key": KEY, "mqtt_host": "broker", "mbus_every_min": 0}, **given)
    given = config.validate(given)
    app = module.App(given, None, _no_line, guard)
    app.line = Line()
    app.mqtt = Broker()
    return app


def _network(app):
    from firmware.begin import network

    network(app)


class Now:
    """The clock of the store and of the application."""

    def __init__(self, app, utc):
        self.utc = utc
        app.store.now = lambda: self.utc


def _read(app, wh):
    app.store.configure(
        [
            ("energy_forward", "Wh", 23, 0, 1 << 30, True, 1),
            ("energy_reverse", "Wh", 23, 0, 1 << 30, True, 1),
        ]
    )
    app.store.put(0, wh)
    app.store.put(1, 0)
    app.store.commit(23)


def test_health_is_told_when_it_changes_or_the_connection_is_new():
    app = _app(ntp_servers="")
    Now(app, MIDNIGHT)
    news.look(app, 6)
    first = app.mqtt.take()
    assert first[0] == ("mep/health", {"started": "power on", "notes": []}, True)
    assert first[1] == ("mep/alerts", "", True)
    assert first[2][0] == "mep/today" and first[2][2] is True and len(first) == 3
    assert first[2][1]["today"]["since"] is None and first[2][1]["yesterday"] is None
    news.look(app, 70)
    assert [t for t, _, _ in app.mqtt.take()] == ["mep/today"]
    app.line.diagnosis = SAG
    news.look(app, 72)
    assert app.mqtt.take()[0] == ("mep/health", {"started": "power on", "notes": [SAG]}, True)
    assert app.status()["notes"] == [SAG] and app.status()["line"] == SAG
    app.mqtt.connects = 2
    news.look(app, 80)
    assert [t for t, _, _ in app.mqtt.take()] == ["mep/health", "mep/alerts", "mep/today"]
    app.mqtt.connected = False
    app.mqtt.connects = 3
    news.look(app, 90)
    assert app.mqtt.take() == []


def test_alerts_are_told_when_they_change_and_taken_back_when_they_are_gone():
    from firmware import news  # another test's end may have dropped it

    app = _app(ntp_servers="")
    Now(app, MIDNIGHT)

    def told(now, seen):
        if now is not None:
            app.store.alerts = {"now": now, "seen": seen, "time": "2026-01-08T00:00:00Z"}
        news.look(app, 6)
        return [m for m in app.mqtt.take() if m[0] == "mep/alerts"]

    assert told(None, None) == [("mep/alerts", "", True)]  # what an earlier life left there
    ((_, document, retained),) = told(["mbus_change"], {"mbus_change": 1})
    assert document["now"] == ["mbus_change"] and document["seen"] == {"mbus_change": 1}
    assert retained
    assert told(["mbus_change"], {"mbus_change": 1}) == []
    assert told(["mbus_change", "bit_5"], {"mbus_change": 1, "bit_5": 1})[0][1]["seen"]["bit_5"]
    app.mqtt.connects += 1
    assert told(["bit_5"], {"mbus_change": 1, "bit_5": 1})[0][1]["now"] == ["bit_5"]
    assert told([], {"mbus_change": 1, "bit_5": 1}) == [("mep/alerts", "", True)]
    assert told([], {"mbus_change": 1, "bit_5": 1}) == []


def test_an_alert_is_news():
    from firmware import news

    app = _app(ntp_servers="")
    Now(app, MIDNIGHT)
    app._look()
    app.mqtt.take()
    app._beats = 1  # no minute has passed
    app.store.alerts = {"now": ["delta_data"], "seen": {"delta_data": 1}, "time": None}
    app._look()
    assert "mep/alerts" in [m[0] for m in app.mqtt.take()]
    app._look()
    assert app.mqtt.take() == []
    assert news.__name__ == "firmware.news"


def test_a_brown_out_lowers_the_power_and_is_told_everywhere():
    with Chip():
        app = _app("brown-out", tx_power_dbm=12)
        _network(app)
        (note,) = app.notes()
        assert "brown-out" in note and "8 dBm instead of 12" in note
        assert app.status()["notes"] == [note]
        assert [line for line in app.log.lines() if line == "warn: " + note[:194]]
        news.look(app, 6)
        assert app.mqtt.take()[0][1] == {"started": "brown-out", "notes": [note]}
        assert app.wifi.up().config("txpower") == 8
        app = _app("power on", tx_power_dbm=12)
        _network(app)
        assert app.notes() == [] and app.wifi.up().config("txpower") == 12


def test_news_are_looked_at_once_a_quarter_once_a_minute_and_when_something_happens():
    from firmware import news  # another test's end may have dropped it

    calls = []
    app = _app(ntp_servers="")
    now = Now(app, MIDNIGHT + 20)
    kept = news.look, module.drop
    news.look = lambda *what: calls.append(what)
    module.drop = lambda *names: None  # so that what counts stays
    app._beats = 64

    def looked():
        app._look()
        app._look()
        found = len(calls)
        del calls[:]
        return found

    try:
        assert looked() == 1
        _read(app, 1000)
        assert looked() == 1
        now.utc += 880
        assert looked() == 1
        app.line.diagnosis = SAG
        assert looked() == 1
        app.mqtt.connected = False
        assert looked() == 1
        assert looked() == 0
        app._beats = 640
        assert looked() == 2
    finally:
        news.look, module.drop = kept


def test_mbus_devices_are_told():
    app = _app(ntp_servers="", mbus_every_min=60)
    app.mbus[0] = 1000  # no look at them is due
    device = {"n": 2, "id": "12345678", "values": [], "time": MIDNIGHT}
    for devices in (None, [], [device]):
        app.store.mbus = devices
        news.look(app, 70)
        told = [(t, d) for t, d, _ in app.mqtt.take() if "/mbus/" in t]
        assert len(told) == (4 if devices else 0)
    assert told[1][0] == "mep/mbus/2" and told[1][1]["time"] == "2026-01-07T23:00:00Z"
    app.config["mbus_every_min"] = 0
    app.mqtt.connects += 1
    news.look(app, 140)
    assert not [t for t, _, _ in app.mqtt.take() if "/mbus/" in t]


def test_the_day_is_told():
    app = _app(ntp_servers="")
    Now(app, MIDNIGHT + 20)
    _read(app, 1000)
    news.look(app, 6)
    (today,) = [d["today"] for t, d, _ in app.mqtt.take() if t == "mep/today"]
    assert today["energy_forward"] == 0 and today["since"] == "2026-01-08T00:00:00+01:00"


def test_no_day_begins_by_a_meters_clock_that_ntp_may_set_right():
    app = _app()
    Now(app, MIDNIGHT + 20)
    kept = news.clock
    _read(app, 1000)

    class Unset:
        @staticmethod
        def unix():
            return None

    news.clock = Unset
    try:
        news.look(app, 500)
        assert app.store.days is None
        news.look(app, 600)
        assert app.store.days is not None
    finally:
        news.clock = kept


def test_a_fault_of_the_day_leaves_the_readings_alone():
    app = _app(ntp_servers="")
    Now(app, MIDNIGHT)
    _read(app, 1)
    app.store.meter = None
    app._look()
    assert "error: news: " in app.log.lines()[-1]


def test_the_low_profile_is_wired():
    from firmware.mqtt.sleeper import Sleeper

    with Chip():
        app = _app(power_profile="low", cpu_mhz=240, board="nesreader")
        app.mqtt = Sleeper(app.config, app.log)
        _network(app)
        low = app.low
        assert machine.freq() == 80000000
        assert not low._pressed()
        machine.Pin(26, machine.Pin.IN, machine.Pin.PULL_UP).outside = 0
        assert low._pressed()
        assert app.status()["low"] == {"kept": 0, "lost": 0, "stays_s": 0}
        assert app.time and app.wifi.name == "mep-123456"


def test_a_clock_that_the_chip_does_not_have_is_told():
    with Chip(chip="esp32c3"):
        app = _app(cpu_mhz=240)
        _network(app)
        assert machine.freq() == 160000000
        assert [line for line in app.log.lines() if "cpu_mhz 240" in line and "160" in line]
