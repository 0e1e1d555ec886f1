import json
from binascii import unhexlify

from mep.errors import LocalError, TableError
from osgp import codec
from osgpkit import BT01, GEN3, GEN4, GEN430, bt21, learn, tables

try:
    from micropython import heap_lock, heap_unlock
except ImportError:

    def heap_lock():
        """CPython has no such lock."""

    heap_unlock = heap_lock

NAMES = "BT01 BT15 BT20 BT21 BT22 BT23 BT27 BT28 BT52 ET03 ET04 ET11 ET55"
IDENT = {
    "manufacturer": "ELON",
    "model": "83331-3I",
    "hardware": "0.00.00",
    "firmware": "3.84.06",
    "serial": "",
}
ALL = [codec.table_number(name) for name in NAMES.split()]


def _open(name):
    with open("tests/vectors/" + name) as f:
        return json.load(f)


def _frame(name):
    """(table, reply packet, offset of its table data, their count, values) of a real meter."""
    for f in _open("real_frames.json")["frames"]:
        if f["id"] == name:
            packet = unhexlify(f["reply"])
            assert packet[2] == 0
            return (
                codec.table_number(f["table"]),
                packet,
                5,
                packet[3] << 8 | packet[4],
                f["values"],
            )
    raise AssertionError(name)


def _official():
    """BT20, BT21 and the first bytes of ET11 of the guide's ET53 example (p. 48-50)."""
    for e in _open("guide_examples.json")["examples"]:
        if e["id"] == "et53_full":
            return {k: unhexlify(e["decoded"][k]) for k in ("BT20", "BT21", "ET11[0:10]")}
    raise AssertionError("et53_full")


def _decode(table, data, dims):
    return codec.decode(table, b"\xaa" * 7 + data + b"\xbb" * 7, 7, len(data), dims)


def _error(kind, call, *arguments):
    try:
        call(*arguments)
    except kind as e:
        return e
    raise AssertionError("no %s" % kind)


class Slots:
    """What a store does with a value, and no more."""

    def __init__(self, n):
        self.values = [None] * n

    def put(self, i, value):
        self.values[i] = value


def test_read_i32s_of_real_meters():
    for name, first in (("F1", 432), ("F2", 65845342), ("F6", 63961870)):
        _, packet, start, count, values = _frame(name)
        slots = Slots(len(values))
        codec.read_i32s(packet, start, count, slots.put)
        assert slots.values == values and values[0] == first
        assert count == 4 * len(values)


def test_read_i32s_at_the_edges():
    data = b"".join(
        [
            b"\xff\xff\xff\x7f",
            b"\x00\x00\x00\x80",
            b"\xff\xff\xff\xff",
            b"\x3b\xfe\xff\xff",
            b"\x00\x00\x00\xc0",
            b"\xff\xff\xff\x3f",
            b"\x01\x02\x03",
        ]
    )
    slots = Slots(6)
    codec.read_i32s(memoryview(data), 0, len(data), slots.put)
    assert slots.values == [0x7FFFFFFF, -0x80000000, -1, -453, -(1 << 30), (1 << 30) - 1]
    codec.read_i32s(data, 0, 3, None)  # not one whole value


def test_read_i32s_does_not_allocate_up_to_31_bits():
    data = bytearray(4 * 84 + 4)
    for i, quad in enumerate(
        (b"\xff\xff\xff\x3f", b"\x00\x00\x00\xc0", b"\x3b\xfe\xff\xff", b"\1\2\3\4")
    ):
        data[4 + 4 * i : 8 + 4 * i] = quad
    slots = Slots(84)
    put = slots.put
    codec.read_i32s(data, 4, 336, put)
    slots.values[:] = [None] * 84
    heap_lock()
    try:
        codec.read_i32s(data, 4, 336, put)
    finally:
        heap_unlock()
    assert slots.values[:5] == [(1 << 30) - 1, -(1 << 30), -453, 0x04030201, 0]


def test_layout_names_a_real_meters_values():
    # F1 and F2 are of one Gen 3 meter with 55 present values.
    names = [row[0] for row in list(learn(tables(GEN3, 55, 11)).layout())]
    now = _frame("F1")[4]
    for name, value in (
        ("power_forward", 432),
        ("reactive_export", 545),
        ("current_l1", 1978),
        ("voltage_l3", 226973),
        ("power_factor_l1", 711),
        ("frequency", 50000),
        ("power_factor_l2", 335),
        ("sin_phase_l3", -933),
        ("power_forward_l1", 320),
        ("current_ct_l2", 783),
        ("voltage_average_l1", 228532),
        ("power_forward_average_l3", 53),
    ):
        assert now[names.index(name)] == value, name
    sums = _frame("F2")[4]
    for name, value in (
        ("energy_forward", 65845342),
        ("energy_reverse", 179),
        ("outages", 10),
        ("error_counter", 0),
    ):
        assert sums[names.index(name) - 55] == value, name


