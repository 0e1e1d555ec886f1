"""The simulated line's timing, in virtual time, against the physics: 9600 baud, 25 ms pauses."""

import pytest
from mepsimkit import Client, meter, packet, read, write

from tools.mepsim.channel import Channel
from tools.mepsim.faults import Faults

BYTE_MS = 10 / 9.6
ANSWER_MS = 10


class Line:
    """A client on a channel that notes when each byte came."""

    def __init__(self, channel):
        self.channel = channel
        self.ms = 0.0
        self.arrivals = []

    def send(self, body, step=1):
        request = packet(body, self.channel.meter.sequence + step)
        self.channel.write(request, self.ms)
        return request

    def until(self, ms):
        """Read at every event up to ``ms``; returns the bytes."""
        out = b""
        while True:
            when = self.channel.next_event_ms()
            if when is None or when > ms:
                break
            self.ms = max(self.ms, when)
            data = self.channel.read(self.ms)
            self.arrivals += [self.ms] * len(data)
            out += data
        self.ms = ms
        return out + self.channel.read(ms)


def line(model="gen3", **kw):
    faults = kw.pop("faults", None)
    return Line(Channel(meter(model, "steady"), faults, **kw))


def test_bytes_are_paced_with_pauses():
    wire = line()
    request = wire.send(read(28, 220, 0))
    reply = wire.until(1000)
    assert len(reply) == 2 + 3 + 220 + 8
    start = len(request) * BYTE_MS + ANSWER_MS
    for i, ms in enumerate(wire.arrivals):
        assert ms == pytest.approx(start + (i + 1) * BYTE_MS + i // 117 * 25, abs=1e-6)


def test_longest_reply():
    wire = line("gen4")
    request = wire.send(read(23, 465, 0))
    assert len(wire.until(5000)) == 478
    expected = (len(request) + 478) * BYTE_MS + ANSWER_MS + 4 * 25
    assert wire.arrivals[-1] == pytest.approx(expected, abs=1e-6)
    timing = wire.channel.timing
    assert timing.exchange_ms(len(request), 478) == pytest.approx(expected)
    assert timing.exchange_ms(22, 12) == 100


def test_no_pause_in_short_replies():
    wire = line()
    request = wire.send(read(28, 117 - 13, 0))
    assert len(wire.until(1000)) == 117
    expected = (len(request) + 117) * BYTE_MS + ANSWER_MS
    assert wire.arrivals[-1] == pytest.approx(expected, abs=1e-6)


def test_other_rates():
    wire = line(baud=115200)
    request = wire.send(read(28, 220, 0))
    wire.until(1000)
    expected = (len(request) + 233) * 10 / 115.2 + ANSWER_MS + 25
    assert wire.arrivals[-1] == pytest.approx(expected, abs=1e-6)


def test_one_request_in_100_ms():
    wire = line()
    taken = []
    wire.channel.tap = lambda direction, data, ms: taken.append(ms) if direction == ">" else None
    for _ in range(20):
        wire.send(read(52, 1, 0))
        assert wire.until(wire.ms + 200)[2] == 0
        wire.ms = taken[-1] + ANSWER_MS + 14 * BYTE_MS
        # The next request goes out as soon as the reply is there.
    gaps = [b - a for a, b in zip(taken, taken[1:])]
    assert min(gaps) >= 100


def test_requests_back_to_back():
    wire = line()
    taken = []
    wire.channel.tap = lambda direction, data, ms: taken.append(ms) if direction == ">" else None
    for step in (1, 2, 3):
        wire.send(read(52, 1, 0), step)
    replies = wire.until(2000)
    assert len(taken) == 2 and wire.channel.stats["overruns"] == 1
    assert taken[1] - taken[0] == pytest.approx(100)
    assert len(replies) == 2 * 14


def test_gap_in_a_request():
    for gap, answered in ((45, True), (60, False)):
        wire = line()
        request = packet(read(52, 1, 0), 1001)
        wire.channel.write(request[:9], 0.0)
        wire.channel.write(request[9:], 9 * BYTE_MS + gap)
        assert bool(wire.until(1000)) == answered
        assert wire.channel.stats["timeouts"] == (0 if answered else 1)
        # What is left of the request is swallowed; after a pause the line is good again.
        wire.send(read(52, 1, 0))
        assert len(wire.until(2000)) == 14


@pytest.mark.parametrize("junk", ["0000", "0001", "01dd", "ffff", "000c", "55"])
def test_what_is_no_request(junk):
    wire = line()
    wire.channel.write(bytes.fromhex(junk), 0.0)
    wire.send(read(52, 1, 0))
    wire.until(500)
    wire.send(read(52, 1, 0))
    reply = wire.until(1000)
    # 0x55 alone makes a length of 5500h: impossible as well.
    assert len(reply) == 14 and wire.channel.stats["requests"] == 1


def test_unpaced_takes_no_time():
    wire = line(paced=False)
    for _ in range(50):
        wire.send(read(28, 220, 0))
        assert len(wire.channel.read(0.0)) == 233
    assert wire.channel.stats["requests"] == 50


def test_alerts_once_a_second():
    wire = line()
    wire.channel.meter.enable_alerts()
    assert wire.until(10500) == b"\x00\x00" * 10
    seconds = [round(ms - BYTE_MS * (1 + i % 2)) for i, ms in enumerate(wire.arrivals)]
    assert seconds == [1000 * (1 + i // 2) for i in range(20)]


def test_alerts_are_held_off_by_requests():
    wire = line()
    wire.channel.meter.enable_alerts()
    for _ in range(30):
        wire.send(read(52, 1, 0))
        assert len(wire.until(wire.ms + 900)) == 14
    assert wire.channel.stats["alerts"] == 0
    received = wire.ms - 900 + 22 * BYTE_MS
    wire.arrivals.clear()
    assert wire.until(wire.ms + 1500) == b"\x00\x00" * 2
    assert wire.arrivals[0] == pytest.approx(received + 1000 + BYTE_MS)


def test_alert_never_splits_a_reply():
    wire = line("gen4")
    wire.channel.meter.enable_alerts()
    wire.channel.timing.answer_ms = 990.0
    wire.send(read(23, 465, 0))
    data = wire.until(1650)
    assert data[:2] == (476).to_bytes(2, "big") and data[478:] == b"\x00\x00"


def test_alerts_end_when_served():
    wire = line()
    wire.channel.meter.enable_alerts()
    assert wire.until(1500) == b"\x00\x00"
    wire.send(write(2098, b"\x00", 30))
    assert len(wire.until(9000)) == 11


def test_grain_never_delays_the_end():
    wire = line()
    wire.send(read(28, 220, 0))
    wakes = []
    while True:
        when = wire.channel.next_event_ms(4.0)
        if when is None:
            break
        wakes.append(when)
        wire.channel.read(when)
    assert wakes[-1] == pytest.approx(22 * BYTE_MS + ANSWER_MS + 233 * BYTE_MS + 25)
    assert len(wakes) < 90


def test_silence():
    wire = line()
    wire.channel.meter.enable_alerts()
    wire.channel.silence(60, 500.0)
    for _ in range(100):
        wire.send(read(52, 1, 0))
        assert wire.until(wire.ms + 590) == b""
    assert wire.channel.stats["requests"] == 0
    wire.until(62000)
    wire.send(read(52, 1, 0))
    assert len(wire.until(62900)) == 14


def test_client_reads_over_the_line():
    """Many exchanges of each table with every reply's digest checked."""
    wire = line(faults=Faults(3))
    client = Client(wire.channel.meter)
    for i in range(60):
        table, count = ((28, 220), (23, 44), (52, 7), (2051, 30))[i % 4]
        request = wire.send(read(table, count, 0))
        body = client.body(request, wire.until(wire.ms + 700), client.key)
        assert body[:3] == b"\x00" + count.to_bytes(2, "big")
