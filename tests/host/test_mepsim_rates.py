"""The simulated line when the client is at another rate: what a UART makes of it."""

import random

import pytest
from mepsimkit import meter, packet, read

from tools.mepsim.channel import Channel
from tools.mepsim.rates import heard

ALL = bytes(range(256))


@pytest.mark.parametrize("off", [-3, -1, 0, 1, 3])
def test_a_clock_that_is_a_little_off_does_no_harm(off):
    assert heard(ALL, 9600, 9600 * (100 + off) / 100) == ALL


def test_by_hand():
    # U is 0 10101010 1: a receiver at half the rate looks into every second bit, from the third.
    assert heard(b"U", 9600, 4800) == b"\xff"
    # 0 00000000 1 at four times the rate: 36 bits of nothing are one byte without a stop bit.
    assert heard(b"\x00", 9600, 38400) == b"\x00"
    assert heard(b"", 9600, 38400) == b""


@pytest.mark.parametrize("sent, at", [(9600, 115200), (115200, 9600), (9600, 300), (300, 115200)])
def test_another_rate_is_garbage(sent, at):
    data = random.Random(1).randbytes(200)
    found = heard(data, sent, at)
    # Fewer bytes where the receiver is slower, more where it is faster, none of them meant.
    assert 0 < len(found) <= len(data) * max(1, at / sent)
    assert data[:4] not in found and data[100:104] not in found


def test_a_meter_at_another_rate_does_not_answer():
    line = Channel(meter())
    line.client_baud = 19200

    def ask(ms):
        line.write(packet(read(1, 16, 0), line.meter.sequence + 1), ms)
        return line.read(ms + 1000)

    assert ask(0) == b"" and line.stats["replies"] == 0
    line.client_baud = 9600
    assert len(ask(2000)) == 16 + 13
    line.client_baud = None
    assert len(ask(4000)) == 16 + 13
    # What the meter says by itself is garbage, too.
    line.meter.enable_alerts()
    line.client_baud = 115200
    noise = line.read(9000)
    assert noise and line.stats["alerts"] >= 3
