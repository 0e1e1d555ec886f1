"""A meter whose rate (ET13) is not the configured one is found at 9600, in virtual time."""

from firmware.meter.link import Link
from firmware.meter.poller import Poller
from firmware.readings import Readings
from linekit import with_line
from mep.session import Session
from mepkit import KEY, TableMeter
from test_battery import Rig
from test_poller import _tables

FAST = {"port": "", "baud": 115200}
SECOND = 1000


class Over(BaseException):
    pass


class Meter(TableMeter):
    """Hears what comes at its ``rate``; the port is at the rate ``at``."""

    rate = 115200
    at = None

    def write(self, packet):
        self.silent = self.at != self.rate
        TableMeter.write(self, packet)


def _run(script, config=FAST, board="dabbler"):
    """``script(meter, line, store, rig)`` is a generator: the poller runs for each ms it gives."""

    async def run(rig, line):
        meter = Meter(rig.time, _tables())
        meter.openings = 0

        async def open_port(url, baud, board):
            meter.at = baud
            meter.openings += 1
            return meter

        rig.open_port = open_port
        store = Readings(rig.time, 30)
        baud = min(config["baud"], 9600)
        link = Link(Session(KEY, 1, baud), line.open_line, rig.log, config["baud"])
        poller = Poller(link, store, rig.log, False, line)
        steps = script(meter, line, store, rig)
        sleep = rig.time.sleep_ms
        end = rig.time.now + next(steps)

        async def stepped(n):
            nonlocal end
            await sleep(n)
            while rig.time.now >= end:
                try:
                    end += next(steps)
                except StopIteration:
                    raise Over()

        rig.time.sleep_ms = stepped
        try:
            await poller.run()
        except Over:
            pass

    with_line(run, board, config)


def _fresh(store):
    age = store.age_ms(0)
    return age is not None and age < 3 * SECOND


def test_the_configured_rate_is_used():
    def script(meter, line, store, rig):
        yield 20 * SECOND
        assert _fresh(store) and store.value(0) == 701
        assert meter.openings == 1 and meter.at == line.baud == 115200
        assert line.diagnosis is None

    _run(script)


def test_a_meter_that_was_set_back_is_found_and_told():
    def script(meter, line, store, rig):
        yield 20 * SECOND
        meter.rate = 9600
        yield 45 * SECOND
        assert _fresh(store) and line.baud == 9600
        assert line.diagnosis == (
            "the meter is heard at 9600 baud, not at the configured 115200: correct the "
            "setting baud"
        )
        assert rig.lines.count(line.diagnosis) == 1
        openings = meter.openings
        yield 60 * SECOND
        # It stays there while it hears something.
        assert _fresh(store) and meter.openings == openings
        meter.rate = 115200
        yield 60 * SECOND
        assert _fresh(store) and line.baud == 115200 and line.diagnosis is None

    _run(script)


def test_from_the_start_and_after_long_silence():
    def script(meter, line, store, rig):
        meter.rate = 9600
        yield 20 * SECOND
        assert _fresh(store) and line.baud == 9600
        meter.rate = 0  # hears nothing
        yield 1800 * SECOND
        assert not _fresh(store) and "check the plug" in line.diagnosis
        for rate in (9600, 115200):
            meter.rate = rate
            yield 240 * SECOND
            assert _fresh(store) and line.baud == rate
            meter.rate = 0
            yield 900 * SECOND

    _run(script)
    _run(script, board="nesreader")


def test_at_9600_there_is_nothing_to_turn_to():
    def script(meter, line, store, rig):
        meter.rate = 115200
        yield 300 * SECOND
        assert meter.at == 9600 and store.snapshot == 0

    _run(script, {"port": "", "baud": 9600})


def test_a_battery_module_tries_both_at_one_wake():
    with Rig(baud=19200) as rig:
        from firmware.hal import ports

        rig.meter = meter = Meter(rig.world, _tables(), KEY)
        meter.rate = 19200
        rates = []

        async def open_port(url, baud, board):
            meter.at = baud
            rates.append(baud)
            return meter

        ports.open_port = open_port
        sent = dict(rig.live())
        assert sent["readings"]["values"]["power_forward"] == 701 and rates == [19200]
        meter.rate = 9600
        rig.live(3)
        assert rates == [19200] + 3 * [19200, 9600]
        assert rig.ring().count == 3 and rig.faults == []
        assert max(rig.awake[1:]) < 8 * SECOND, rig.awake
