"""osgp.procedures: what each takes and gives, as bytes from the guide's offsets (p. 241-247)."""

from mep.errors import LocalError, TableError
from osgp import procedurelist, procedures
from osgp.procedures import find


class Firmware:
    def __init__(self, *version):
        self.version = version


def refused(code, values, *parts):
    try:
        find(code).encode(values)
    except LocalError as e:
        for part in parts:
            assert part in str(e), (part, str(e))
        return
    raise AssertionError("%s takes %s" % (code, values))


def test_ep17_is_the_guides_example():
    # p. 53: 11 08 07 00 F8 03: EP17, PSN 7, then action 0, handle 0x03F8.
    ep17 = find("EP17")
    assert ep17.number == 0x811
    assert ep17.encode({"action": 0, "handle": "0x03F8"}) == b"\x00\xf8\x03"
    assert ep17.encode({"action": "address_250", "handle": 65535}) == b"\x01\xff\xff"
    assert ep17.level == "MBK" and ep17.seconds > 1 and ep17.client == "any"
    assert ep17.decode(b"") == {}


def test_ep19_by_request():
    ep19 = find("post_mbus_request")
    assert ep19.number == 2067 and ep19.level == "MAK"
    # p. 245: transaction at 3, target at 5, request at 7, length at 8, data at 9 of BT07.
    bare = ep19.encode({"target": 1, "request": "billing_read"})
    assert bare == b"\x00\x04\x01\x00\x02"
    data = ep19.encode({"transaction": 0x4FF, "target": 0xE, "request": 10, "data": "08 AB"})
    assert data == b"\xff\x04\x0e\x00\x0a\x02\x08\xab"
    assert ep19.decode(b"\x07") == {"entry": 7}
    try:
        ep19.decode(b"")
    except TableError as e:
        assert str(e) == "EP19, entry: 1 bytes missing"
    else:
        raise AssertionError("an answer without its entry")


def test_ep19_switchover_by_firmware():
    ep19 = find("EP19")
    values = {"target": 5, "request": "switchover"}
    assert ep19.encode(values, Firmware(3, 70, 1)) == b"\x00\x04\x05\x00\x09"
    more = dict(values)
    more.update({"image_length": 0x10203, "image_mac": "AB" * 16})
    new = ep19.encode(more, Firmware(3, 80, 0))
    assert new == b"\x00\x04\x05\x00\x09\x03\x02\x01\x00" + b"\xab" * 16
    more["image_mac"] = "AB" * 15
    try:
        ep19.encode(more, Firmware(3, 80, 0))
    except LocalError as e:
        assert "image_mac: write hex digits of 16 bytes" in str(e)
    else:
        raise AssertionError("a short MAC")


def test_ep39_counts_its_data():
    ep39 = find("EP39")
    assert ep39.number == 0x827 and ep39.level == "MBK" and ep39.memory == "RAM"
    # What an open reader sends to real meters for a scheduled read.
    values = {"type": "scheduled_read_and_alarms", "data": "010203040506"}
    assert ep39.encode(values) == b"\x04\x01\x06\x00\x01\x02\x03\x04\x05\x06"
    assert ep39.encode({"type": "clear_delta_data"}) == b"\x0c\x01\x00\x00"
    assert ep39.encode({"type": 12, "data": b"\x05"}) == b"\x0c\x01\x01\x00\x05"


def test_ep61_and_the_standard_ones():
    assert find(2109).encode({"lock": "lock"}) == b"\x01"
    assert find("ep61").client == "two" and find("EP61").since == "4.0"
    assert find("BP12").encode({}) == b""
    assert find("BP05").encode({"list": "history_log", "entries": 300}) == b"\x08\x2c\x01"


def test_what_the_guides_do_not_tell():
    assert find("EP16").level == "MBK"
    assert find("EP16").encode({"raw": "0A 00"}) == b"\x0a\x00"
    assert find("EP16").decode(b"\x01\x02") == {"raw": "0102"}
    refused("EP16", {}, "raw=HEX")
    refused("EP16", {"seconds": 3}, "no parameter seconds", "it takes raw")
    refused("EP16", {"raw": "0"}, "two a byte")


def test_errors_say_what_to_write():
    refused("EP17", {"acton": 0}, "EP17: there is no parameter acton; it takes action, handle")
    refused("EP17", {"action": 0}, "handle has no value", "0..65535")
    refused("EP17", {"action": "away", "handle": 1}, "address_0 (0), address_250 (1)", "away")
    refused("EP17", {"action": 0, "handle": 65536}, "handle: write 0..65535, not 65536")
    refused("EP17", {"action": 0, "handle": -1}, "0..65535")
    refused("EP19", {"target": 1, "request": 4}, "data has no value; write hex digits")
    refused("EP19", {"target": 1, "request": 2, "data": "00"}, "only where request=4,6,10")
    refused("EP19", {"target": 1, "request": 4, "data": "0x"}, "data: write hex digits")
    refused("EP19", {"target": 1, "request": 4, "data": "00" * 256}, "size: write 0..255")
    refused("EP39", {"type": 12, "data": "00" * 470}, "one write takes 462")
    refused("BP12", {"x": 1}, "it takes none")


def test_nearest_are_offered():
    for wanted, near in (("EP71", "EP61"), ("remove_devise", "EP17"), ("EP 39", "EP39")):
        try:
            find(wanted)
        except LocalError as e:
            assert "did you mean" in str(e) and near in str(e), str(e)
        else:
            raise AssertionError(wanted)


def test_results_in_words():
    ep17 = find("EP17")
    assert ep17.result(0) == "done"
    assert ep17.result(3) == "no device has this handle"
    assert find("EP16").result(3) == "conflicts with how the meter is set up"
    assert ep17.result(6) == "the meter does not know this procedure"
    assert find("EP19").result(7) == "the queue of requests is full"
    assert ep17.result(200) == "result 200, not in the guides"


def test_each_declaration_is_whole():
    codes = procedures.names()
    assert codes == sorted(codes) and len(set(codes)) == len(codes)
    for code in codes:
        p = find(code)
        assert p.code == code and p.number == procedurelist.number_of(code)
        assert procedurelist.code_of(p.number) == code
        assert procedurelist.head(p.number)[:2] == [code, p.name]
        assert p.level in ("MBK", "MAK") and p.client in ("any", "two")
        assert p.memory in ("RAM", "NVM") and 1 <= p.seconds <= 60 and "p. " in p.source
        assert procedurelist.version(p.since) >= (0,)
        for name, kind, words, default, when in p.parameters():
            assert name and kind
            if words:
                assert len(set(words.values())) == len(words)
        assert p.answer_size == (1 if code == "EP19" else 0)
