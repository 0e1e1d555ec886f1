import asyncio
import sys

from firmware.meter import line as module
from firmware.meter import linetexts
from firmware.meter.line import Line
from linekit import CONFIG, with_line
from virtual import Time, Use


def test_switching_on_takes_its_time():
    async def run(rig, line):
        began = rig.time.now
        port = await line.open_line()
        assert port is line and line.state == "on"
        # Supply; a second; ENABLE (low is on); a second and what came is dropped.
        assert rig.pins()[:3] == [(0, 32, 1), (0, 5, 1), (1000, 5, 0)]
        assert 2000 <= rig.time.now - began < 2300 and rig.opened == 1
        before = rig.time.now
        assert await line.open_line() is line
        assert rig.time.now == before and rig.opened == 1

    with_line(run)


def test_a_line_that_is_on_opens_again_at_once():
    async def run(rig, line):
        await line.open_line()
        rig.pins()
        line.close()
        assert line.readinto(bytearray(4)) == 0
        began = rig.time.now
        await line.open_line()
        assert rig.time.now - began < 300
        # ENABLE and supply were left alone.
        assert not [p for p in rig.pins() if p[1] in (5, 32)]

    with_line(run)


def test_what_came_while_switching_on_is_dropped():
    async def run(rig, line):
        machine = sys.modules["machine"]
        await line.open_line()
        uart = machine.UART.ports[2]
        assert uart.rxbuf >= 1024 and uart.timeout == 0 and uart.baudrate == 9600
        uart.arrive(b"\xff" * 80)
        await line.recover()
        assert line.readinto(bytearray(8)) == 0
        uart.arrive(b"abc")
        buf = bytearray(8)
        assert line.readinto(buf) == 3 and buf[:3] == b"abc"
        line.write(b"xyz")
        assert uart.sent[-1][1] == b"xyz"

    with_line(run)


def test_the_ladder_step_by_step():
    async def run(rig, line):
        await line.open_line()
        rig.pins()
        # 1: drain only.
        began = rig.time.now
        await line.recover()
        assert rig.pins() == [] and rig.time.now - began <= 200
        # 2: ENABLE off for a second; the supply stays.
        await line.recover()
        took = [p for p in rig.pins() if p[1] in (5, 32)]
        assert took == [(0, 5, 1), (1000, 5, 0)], took
        # 3..7: the supply off too, longer each time. ENABLE's pin is let go, not driven.
        for cool in (5000, 10000, 20000, 40000, 60000):
            await line.recover()
            pins = rig.pins()
            assert [p for p in pins if p[1] in (5, 32)] == [
                (0, 5, 1),
                (0, 32, 0),
                (0, 5, "in"),
                (cool, 32, 1),
                (cool, 5, 1),
                (cool + 1000, 5, 0),
            ], pins
            # The UART's pin does not feed the chip that is off either.
            assert (0, 17, "in") in pins
        assert line.diagnosis is None
        # Then once a minute for ever, every tenth time with a long cooling.
        for _ in range(2):
            for n in range(1, 11):
                began = rig.time.now
                await line.recover()
                waited = rig.time.now - began
                assert 60000 <= waited < 63000
                assert bool([p for p in rig.pins() if p[1] == 32]) == (n == 10)
        assert "check the plug" in line.diagnosis
        assert len([text for text in rig.lines if "check the plug" in text]) == 1
        # The meter is back: from the foot again.
        line.heard()
        assert line.diagnosis is None and line.state == "on"
        began = rig.time.now
        await line.recover()
        assert rig.time.now - began <= 200 and rig.pins() == []

    with_line(run)


def test_without_a_supply_pin_enable_alone_is_cycled():
    async def run(rig, line):
        await line.open_line()
        await line.recover()
        rig.pins()
        for off in (1000, 5000, 10000, 20000):
            await line.recover()
            pins = [p for p in rig.pins() if p[1] != 17]
            assert pins == [(0, 5, 1), (off, 5, 0)], pins
        line.heard()
        assert line.diagnosis is None

    with_line(run, "nesreader")