def test_every_real_value_is_within_its_bounds():
    rows = list(learn(tables(GEN3, 55, 11)).layout())
    for values, of in (
        (_frame("F1")[4], rows),
        (_frame("F2")[4], rows[55:]),
        (_frame("F6")[4], rows[55:]),
    ):
        for row, value in zip(of, values):
            assert row[3] <= value <= row[4], row


def test_recorded_set_of_a_real_meter_is_within_its_bounds():
    rows = {row[0]: row for row in list(learn(tables(GEN3, 55, 11)).layout())}
    for name, value in (
        ("energy_forward", 115921469),
        ("energy_reverse", 201),
        ("power_forward", 701),
        ("reactive_import", 139),
        ("current_l1", 1536),
        ("voltage_l3", 234387),
        ("frequency", 50000),
        ("apparent_power", 822),
        ("power_factor_l2", 836),
        ("power_forward_l3", 25),
    ):
        assert rows[name][3] <= value <= rows[name][4]


def test_decode_of_real_meters():
    dims = learn(tables(GEN3, 55, 11))
    table, packet, start, count, values = _frame("F1")
    got = codec.decode(table, packet, start, count, dims)
    assert got == {"present_demands": [], "present_values": values}
    for name in ("F2", "F6"):
        table, packet, start, count, values = _frame(name)
        got = codec.decode(table, packet, start, count, dims)
        assert got["summations"] == values[:11] and got["demands"] == []
        assert [t["summations"] for t in got["tiers"]] == [
            values[i : i + 11] for i in (11, 22, 33, 44)
        ]
        assert codec.size(table, dims) == count


def test_dimensions_of_the_official_example():
    official = _official()
    has = tables(GEN3)
    has[20] = official["BT20"]
    has[21] = official["BT21"]
    del has[22], has[27]
    dims = learn(has)
    assert (dims.bt23_offset, dims.bt23_count) == (1, 60)
    assert (dims.bt28_offset, dims.bt28_count) == (32, 104)
    got = _decode(21, official["BT21"], dims)
    assert got["demand_reset_counter"] is True and got["time_remaining"] is False
    assert got["weekly_self_read"] is True and got["self_read_demand_reset"] == 0
    assert (got["summations"], got["demands"], got["coincidents"]) == (15, 8, 0)
    assert (got["tiers"], got["present_demands"], got["present_values"]) == (4, 8, 26)
    got = _decode(20, official["BT20"], dims)
    assert (got["self_reads"], got["coincidents"], got["tiers"]) == (253, 16, 4)
    got = _decode(2059, official["ET11[0:10]"] + bytes(22), dims)
    assert (got["devices"], got["config_entry_size"], got["status_entry_size"]) == (5, 66, 36)
    assert got["data_entry_size"] == 517
    assert got["transaction_request_length"] == 769


def test_identity_clock_and_constants():
    dims = learn(tables(GEN3))
    assert _decode(1, BT01 + b"\x3a\x86", dims) == IDENT
    # BT52 of the guide's appendix, with a flags byte: Thursday, summer time, UTC.
    got = _decode(52, b"\x04\x02\x10\x0f\x3b\x37\x1c", dims)
    assert got["clock"] == "2004-02-16T15:59:55" and got["day_of_week"] == 4
    assert got["dst"] is True and got["gmt"] is True and got["dst_applied"] is False
    assert _decode(52, b"\xff" * 7, dims)["clock"] is None
    bt15 = {"multiplier": 1, "offset": -2, "ratios_applied": True, "ct_ratio": 40, "vt_ratio": 1}
    assert _decode(15, b"\1\0\0\0\xfe\xff\xff\xff\1\x28\0\0\0\1\0\0\0", dims) == bt15
    data = b"4080123456 \0junk" + bytes(121) + b"\x23\xd8" + bytes(4)
    assert _decode(2051, data, dims) == {"serial": "4080123456", "image_crc": 55331}
    data = bytes(14) + b"\x9f\0\0\x01\x02\x03\x04\xff" + bytes(94) + b"\x2a" + bytes(12)
    got = _decode(2052, data, dims)
    assert (got["program_id"], got["idt_version"]) == ("9f000001020304ff", 42)


