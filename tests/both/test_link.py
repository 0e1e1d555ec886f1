import asyncio

from firmware.meter import link as module
from firmware.meter.link import Link
from mep.session import Session
from mepkit import KEY, data_reply
from virtual import Time, Use

DATA = bytes(range(44))


class Port:
    """Answers each packet by ``script``: a list of functions packet -> [(delay ms, bytes)]."""

    def __init__(self, time, script):
        self.time = time
        self.script = list(script)
        self.coming = []
        self.sent = []
        self.closed = False

    def write(self, packet):
        now = self.time.now
        self.sent.append(now)
        if self.script:
            answer = self.script.pop(0)
            if answer is OSError:
                raise OSError("unplugged")
            for delay, data in answer(bytes(packet)):
                self.coming.append((now + delay, data))
            self.coming.sort()

    def readinto(self, buf):
        n = 0
        while self.coming and self.coming[0][0] <= self.time.now and n < 300:
            data = self.coming.pop(0)[1]
            for b in data:
                buf[n] = b
                n += 1
        return n

    def close(self):
        self.closed = True


def _good(packet):
    return [(60, data_reply(packet, DATA))]


def _silent(packet):
    return []


def _run(script, reads=1, ports=None, log=None):
    """Events of ``reads`` reads as (name, data or reason), the ports, the link, the time."""
    time = Time()
    opened = []

    async def open_line():
        port = ports.pop(0) if ports else Port(time, script)
        if port is OSError:
            raise OSError("no such line")
        port.time = time
        opened.append(port)
        return port

    async def main():
        link = Link(Session(KEY, 1), open_line, log or (lambda level, text: None))
        found = []
        for _ in range(reads):
            e = await link.transact(23, 44, 0)
            name = type(e).__name__
            if name == "Response":
                found.append((name, bytes(e.buf[e.start : e.start + e.count])))
            else:
                found.append((name, e.reason))
        return found, opened, link, time

    with Use(time, module):
        return asyncio.run(main())


def test_reads_keep_their_distance():
    found, (port,), _, _ = _run([_good] * 5, 5)
    assert found == [("Response", DATA)] * 5
    gaps = [b - a for a, b in zip(port.sent, port.sent[1:])]
    assert min(gaps) >= 100 and max(gaps) < 140, gaps


def test_silence_is_retried_after_the_reply_time():
    found, (port,), link, _ = _run([_silent, _good])
    assert found == [("Response", DATA)]
    assert 500 <= port.sent[1] - port.sent[0] < 560
    found, (port,), link, _ = _run([])
    assert found == [("Failed", "silent")] and len(port.sent) == 4


def test_cut_reply_is_retried_soon():
    found, (port,), _, _ = _run([lambda p: [(60, data_reply(p, DATA)[:20])], _good])
    assert found == [("Response", DATA)]
    assert port.sent[1] - port.sent[0] < 300


def test_a_late_reply_and_the_right_one():
    def late(packet):
        return [(620, data_reply(packet, bytes(44)))]

    found, _, link, _ = _run([late, lambda p: [(250, data_reply(p, DATA))]])
    assert found == [("Response", DATA)]
    c = link.session.counters()
    assert c["stale"] == 1 and c["digest"] == 0


def test_noise_without_end_is_given_up():
    def noise(packet):
        return [(20 * i, b"\xa5" * 20) for i in range(1, 500)]

    found, _, _, time = _run([noise] * 9)
    assert found[0][0] == "Failed"
    assert time.now - Time().now < 20000


def test_double_reply_does_not_reach_the_next_read():
    def double(packet):
        answer = data_reply(packet, DATA)
        return [(60, answer), (70, answer[:30]), (110, answer[30:])]

    found, (port,), link, _ = _run([double, _good, double, _good], 4)
    assert found == [("Response", DATA)] * 4
    # The next request waited for the end of the double.
    assert port.sent[1] - port.sent[0] >= 110


def test_alerts_are_counted_not_taken_for_replies():
    def alert(packet):
        return [(30, b"\x00\x00"), (60, data_reply(packet, DATA))]

    found, _, link, _ = _run([alert, alert], 2)
    assert found == [("Response", DATA)] * 2 and link.alerts == 2


def test_idle_hears_alerts_and_clears_noise():
    time = Time()
    port = Port(time, [_good])
    port.coming = [(time.now + 50, b"\x00\x00"), (time.now + 300, b"\x37")]

    async def main():
        async def open_line():
            return port

        link = Link(Session(KEY, 1), open_line, lambda level, text: None)
        await link.transact(23, 44, 0)
        await link.idle(time.ticks_add(time.ticks_ms(), 1000))
        began = time.now
        e = await link.transact(23, 44, 0)
        return link.alerts, type(e).__name__, time.now - began

    with Use(time, module):
        port.script.append(_good)
        alerts, name, took = asyncio.run(main())
    assert alerts == 1 and name == "Response" and took < 100


def test_a_lost_line_is_opened_again():
    time = Time()
    first = Port(time, [_good, OSError])
    second = Port(time, [_good, _good])
    lines = []
    found, opened, link, _ = _run([], 3, [first, second], lambda level, text: lines.append(text))
    assert found == [("Response", DATA)] * 3
    assert first.closed and link.openings == 2 and "unplugged" in lines[0]


def test_a_line_that_does_not_open_raises():
    try:
        _run([], 1, [OSError])
    except OSError as e:
        assert "no such line" in str(e)
    else:
        raise AssertionError("no error")


def test_a_line_lost_while_waiting_to_send_is_opened_again():
    time = Time()
    first = Port(time, [_good])
    second = Port(time, [_good])
    read = first.readinto

    def gone(buf):
        if first.sent and not first.coming:
            raise OSError("unplugged")
        return read(buf)

    first.readinto = gone
    found, opened, link, _ = _run([], 2, [first, second])
    assert found == [("Response", DATA)] * 2
    assert opened == [first, second] and first.closed