def test_noise_is_no_reason_to_cool():
    async def run(rig, line):
        await line.open_line()
        rig.pins()
        for n in range(12):
            await line.recover(silent=False)
            cycled = [p for p in rig.pins() if p[1] == 5]
            assert bool(cycled) == (n in (1, 11))
        assert not [text for text in rig.lines if "cool" in text]

    with_line(run)


def test_a_chip_that_needs_cooling_again_and_again_is_told_once():
    async def run(rig, line):
        await line.open_line()
        for n in range(1, 5):
            assert (line.diagnosis is None) == (n <= 3)
            for _ in range(4):
                await line.recover()
            line.heard()
            line.heard()  # each further reply changes nothing
        assert "counterfeit" in line.diagnosis and "4 times" in line.diagnosis
        assert len([text for text in rig.lines if "counterfeit" in text]) == 2  # at 3 and at 4

    with_line(run)


def test_a_meter_that_comes_back_by_itself_accuses_nobody():
    async def run(rig, line):
        await line.open_line()
        for _ in range(5):
            await line.recover()  # drained
            await line.recover()  # ENABLE
            line.heard()
            for _ in range(9):
                await line.recover()  # down to the slow retries
            line.heard()
        assert line.diagnosis is None

    with_line(run)


def test_long_waits_tell_that_they_live():
    async def run(rig, line):
        told = []
        await line.open_line()
        for _ in range(8):
            await line.recover(True, lambda: told.append(rig.time.now))
        gaps = [b - a for a, b in zip(told, told[1:])]
        assert len(told) > 100 and max(gaps) <= 5000, max(gaps)

    with_line(run)


def test_a_port_that_does_not_open_raises_and_is_tried_again():
    async def run(rig, line):
        rig.fail = 1
        try:
            await line.open_line()
        except OSError as e:
            assert "no UART" in str(e)
        else:
            raise AssertionError("no error")
        assert await line.open_line() is line

    with_line(run)


def test_a_sagging_line_is_told_and_read_in_pieces():
    async def run(rig, line):
        for at in (101, 103, 44, 99, 97, 102):
            line.cut(at)
        assert line.piece == 64 and "after about 101 bytes" in line.diagnosis
        assert "ENABLE" in line.diagnosis and "partial reads" in line.diagnosis
        assert len(rig.lines) == 1
        # It sags further: shorter pieces, down to a least.
        for _ in range(9):
            line.cut(60)
        assert line.piece == 36 and len(rig.lines) == 2
        for _ in range(20):
            line.cut(20)
        assert line.piece == 16

    with_line(run)


def test_cuts_at_any_place_are_just_noise():
    async def run(rig, line):
        for at in range(5, 200, 11):
            line.cut(at)
        assert line.piece is None
        # Nor is the same place one, while longer replies come whole in between.
        for _ in range(20):
            line.cut(101)
            line.whole(220)
        assert line.piece is None and line.diagnosis is None

    with_line(run)


def test_a_host_without_wired_enable_only_drains():
    time = Time()

    class Port:
        closed = 0

        def readinto(self, buf):
            return 0

        def write(self, buf):
            pass

        def close(self):
            Port.closed += 1

    class Hal:
        @staticmethod
        async def open_port(url, baud, board):
            return Port()

    async def run(config):
        line = Line(None, dict(CONFIG, **config), lambda level, text: None, Hal)
        began = time.now
        await line.open_line()
        settled = time.now - began >= 1000
        for _ in range(3):
            await line.recover()
        return settled, time.now - began

    with Use(time, module):
        settled, took = asyncio.run(run({}))
        assert not settled and took < 1000 and Port.closed == 0
        settled, took = asyncio.run(run({"enable_line": True}))
        assert settled and Port.closed == 2 and took >= 1000 + 2000 + 6000


def test_texts_take_the_values_that_line_gives_them():
    assert "at 9600 baud, not at the configured 19200" in linetexts.RATE % (9600, 19200)
    assert "3 times so far" in linetexts.COUNTERFEIT % 3
    assert "after about 70 bytes" in linetexts.SAG % 70
    assert linetexts.DEAD % () == linetexts.DEAD