def test_bt23_with_demands_coincidents_and_tiers():
    # Offsets by hand from the guide's chart (p. 207-211): A = 1, two demands with time and
    # cumulative value, coincident values, two tiers.
    has = tables(GEN3, 55, 2, flags=0x17, demands=1, tiers=2)
    dims = learn(has)
    block = (
        b"\x01\0\0\0\x02\0\0\0"  # sums
        b"\x18\x03\x1c\x10\x14"  # time of the maximum
        b"\x64\0\0\0"  # cumulative
        b"\xff\xff\xff\xff"  # demand
        b"\x07\0\0\0\x08\0\0\0"  # two coincident values
    )
    data = b"\x05" + block * 3
    got = _decode(23, data, dims)
    want = {
        "summations": [1, 2],
        "demands": [{"times": ["2024-03-28T16:20"], "cumulative": 100, "values": [-1]}],
        "coincidents": [{"values": [7]}, {"values": [8]}],
    }
    assert got.pop("tiers") == [want, want]
    assert got.pop("demand_resets") == 5
    assert got == want
    assert codec.size(23, dims) == len(data) == 88


def test_bt22_bt27_and_bt28_with_demands():
    dims = learn(tables(GEN3, 3, 2, flags=0x43, demands=2, present_demands=2))
    data = b"\x00\x01" + b"\x08\x09" + b"\x02" + b"\x12\x13\x14\x15" + b"\0\0\1\1"
    assert _decode(22, data, dims) == {
        "summations": [0, 1],
        "demands": [8, 9],
        "demand_is_maximum": [False, True],
        "coincidents": [18, 19, 20, 21],
        "coincident_demands": [0, 0, 1, 1],
    }
    assert _decode(27, b"\x58\x59\x08\x09\x0a", dims) == {
        "present_demands": [88, 89],
        "present_values": [8, 9, 10],
    }
    data = b"\0\x0e\x3b\x64\0\0\0" + b"\0\0\x01\x65\0\0\0" + b"\x0a\0\0\0\x14\0\0\0\x1e\0\0\0"
    assert _decode(28, data, dims) == {
        "present_demands": [
            {"time_remaining": [0, 14, 59], "value": 100},
            {"time_remaining": [0, 0, 1], "value": 101},
        ],
        "present_values": [10, 20, 30],
    }


def test_what_depends_on_the_firmware_version():
    assert codec.size(2059, learn(tables(b"\x31\x55"))) == 24
    assert codec.size(2059, learn(tables(GEN3))) == 32
    assert codec.size(2059, learn(tables(GEN4))) == 38
    assert codec.size(2059, learn(tables(GEN430))) == 39
    assert _decode(2059, bytes(range(39)), learn(tables(GEN430)))["error_screens"] == 38
    assert "mep_channels" not in _decode(2059, bytes(39), learn(tables(GEN3)))
    data = bytes(197) + b"\x0a\x64"
    assert _decode(2103, data, learn(tables(GEN3)))["energy_register_unit"] == 10
    assert _decode(2103, data + bytes(22), learn(tables(GEN4)))["energy_register_unit"] == 100
    assert "energy_register_unit" not in _decode(2103, data, learn(tables(b"\x36\x40")))


def test_a_short_reply_names_table_field_and_missing_bytes():
    dims = learn(tables(GEN3, 55, 2, flags=0x17, demands=1, tiers=2))
    for table in ALL:
        whole = codec.size(table, dims)
        _decode(table, bytes(whole), dims)
        for n in range(whole):
            e = _error(TableError, codec.decode, table, bytes(whole), 0, n, dims)
            assert e.table == codec.table_name(table) and e.field and "missing" in e.why
    e = _error(TableError, _decode, 23, bytes(70), dims)
    assert (e.field, e.why) == ("tiers[1].demands[0].times", "2 bytes missing")
    # A count beyond the buffer's end is as short.
    e = _error(TableError, codec.decode, 52, bytes(9), 3, 7, dims)
    assert (e.field, e.why) == ("day_of_week", "1 bytes missing")


def test_a_size_that_is_not_known_is_said():
    e = _error(TableError, codec.decode, 23, bytes(99), 0, 99, None)
    assert e.field == "demand_resets" and "BT21.0.2" in e.why
    dims = learn({1: BT01 + GEN3, 21: bt21()})
    assert "BT20.7" in _error(TableError, codec.decode, 2103, bytes(300), 0, 300, dims).why
    assert "firmware" in _error(TableError, codec.size, 2059, None).why


