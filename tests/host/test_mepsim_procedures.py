"""What the simulated meter's procedures, alerts, RC4 and rates do, with hand-made bytes."""

import json
from pathlib import Path

import pytest
from mepsimkit import MAK, NOON, Client, i32, meter, packet, read, write

from tools.mepsim.channel import Channel
from tools.mepsim.meter import Meter
from tools.mepsim.rc4 import packet_cipher

ET11, ET13, ET15, ET50, ET54, ET59, ET70, ET71, ET85 = (
    2048 + n for n in (11, 13, 15, 50, 54, 59, 70, 71, 85)
)
RC4 = json.loads(Path("tests/vectors/rc4.json").read_text())["cases"]
ONES = b"\x01" * 16


class Caller(Client):
    """Calls procedures with growing sequence numbers; the answer is looked for in ``table``."""

    def __init__(self, meter, key=MAK, table=8):
        Client.__init__(self, meter, key)
        self.psn = 4
        self.table = table

    def call(self, number, parameters=b""):
        """(result, data) of the answer."""
        self.psn = 5 + (self.psn - 4) % 5
        assert (
            self.ask(write(7, number.to_bytes(2, "little") + bytes([self.psn]) + parameters))
            == b"\0"
        )
        return self.answer(number)

    def answer(self, number):
        found = self.data(self.table, 16)
        assert found[:3] == number.to_bytes(2, "little") + bytes([self.psn])
        return found[3], found[4:]


def watch(source, amount):
    return source.to_bytes(2, "little") + amount.to_bytes(2, "little")


@pytest.mark.parametrize("case", RC4, ids=lambda case: case["id"])
def test_rc4_vectors(case):
    key = bytes.fromhex(case["key_hex"])
    wire = bytes.fromhex(case["request_encrypted_wire"])
    clear = bytes.fromhex(case["request_plain_wire"])
    cipher = packet_cipher(key, wire[-8:])
    assert wire[:2] + cipher.run(wire[2:-8]) + wire[-8:] == clear
    reply = bytes.fromhex(case["reply_plain_wire"])
    if case["reply_is_encrypted"]:
        reply = reply[:2] + cipher.run(reply[2:-8]) + reply[-8:]
    assert reply == bytes.fromhex(case["reply_encrypted_wire"])


def test_rc4_exchange():
    for encrypted_only in (False, True):
        m = meter(rc4=encrypted_only)
        c = Client(m)
        request = packet(read(1, 16), 1001)
        cipher = packet_cipher(c.key, request[-8:])
        hidden = request[:2] + cipher.run(request[2:-8]) + request[-8:]
        reply = m.handle(hidden[2:], 0)
        clear = reply[:2] + cipher.run(reply[2:-8]) + reply[-8:]
        assert c.body(request, clear, c.key)[3:7] == b"ELON"
        assert m.handle(packet(read(1, 16), 1002)[2:], 0)[2] == (0x0B if encrypted_only else 0)
        hidden = hidden[:-1] + bytes([hidden[-1] ^ 1])
        assert m.handle(hidden[2:], 0)[2] == 0x0B, "in clear"


def test_levels():
    m = meter()
    basic = Caller(m, Client(m).key)
    assert basic.call(ET11 - 11 + 19, bytes(5))[0] == 5
    assert basic.call(2048 + 16, b"\x05\x00\x00\x00")[0] == 0
    assert basic.call(0x99)[0] == 6
    assert basic.call(2048 + 61, b"\x01")[0] == 6, "two MEP clients since 4.0 only"
    assert Caller(m).call(2048 + 11)[0] == 3


def test_clock():
    c = Caller(meter())
    c.call(2048 + 16, (-70).to_bytes(4, "little", signed=True))
    assert c.data(52)[:6] == bytes([23, 11, 15, 11, 58, 50])


def test_answers_of_client_2():
    m = meter("gen4", client=2)
    c = Caller(m, MAK, ET85)
    entry = len(c.data(ET50)) // 2
    assert c.data(ET70, 1, 142) == b"\x02"
    assert c.ask(write(ET50, b"\x03", entry + 30)) == b"\0"
    assert c.call(2048 + 61, b"\x01")[0] == 0
    m.tables.client = 1
    m.tables.client_flags = 3
    c.table = ET59
    assert c.call(2048 + 61, b"\x01")[0] == 3
    assert Client(meter("gen4")).data(ET70, 1, 142) == b"\x01"


