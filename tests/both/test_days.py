"""Energy since local midnight: `firmware.days`, and what `firmware.report` makes of it."""

import json

from firmware import days, report, storage
from firmware.readings import Readings
from firmware.timezone import Zone
from test_readings import Clock, _reply

ZONE = "CET-1CEST,M3.5.0,M10.5.0/3"
SOURCES = (
    ("power_forward", "W", 28, 0, 300000, False, 1),
    ("energy_forward", "Wh", 23, 0, 2147483647, True, 10),
    ("energy_reverse", "Wh", 23, 0, 2147483647, True, 10),
)
MIDNIGHT = 1767826800  # 2026-01-08 00:00 in Copenhagen
HOUR = 3600
DAY = 86400


class Flash:
    """In place of `storage`'s files."""

    def __init__(self):
        self.data = None
        self.saves = 0
        self._kept = storage.save, storage.load

    def __enter__(self):
        storage.save = self.save
        storage.load = lambda name: self.data
        return self

    def __exit__(self, *_):
        storage.save, storage.load = self._kept

    def save(self, name, data):
        assert name == "day"
        self.data = data
        self.saves += 1


class Module:
    """One life of a module with the meter ``serial``."""

    def __init__(self, serial="4080", sources=SOURCES):
        self.clock = Clock()
        self.store = Readings(self.clock)
        self.store.configure(sources)
        self.store.meter = {"serial": serial}

    def at(self, utc, forward=None, reverse=0):
        """It is ``utc``; the registers are read (in Wh) if given. What is told of the days."""
        self.clock.seconds = utc
        self.clock.ticks += 200000
        if forward is not None:
            _reply(self.store, 23, energy_forward=forward // 10, energy_reverse=reverse // 10)
        assert days.follow(self.store, ZONE, storage) is None
        return self.told()

    def told(self):
        return json.loads("{%s}" % report.today(self.store))


def _whole(forward, reverse, since):
    return {"energy_forward": forward, "energy_reverse": reverse, "since": since}


def test_nothing_known_is_null():
    told = Module().told()
    assert told == {"today": None, "yesterday": None}
    with Flash() as flash:
        assert Module().at(MIDNIGHT)["today"] == _whole(None, None, None)
        assert flash.saves == 0


def test_days_follow_each_other_with_one_save_each():
    with Flash() as flash:
        module = Module()
        module.at(MIDNIGHT - HOUR, 1000000, 500)
        assert flash.saves == 1
        told = module.at(MIDNIGHT + 5, 1001000, 500)
        assert told["today"] == _whole(0, 0, "2026-01-08T00:00:00+01:00")
        assert told["yesterday"] is None  # it did not begin at midnight
        for hour in range(1, 24):
            told = module.at(MIDNIGHT + hour * HOUR, 1001000 + 100 * hour, 500 + 10 * hour)
            assert told["today"] == _whole(100 * hour, 10 * hour, "2026-01-08T00:00:00+01:00")
        assert flash.saves == 2
        told = module.at(MIDNIGHT + DAY + 6, 1003400, 740)
        assert told["today"] == _whole(0, 0, "2026-01-09T00:00:00+01:00")
        assert told["yesterday"] == {"energy_forward": 2400, "energy_reverse": 240}
        assert flash.saves == 3


def test_the_counts_follow_the_store_between():
    with Flash():
        module = Module()
        module.at(MIDNIGHT, 1000, 0)
        _reply(module.store, 23, energy_forward=150, energy_reverse=2)
        assert module.told()["today"]["energy_forward"] == 500
        assert module.told()["today"]["energy_reverse"] == 20
        module.store.configure(SOURCES)  # another list of values: no index holds
        assert module.told()["today"] is None


def test_a_day_that_began_late_is_partial():
    with Flash():
        told = Module().at(MIDNIGHT + 8 * HOUR, 5000, 0)
        since = "2026-01-08T08:00:00+01:00"
        assert told["today"] == dict(
            _whole(None, None, since), partial={"energy_forward": 0, "energy_reverse": 0}
        )


def test_a_restart_in_the_day_loses_nothing():
    with Flash() as flash:
        Module().at(MIDNIGHT, 7000, 100)
        for n in range(1, 5):
            module = Module()
            assert module.at(MIDNIGHT + n * HOUR)["today"]["energy_forward"] is None
            told = module.at(MIDNIGHT + n * HOUR + 9, 7000 + n * 10, 100)
            assert told["today"] == _whole(n * 10, 0, "2026-01-08T00:00:00+01:00")
        assert flash.saves == 1
        # Off over midnight: neither the old day's end nor the new one's beginning is known.
        told = Module().at(MIDNIGHT + DAY + HOUR, 9000, 100)
        assert told["today"]["energy_forward"] is None and told["yesterday"] is None
        assert told["today"]["since"] == "2026-01-09T01:00:00+01:00"


def test_another_meter_begins_anew():
    with Flash():
        Module().at(MIDNIGHT, 7000, 0)
        told = Module("4081").at(MIDNIGHT + HOUR, 9000, 0)
        assert told["today"]["partial"] == {"energy_forward": 0, "energy_reverse": 0}
        assert told["today"]["energy_forward"] is None


def test_a_register_set_back_begins_anew_and_is_never_negative():
    with Flash():
        module = Module()
        module.at(MIDNIGHT, 7000, 0)
        for _ in range(6):  # the store believes it then
            _reply(module.store, 23, energy_forward=690, energy_reverse=0)
        told = module.told()
        assert told["today"]["energy_forward"] is None
        told = module.at(MIDNIGHT + HOUR, 6910, 0)
        assert told["today"]["partial"]["energy_forward"] == 0
        assert told["today"]["since"] == "2026-01-08T01:00:00+01:00"
        # Set back, but not below where the day began.
        assert module.at(MIDNIGHT + DAY, 7000, 0)["today"]["energy_forward"] == 0
        module.at(MIDNIGHT + DAY + HOUR, 8000, 0)
        for _ in range(6):
            _reply(module.store, 23, energy_forward=750, energy_reverse=0)
        assert module.at(MIDNIGHT + DAY + 2 * HOUR, 7500)["today"]["energy_forward"] is None


def test_a_register_set_back_while_off():
    with Flash():
        Module().at(MIDNIGHT, 7000, 0)
        assert Module().at(MIDNIGHT + HOUR, 10, 0)["today"]["energy_forward"] is None


def test_a_clock_set_back():
    with Flash() as flash:
        module = Module()
        module.at(MIDNIGHT - DAY, 1000, 0)
        module.at(MIDNIGHT, 2000, 0)
        told = module.at(MIDNIGHT - 2, 2000, 0)
        assert told["today"] == _whole(0, 0, "2026-01-08T00:00:00+01:00")
        assert told["yesterday"]["energy_forward"] == 1000 and flash.saves == 2
        assert module.at(MIDNIGHT - 2 * HOUR, 2010, 0)["today"]["energy_forward"] is None


def test_a_silent_meter_ends_the_day_all_the_same():
    with Flash():
        module = Module()
        module.at(MIDNIGHT, 1000, 0)
        assert module.at(MIDNIGHT + 23 * HOUR)["today"]["energy_forward"] == 0
        assert module.at(MIDNIGHT + DAY)["today"] == _whole(None, None, None)


def test_days_of_23_and_25_hours():
    zone = Zone(ZONE)
    for first, hours in ((1774738800, 23), (1792879200, 25), (1792965600 + HOUR, 24)):
        assert days.midnight(zone, first) == first
        for at in (1, 2, 3, 12, hours - 1):
            assert days.midnight(zone, first + at * HOUR) == first
        assert days.midnight(zone, first + hours * HOUR - 1) == first
        assert days.midnight(zone, first + hours * HOUR) == first + hours * HOUR
    with Flash():
        module = Module()
        module.at(1774738800, 1000, 0)
        told = module.at(1774738800 + 23 * HOUR, 2000, 0)
        assert told["yesterday"] == {"energy_forward": 1000, "energy_reverse": 0}
        assert told["today"]["since"] == "2026-03-30T00:00:00+02:00"


def test_a_meter_without_reverse_energy():
    with Flash():
        module = Module(sources=SOURCES[:2])
        module.clock.seconds = MIDNIGHT
        _reply(module.store, 23, energy_forward=100)
        days.follow(module.store, ZONE, storage)
        _reply(module.store, 23, energy_forward=101)
        assert module.told()["today"] == _whole(10, None, "2026-01-08T00:00:00+01:00")
        module.clock.seconds += DAY
        days.follow(module.store, ZONE, storage)
        assert module.told()["yesterday"] == {"energy_forward": 10, "energy_reverse": None}


def test_what_is_no_good_on_flash_is_not_taken():
    with Flash() as flash:
        good = ["4080", MIDNIGHT, 10, 0, None, None]
        flash.data = json.dumps(good).encode()
        assert days.load(storage) == good
        for bad in (
            b"",
            b"{}",
            b"7",
            b"null",
            b"[",
            b"\xff\xfe",
            b"[1,2,3]",
            json.dumps(good + [1]).encode(),
            json.dumps(["4080", None, 10, 0, None, None]).encode(),
            json.dumps(["4080", MIDNIGHT, None, 0, None, None]).encode(),
            json.dumps(["4080", MIDNIGHT, -1, 0, None, None]).encode(),
            json.dumps(["4080", MIDNIGHT, 1.5, 0, None, None]).encode(),
            json.dumps(["4080", MIDNIGHT, "1", 0, None, None]).encode(),
            json.dumps(["4080", MIDNIGHT, True, 0, None, None]).encode(),
        ):
            flash.data = bad
            assert days.load(storage) is None, bad


def test_a_full_flash_is_told_and_the_count_goes_on():
    with Flash():

        def full(name, data):
            raise storage.StorageError("full", "")

        storage.save = full
        module = Module()
        module.clock.seconds = MIDNIGHT
        _reply(module.store, 23, energy_forward=100, energy_reverse=0)
        assert "full" in days.follow(module.store, ZONE, storage)
        assert module.told()["today"]["energy_forward"] == 0
