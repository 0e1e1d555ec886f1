"""The simulated meter against the guide's worked examples and its rules, with hand-made frames."""

import json
from pathlib import Path

import pytest
from mepsimkit import MAK, ONES, Client, meter, packet, read, write

from tools.mepsim.procedures import BAD_PARAMETER, CONFLICT, DONE, UNKNOWN

EXAMPLES = {
    e["id"]: e
    for e in json.loads(Path("tests/vectors/guide_examples.json").read_text())["examples"]
}
ET03, ET04, ET11, ET13, ET50, ET51, ET55, ET59 = (2048 + n for n in (3, 4, 11, 13, 50, 51, 55, 59))


def frames(name):
    f = EXAMPLES[name]["frames"]
    return bytes.fromhex(f["request"]), bytes.fromhex(f["reply"])


def ones(**kw):
    return meter(mak=ONES, **kw)


class Fixed:
    """Stands in for the tables: one table with the example's bytes."""

    def __init__(self, tables, number, data):
        self.tables = tables
        self.number = number
        self.data = data

    def read(self, number, ms):
        return self.data if number == self.number else None

    def set_sequence(self, number):
        self.tables.set_sequence(number)


def test_guide_example_wrong_sequence():
    request, reply = frames("rc4_ex1_first")
    assert ones(sequence=0x77635B8F).handle(request[2:], 0) == reply


@pytest.mark.parametrize("name", ["rc4_ex1_second", "et53_header", "et53_full"])
def test_guide_example_reads(name):
    request, reply = frames(name)
    m = ones(sequence=int.from_bytes(request[-12:-8], "big") - 1)
    m.tables = Fixed(m.tables, int.from_bytes(request[3:5], "big"), reply[5:-8])
    assert m.handle(request[2:], 0) == reply


def test_guide_example_register():
    request, reply = frames("rc4_ex2")
    m = ones(sequence=0x77636E2E)
    assert m.handle(request[2:], 0) == reply
    assert m.tables.client_flags == 1


def test_guide_example_procedure():
    request, reply = frames("ep17_call")
    m = ones(sequence=0x5B4E4308)
    m.tables.client_flags = 0x03  # registered, answers in ET59
    assert m.handle(request[2:], 0) == reply
    assert m.tables.client_flags == 0x02
    assert Client(m, ONES).data(ET59, 4) == bytes([0x11, 0x08, 7, DONE])


def test_sequence_window():
    m = meter()
    c = Client(m)
    for step in (1, 8, 3):
        before = m.sequence
        assert c.ask(read(1, 16), step)[0] == 0
        assert m.sequence == before + step
    for step in (0, -1, 9, 1 << 31):
        before = m.sequence
        assert c.ask(read(1, 16), step) == b"\x0c" + (before + 1).to_bytes(4, "big")
        assert m.sequence == before, "a refused number must not count"


def test_sequence_wraps():
    m = meter(sequence=0xFFFFFFFE)
    c = Client(m)
    assert c.ask(read(1, 16), 4)[0] == 0
    assert m.sequence == 2
    m.sequence = 0xFFFFFFFF
    assert c.ask(read(1, 16), 0) == b"\x0c\x00\x00\x00\x00"


def test_executed_write_is_not_repeated():
    m = meter()
    request = packet(write(ET50, b"\x05", 30), 1001)
    c = Client(m)
    assert c.body(request, m.handle(request[2:], 0), c.key) == b"\x00"
    m.tables.client_flags = 0
    assert c.body(request, m.handle(request[2:], 0), c.key) == b"\x0c\x00\x00\x03\xea"
    assert m.tables.client_flags == 0


def test_interface_change_jumps_by_25():
    m = meter()
    c = Client(m)
    version = c.data(ET04, 1, 116)[0]
    before = m.sequence
    m.change_interface()
    reply = c.ask(read(1, 16), -25 + 1)
    assert reply == b"\x0c" + (before + 26).to_bytes(4, "big")
    assert c.data(ET04, 1, 116)[0] == version + 1


@pytest.mark.parametrize("key", [b"0123456789abcdef", b"\x01" * 16])
def test_wrong_key(key):
    m = meter()
    request = packet(read(1, 16), 1001, key)
    reply = m.handle(request[2:], 0)
    assert reply[:3] == b"\x00\x09\x0b" and len(reply) == 11
    assert m.sequence == 1000