def test_encode_is_the_inverse():
    # osgp.writer walks the same declaration as osgp.fields.
    dims = learn(tables(GEN430, 5, 3, flags=0x57, demands=2, tiers=2, present_demands=1))
    data = bytes([i * 7 + 3 & 0x7F for i in range(400)])
    for table in ALL:
        values = _decode(table, data[: codec.size(table, dims)], dims)
        again = codec.encode(table, values, dims)
        assert len(again) == codec.size(table, dims)
        if table == 1 or table == 2051:
            values = _decode(table, again, dims)  # control characters became `?`
        assert _decode(table, again, dims) == values
        assert codec.encode(table, values, dims) == again
    assert codec.encode(52, _decode(52, bytes(7), dims), dims) == bytes(7)


def test_encode_of_known_bytes():
    dims = learn(tables(GEN3))
    bt15 = {"multiplier": 1, "offset": -2, "ratios_applied": True, "ct_ratio": 40, "vt_ratio": 1}
    want = b"\1\0\0\0\xfe\xff\xff\xff\1\x28\0\0\0\1\0\0\0"
    assert codec.encode(15, bt15, dims) == want
    assert codec.encode(1, IDENT, dims) == BT01 + b"\x3a\x86"
    official = _official()["BT21"]
    assert codec.encode(21, _decode(21, official, dims), dims) == official


def test_encode_refuses_what_does_not_fit():
    dims = learn(tables(GEN3))
    good = {"multiplier": 1, "offset": 0, "ratios_applied": 0, "ct_ratio": 1, "vt_ratio": 1}
    for name, value, text in (
        ("ct_ratio", 1 << 31, "ct_ratio: write -2147483648..2147483647"),
        ("ct_ratio", "40", "ct_ratio"),
        ("ct_ratio", 1.5, "ct_ratio"),
        ("ratios_applied", 2, "write 0..1"),
        ("ct_ration", 1, "no such field"),
    ):
        bad = dict(good)
        bad[name] = value
        assert text in str(_error(LocalError, codec.encode, 15, bad, dims)), name
    del good["offset"]
    assert "offset: has no value" in str(_error(LocalError, codec.encode, 15, good, dims))
    bt27 = {"present_demands": [], "present_values": [8] * 54}
    assert "list of 55" in str(_error(LocalError, codec.encode, 27, bt27, dims))
    for name, value in (
        ("manufacturer", "ELONG"),
        ("manufacturer", "\u00c9L"),
        ("manufacturer", 7),
        ("firmware", "3.84"),
        ("firmware", "3.84.99"),
        ("firmware", None),
    ):
        bad = dict(IDENT)
        bad[name] = value
        assert name in str(_error(LocalError, codec.encode, 1, bad, dims)), value
    for clock in ("2004-02-30", "1999-01-01T00:00:00", "2300-01-01T00:00:00", "noon", 5):
        bt52 = _decode(52, bytes(7), dims)
        bt52["clock"] = clock
        assert "clock: write a time" in str(_error(LocalError, codec.encode, 52, bt52, dims))
    assert "by name" in str(_error(LocalError, codec.encode, 52, [1], dims))
    dims = learn(tables(GEN3, 3, 2, present_demands=1))
    bt28 = {"present_demands": [5], "present_values": [1, 2, 3]}
    assert "present_demands[0]" in str(_error(LocalError, codec.encode, 28, bt28, dims))


def test_table_names_and_numbers():
    for name, number in (("BT01", 1), ("BT28", 28), ("ET03", 2051), ("ET55", 2103)):
        assert codec.table_number(name) == number
        assert codec.table_name(number) == name
    assert codec.table_number(" et11 ") == 2059
    assert codec.table_name(2094) == "ET46" and codec.table_name(2127) == "ET79"
    assert codec.table_name(4150) == "pending BT54" and codec.table_name(6191) == "pending ET47"
    for name, near in (("BT82", "BT28"), ("ET5", "ET55"), ("BT2", "BT20"), ("28", "BT28")):
        assert near in str(_error(LocalError, codec.table_number, name)).split("Known")[0], name
    for name in ("", "BT", "BT28 BT23", "\u00e4", "ET03\0"):
        assert "no table" in str(_error(LocalError, codec.table_number, name))
    assert "BT99" in str(_error(LocalError, codec.decode, 99, b"", 0, 0, None))
