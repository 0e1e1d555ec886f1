"""The time from NTP servers: `firmware.ntp` and `firmware.timesync`."""

import asyncio
import os
import sys

sys.path.append("tests")

from fakes import Chip
from firmware import ntp, timesync
from firmware.hal import clock, udp
from virtual import Time, Use

NONCE = b"12345678"
NOW = 1774746000  # 2026-03-29 01:00 UTC, when Europe's clocks go forward


def _reply(nonce=NONCE, first=0x24, stratum=2, seconds=NOW, fraction=0x80000000):
    seconds = (seconds + 2208988800) % (1 << 32)
    stamp = bytes([seconds >> n & 255 for n in (24, 16, 8, 0)])
    stamp += bytes([fraction >> n & 255 for n in (24, 16, 8, 0)])
    return bytes([first, stratum]) + bytes(22) + nonce + bytes(8) + stamp


def test_a_good_reply():
    assert ntp.read(_reply(), NONCE) == (NOW, 500)
    assert ntp.read(_reply(first=0x1C, stratum=15, fraction=0), NONCE) == (NOW, 0)
    assert ntp.read(_reply() + bytes(20), NONCE) == (NOW, 500)


def test_after_ntps_count_has_begun_anew():
    assert ntp.read(_reply(seconds=2085978497), NONCE) == (2085978497, 500)  # February 2036
    assert ntp.read(_reply(seconds=2240524800), NONCE) == (2240524800, 500)  # 2041


def test_what_is_no_good_is_dropped():
    for bad in (
        b"",
        _reply()[:47],
        _reply(nonce=b"12345679"),
        _reply(first=0x23),  # a question
        _reply(first=0x25),  # a broadcast
        _reply(first=0xE4),  # a server whose clock is not set
        _reply(first=0x3C),  # version 7
        _reply(stratum=0),  # "do not ask me"
        _reply(stratum=16),
        _reply(seconds=1704067199),  # 2023
        _reply(seconds=4102444800),  # 2100
        _reply(seconds=-2208988800),  # an empty stamp
        bytes(48),
        b"\xff" * 48,
    ):
        assert ntp.read(bad, NONCE) is None, bad


class Server:
    """Answers on 127.0.0.1 what ``make(query)`` gives."""

    def __init__(self, make):
        self._make = make
        self.port = 20000 + int.from_bytes(os.urandom(2), "big") // 4
        self.queries = []

    def answer(self, query):
        self.queries.append(query)
        return self._make(query)


async def _ask(make, timeout_ms=500):
    server = Server(make)
    task = asyncio.create_task(udp.serve(server.port, server.answer, "127.0.0.1"))
    await clock.sleep_ms(20)
    try:
        return await ntp.ask("127.0.0.1", server.port, timeout_ms), server
    finally:
        task.cancel()
        await clock.sleep_ms(5)  # it closes its socket


async def test_asks_once_and_says_nothing_of_itself():
    (seconds, ms), server = await _ask(lambda q: _reply(q[40:48], fraction=0))
    assert seconds == NOW and 0 <= ms < 250
    assert len(server.queries) == 1 and len(server.queries[0]) == 48
    assert server.queries[0][:40] == b"\x23" + bytes(39)
    other = (await _ask(lambda q: _reply(q[40:48])))[1]
    assert other.queries[0][40:] != server.queries[0][40:]


async def test_garbage_is_no_time():
    for make in (lambda q: q, lambda q: b"x" * 48, lambda q: _reply(), lambda q: None):
        try:
            await _ask(make, 100)
        except OSError as e:
            assert "no usable answer" in str(e)
        else:
            raise AssertionError("taken")


def test_sets_the_chips_clock():
    with Chip(Time()) as chip:
        from firmware.hal import esp32

        esp32.set_clock(NOW, 250)
        assert chip.machine.RTC().datetime() == (2026, 3, 29, 6, 1, 0, 0, 250000)


class Stop(Exception):
    pass


class Rig:
    """`TimeSync` in virtual time with ``answers`` (seconds, or a text why not) of its servers."""

    def __init__(self, time, answers, **changes):
        config = {"ntp_servers": "a.example, b.example", "timezone": "CET-1CEST,M3.5.0,M10.5.0/3"}
        config.update(changes)
        self.time = time
        self.begin = time.now
        self.answers = answers
        self.asked = []  # (s, server)
        self.log = []
        self.online = True
        self.sync = timesync.TimeSync(
            config, lambda level, text: self.log.append(text), time.unix, self._up, self._set
        )

    def _up(self):
        return self.online

    def _set(self, seconds, ms):
        self.time.utc = seconds

    def _alive(self):
        if self.time.now >= self.until:
            raise Stop

    async def _ask(self, server):
        self.asked.append(((self.time.now - self.begin) // 1000, server))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, str):
            raise OSError(answer)
        return answer, 0

    def run(self, seconds):
        self.until = self.time.now + seconds * 1000
        kept, ntp.ask = ntp.ask, self._ask
        drop, timesync.drop = timesync.drop, lambda *names: None
        try:
            with Use(self.time, timesync):
                self.sync.run(self._alive).send(None)
        except Stop:
            return self
        finally:
            ntp.ask, timesync.drop = kept, drop


def test_once_a_day():
    rig = Rig(Time(), [NOW]).run(3 * 86400 + 60)
    assert rig.asked == [(s, "a.example") for s in (0, 86400, 172800, 259200)]
    assert rig.log == ["time: 2026-03-29T01:00:00Z by a.example"]  # not every day again


def test_the_next_server_and_growing_pauses():
    rig = Rig(Time(), ["no usable answer", NOW]).run(60)
    assert rig.asked == [(0, "a.example"), (0, "b.example")]
    rig = Rig(Time(), ["no usable answer"]).run(20000)
    times = [s for s, server in rig.asked if server == "a.example"]
    assert times[:6] == [0, 15, 45, 105, 225, 465]
    assert max([b - a for a, b in zip(times, times[1:])]) == 3600
    assert rig.log == ["time: b.example: no usable answer"]
    assert rig.sync.local() is None


def test_waits_for_the_network_and_needs_no_server():
    time = Time()
    rig = Rig(time, [NOW])
    rig.online = False
    assert rig.run(600).asked == []
    rig.online = True
    assert len(rig.run(60).asked) == 1
    assert Rig(Time(), [NOW], ntp_servers="").run(600).asked == []


def test_local_time():
    time = Time()
    rig = Rig(time, [NOW])
    assert rig.sync.local() is None
    for utc, local in (
        (NOW - 1, "2026-03-29T01:59:59+01:00"),
        (NOW, "2026-03-29T03:00:00+02:00"),
        (NOW + 86400, "2026-03-30T03:00:00+02:00"),
    ):
        time.utc = utc
        assert rig.sync.local() == local
    time.utc = NOW
    assert Rig(time, [NOW], timezone="NST3:30").sync.local() == "2026-03-28T21:30:00-03:30"