def test_on_demand_read():
    c = Caller(meter())
    result, data = c.call(2048 + 19, b"\x01\x04\x01\x00\x02")
    assert (result, data[0]) == (0, 0)
    queue = c.data(ET15)
    assert queue[0] == 0x01 and queue[1:7] == b"\x01\x04\x01\x00\x02\x00"
    c.ms = 3000
    assert c.data(ET15, 7, 0) == b"\x11\x01\x04\x01\x00\x02\x01"
    assert c.call(2048 + 19, b"\x02\x04\x09\x00\x02")[0] == 3
    assert c.call(2048 + 19, b"\x02\x04\x01\x00\x08")[0] == 2
    for _ in range(4):
        assert c.call(2048 + 19, b"\x03\x04\x02\x00\x02")[0] == 0
    assert c.call(2048 + 19, b"\x03\x04\x02\x00\x02")[0] == 7


def test_removal_takes_a_while():
    c = Caller(meter())
    assert c.call(2048 + 17, b"\x00\x01\x00")[0] == 1
    c.ms = 2900
    assert c.answer(2048 + 17)[0] == 1
    c.ms = 3000
    assert c.answer(2048 + 17)[0] == 0
    assert c.call(2048 + 17, b"\x00\x01\x00")[0] == 3


def test_hardware_lock():
    m = meter(locked=True)
    c = Caller(m)
    assert c.ask(write(ET13, b"\x01", 0)) == b"\x03"
    assert c.ask(write(ET71, watch(8, 100), 0)) == b"\x00"
    assert c.ask(write(ET50, b"\x01", 30)) == b"\x00"


class Step:
    """A house whose forward power is set by hand."""

    def __init__(self, house):
        self.house = house
        self.extra = 0
        measure = house._measure

        def measured():
            measure()
            house.phases[0] = type(house.phases[0])(311 + self.extra, 172, 232591)

        house._measure = measured


def test_delta_alert_within_a_second_and_a_half():
    m = meter(house="steady")
    step = Step(m.house)
    line = Channel(m)
    line.read(0.0)
    assert m.delta.due(0.0) is None, "nobody wants to know"
    c = Caller(m, Client(m).key)
    assert c.ask(write(ET71, watch(8, 100), 0)) == b"\0"
    assert c.ask(write(ET71, watch(0x0FF0, 1), 13)) == b"\0"
    assert c.ask(write(ET50, b"\x08", 30)) == b"\0"
    assert line.read(3000.0) == b"", "not registered"
    assert c.ask(write(ET50, b"\x09", 30)) == b"\0"
    assert line.read(6500.0) == b"\0\0" * 3, "the first value differs from 0"
    c.ms = 6500
    assert c.data(ET13, 1, 66 * 4 + 8) == b"\x10"
    entry = c.data(ET71, 26, 0)
    assert i32(entry, 4) == i32(entry, 8) == 702 and entry[12] == 0 and entry[25] == 1
    assert c.call(0x0827, b"\x0c\x01\x00\x00")[0] == 0
    assert c.data(ET13, 1, 66 * 4 + 8) == b"\x00"
    assert line.read(20000.0) == b"" and m.delta.active
    step.extra = 99
    assert line.read(25000.0) == b""
    step.extra = 100
    assert line.read(26100.0) == b"\0\0", "within a second and a half, and once a second"
    assert line.read(27600.0) == b"\0\0"
    c.ms = 27600
    assert i32(c.data(ET71, 13, 0), 4) == 802


def test_post_needs_a_registered_client():
    c = Caller(meter(), Client(meter()).key)
    assert c.call(0x0827, b"\x0c\x01\x00\x00")[0] == 3
    c.meter.enable_alerts()
    assert c.call(0x0827, b"\x0c\x01\x01\x00")[0] == 2
    assert c.call(0x0827, b"\x04\x01\x01\x00\x07")[0] == 0
    assert not c.meter.alerting


@pytest.mark.parametrize(
    "model, code, baud", [("gen4", 12, 115200), ("gen3", 4, 2400), ("gen3", 12, 9600)]
)
def test_rate_follows_et13(model, code, baud):
    m = meter(model)
    line = Channel(m)

    def exchange(body, ms, key=MAK):
        request = packet(body, m.sequence + 1, key)
        line.write(request, ms)
        end = ms
        while (when := line.next_event_ms()) is not None and when < ms + 5000:
            if line.read(when):
                end = when
        return len(request), end - ms

    size, old = exchange(write(ET13, bytes([code]), 66 * 4 + 6), 0.0)
    assert old == pytest.approx((size + 11) * 10 / 9.6 + 10), "the reply has the old rate"
    size, new = exchange(read(28, 100, 0), 1000.0)
    assert new == pytest.approx((size + 113) * 10000 / baud + 10)


def test_meter_says_who_it_is_for():
    with pytest.raises(ValueError, match="client 2"):
        meter(client=2)
    assert isinstance(meter("gen4", client=2, epoch=NOON), Meter)