def test_damaged_request_is_not_executed():
    m = meter()
    request = packet(write(ET50, b"\x05", 30), 1001)
    for i in range(2, len(request)):
        bad = bytearray(request)
        bad[i] ^= 0x10
        assert m.handle(bytes(bad[2:]), 0)[2] == 0x0B
    assert m.tables.client_flags == 0


def test_key_levels():
    m = meter()
    basic, advanced = Client(m), Client(m, MAK)
    mbk_writes = {7, ET50, ET51}
    nobody = {0, 1, 20, 21, 22, 27, 28, 52, ET11, ET59}
    for number in (0, 1, 7, 15, 20, 21, 22, 27, 28, 52, ET03, ET04, ET11, ET13, ET50, ET51, ET55):
        body = write(number, bytes(3), 0)
        assert basic.ask(body)[0] == (0 if number in mbk_writes else 0x03), number
        if number != 7:
            assert advanced.ask(body)[0] == (0x03 if number in nobody else 0), number
        if number != 28:
            assert basic.ask(read(number, 3, 0))[0] == 0, number


def test_refusals():
    c = Client(meter())
    for number in (99, 2048 + 99, 4096 + 54):
        assert c.ask(read(number, 4)) == b"\x05"
        assert c.ask(read(number, 4, 0)) == b"\x05"
        assert c.ask(write(number, b"1", 0)) == b"\x05"
    for body in (b"\x20", b"\x00\x01", b"\x30\x00", b"\x3f\x00\x01", b"\x40\x00"):
        assert c.ask(body) == b"\x01"
    assert c.ask(read(52, 8, 0)) == b"\x04"
    assert c.ask(read(52, 1, 7)) == b"\x04"
    assert c.ask(read(52, 1, 0xFFFFFF)) == b"\x04"
    assert c.ask(read(52, 0, 7)) == b"\x00\x00\x00"


def test_full_read_is_cut_to_count():
    c = Client(meter(house="steady"))
    whole = c.data(28, 512)
    assert len(whole) == 220
    assert c.data(28, 44) == whole[:44]
    assert c.data(28, 0) == b""
    assert c.data(28, 8, 40) == whole[40:48]


def test_reply_of_more_than_465_bytes():
    c = Client(meter("gen4", "steady"))
    assert c.ask(read(23, 0xFFFF)) == b"\x05"
    assert c.ask(read(23, 466, 0)) == b"\x04"
    assert len(c.data(23, 465)) == 465
    assert len(c.data(23, 465, 0)) == 465
    assert len(c.whole(23, 684)) == 684
    assert c.ask(read(23, 1, 684)) == b"\x04"


def test_write_beyond_the_end_is_ignored():
    m = meter()
    c = Client(m, MAK)
    assert c.ask(write(15, b"\x07" * 30)) == b"\x00"
    assert c.data(15) == b"\x07" * 17
    assert c.ask(write(15, b"\x09", 18)) == b"\x04"
    assert c.ask(write(23, bytes(4), 0)) == b"\x04", "registers are not written here"


def test_procedure_sequence_number():
    m = meter()
    c = Client(m)
    assert c.ask(write(7, b"\x11\x08\x07\x00\x77\x00")) == b"\x00"
    assert c.data(8, 4) == bytes([0x11, 0x08, 7, CONFLICT])
    assert c.ask(write(7, b"\x11\x08\x07\x00\xf8\x03")) == b"\x04"
    assert c.ask(write(7, b"\x11\x08\x08\x02\xf8\x03")) == b"\x00"
    assert c.data(8, 4) == bytes([0x11, 0x08, 8, BAD_PARAMETER])
    assert c.ask(write(7, b"\x63\x00\x09")) == b"\x00"
    assert c.data(8, 4) == bytes([0x63, 0x00, 9, UNKNOWN])


def test_what_raises_alerts():
    m = meter()
    assert not m.alerting
    m.tables.alert_flags = 0x08
    m.tables.client_flags = 0x01
    assert not m.alerting, "M-Bus alerts are only for who asked for them"
    m.tables.client_flags = 0x05
    assert m.alerting
    assert Client(m).data(ET13, 1, 66 * 4 + 8) == b"\x08"
    m.tables.client_flags = 0x04
    assert not m.alerting, "not for a client that is not registered"
    m.enable_alerts()
    assert m.alerting
    assert Client(m).ask(write(ET50, b"\x00", 30)) == b"\x00"
    assert not m.alerting
