"""The basic tables, from bytes laid out by hand at the guides' offsets (pages: osgp.tables)."""

from mep.errors import TableError
from osgp import codec
from osgpkit import BT01, GEN3, GEN4, learn, tables

BT00 = {13: 10, 14: 13, 17: 9, 18: 2}
BT21 = {0: 0x03, 2: 3, 3: 2, 4: 0, 5: 0, 6: 1, 7: 2, 8: 0, 9: 3}
BT30 = {4: 3, 5: 0, 6: 2}
BT50 = {1: 0, 2: 0x23, 3: 2, 4: 3, 5: 4, 6: 0}
# Four data sets: blocks, intervals, channels, interval time.
SETS = b"\x64\0\x60\0\x08\x0f" + b"\x0a\0\x18\0\x02\x3c" + b"\x05\0\x05\0\x01\x05" + bytes(6)
BT61 = b"\0\x90\x01\0" + b"\0\x0c" + b"\x20" + SETS
BT71 = {3: 2, 5: 4, 6: 1}


def laid(size, parts):
    """Zeros of that size with bytes, or one byte, at offsets."""
    data = bytearray(size)
    for at in parts:
        part = parts[at] if isinstance(parts[at], bytes) else bytes([parts[at]])
        data[at : at + len(part)] = part
    assert len(data) == size, "a part is beyond the end"
    return bytes(data)


def meter(version=GEN3, **refers):
    """Dims of a meter with these other tables, as dict of offset to byte, or bytes."""
    dims = learn(tables(version))
    for name in refers:
        data = refers[name]
        number = codec.table_number(name)
        dims.tables[number] = data if isinstance(data, bytes) else laid(40, data)
    return dims


def true(got):
    """Names of what is set, without what is a number."""
    return sorted([name for name in got if got[name] is True])


def decoded(name, data, dims=None, whole=True):
    """The table's values; what was decoded is written as it was, and cut short is an error."""
    number = codec.table_number(name)
    dims = dims or meter()
    got = codec.decode(number, b"\xaa" + data + b"\xbb", 1, len(data), dims)
    assert codec.encode(number, got, dims) == data
    if whole:
        assert codec.size(number, dims) == len(data)
        try:
            codec.decode(number, data, 0, len(data) - 1, dims)
        except TableError as e:
            assert e.table == name and "missing" in e.why
        else:
            raise AssertionError("%s: a byte less was taken" % name)
    return got


def check(got, **wanted):
    for name in wanted:
        assert got[name] == wanted[name], (name, got[name])


def test_bt00():
    data = laid(
        19,
        {
            0: 0x02,
            1: 0x2A,
            2: 0x88,
            3: b"ELON",
            7: 2,
            9: 255,
            10: 12,
            11: 1,
            13: 10,
            14: 20,
            15: 2,
            16: 12,
            17: 9,
            18: 4,
        },
    )
    got = decoded("BT00", data)
    check(got, big_endian=False, char_format=1, time_format=2, data_access=1)
    check(got, identification_bcd=True, integer_format=0, non_integer_1=8, non_integer_2=8)
    check(got, manufacturer="ELON", nameplate_type=2, procedure_parameter_length=255)
    check(got, response_data_length=12, basic_tables_length=10, extended_tables_length=20)
    check(got, basic_procedures_length=2, extended_procedures_length=12, pending_tables=4)
    check(got, manufacturer_status_length=9)


def test_bt01():
    data = laid(24, {0: BT01, 12: b"\x30\x18", 14: b"\x3a\x86", 16: bytes(range(8))})
    got = decoded("BT01", data, whole=False)
    check(got, manufacturer="ELON", model="83331-3I", hardware="3.00.24", firmware="3.84.06")
    check(got, serial="0001020304050607")
    assert decoded("BT01", data[:16])["serial"] == ""


def test_bt03():
    low, high = meter(BT00={17: 4}), meter(BT00=BT00)
    data = laid(8, {0: 1, 1: b"\x10\x20", 3: 0x08, 4: 0x08, 5: 0x80, 6: 0x02, 7: 0x80})
    got = decoded("BT03", data, low)
    assert true(got) == [
        "backfill_failed",
        "load_side_voltage",
        "mbus_alarm",
        "metering",
        "neutral_current_or_earth_fault",
        "relay_1_open",
        "reverse_energy",
        "rom_failure",
    ]
    assert "unbalanced_voltage" not in got and len(got) == 3 + 16 + 4 + 32
    data = laid(10, {1: b"\x01\x80", 8: 0x81, 9: 0x01})
    got = decoded("BT03", data, high)
    assert true(got) == [
        "disconnect_error",
        "g3_event",
        "relay_2_open",
        "unbalanced_voltage",
        "unprogrammed",
    ]
    # As many bytes as BT00 says, of which the guide names the first six.
    assert codec.decode(3, laid(13, {8: 0x40}), 0, 13, high)["g3_alarm"] is True


def test_bt04():
    dims = meter(BT00=BT00)
    data = laid(
        10 + 13 + 6 + 2 * 8,
        {
            6: 0x40,
            10: 0x01,
            23: b"\x18\x03\x1c\x10\x14",
            28: 2,
            29: 0x31,
            30: b"abcde",
            35: b"\x2f\x18",
        },
    )
    got = decoded("BT04", data, dims)
    assert [i for i in range(80) if got["basic"][i]] == [54]
    assert [i for i in range(104) if got["extended"][i]] == [0]
    check(got, last_activation="2024-03-28T16:20", activations=2)
    first, second = got["pending"]
    check(first, event=1, self_read=True, demand_reset=True, storage="6162636465", table=0x82F)
    assert first["still_pending"] is True and second["table"] == 0


def test_bt07_and_bt08():
    # The guide's example (p. 53): EP17 with PSN 8, handle 0x03F8.
    got = decoded("BT07", b"\x11\x08\x07\x00\xf8\x03", whole=False)
    assert got == {"procedure": 2065, "response": 0, "psn": 7, "parameters": "00f803"}
    got = decoded("BT08", b"\x11\x08\x07\x02\xab", whole=False)
    assert got == {"procedure": 2065, "psn": 7, "result": 2, "data": "ab"}


def test_bt15_and_bt20():
    data = laid(17, {0: 1, 4: b"\xfe\xff\xff\xff", 8: 1, 9: 40, 13: b"\0\1"})
    got = decoded("BT15", data)
    check(got, multiplier=1, offset=-2, ratios_applied=True, ct_ratio=40, vt_ratio=256)
    # Of the guide's ET53 example (p. 49-50).
    got = decoded("BT20", b"\x3f\x0e\xfd\x0f\x08\x10\x01\x04\x08\x1a")
    check(got, season_info=True, continuous_cumulative_demand=True, time_remaining=False)
    check(got, self_read_sequence_number=True, self_read_demand_reset=0, self_reads=253)
    check(got, summations=15, demands=8, coincidents=16, occurrences=1, tiers=4)
    check(got, present_demands=8, present_values=26)


def test_bt21_and_bt22():
    got = decoded("BT21", b"\x3f\x0e\x0c\x0f\x08\x00\x01\x04\x08\x1a")
    check(got, demand_reset_lock=True, daily_self_read=True, weekly_self_read=True)
    check(got, self_reads=12, summations=15, coincidents=0, present_values=26)
    dims = meter(BT21={3: 3, 4: 9, 5: 2})
    data = laid(18, {0: b"\0\1\2", 3: bytes(range(8, 17)), 12: b"\x05\x01", 14: b"\x12\x13\4\5"})
    got = decoded("BT22", data, dims)
    check(got, summations=[0, 1, 2], coincidents=[18, 19], coincident_demands=[4, 5])
    assert got["demands"] == list(range(8, 17))
    assert [i for i in range(9) if got["demand_is_maximum"][i]] == [0, 2, 8]


def test_bt23_and_bt28():
    dims = meter(BT21=BT21)
    data = laid(24, {0: 5, 4: b"\xff\xff\xff\xff", 16: 7, 20: b"\0\0\0\x80"})
    got = decoded("BT23", data, dims)
    assert got["summations"] == [5, -1] and got["tiers"][1]["summations"] == [7, -(1 << 31)]
    got = decoded("BT28", laid(12, {4: b"\xbd\x02", 8: b"\x60\xf0\xff\xff"}), dims)
    assert got == {"present_demands": [], "present_values": [0, 701, -4000]}


def test_bt24_bt25_and_bt26():
    # One demand with its time, no tiers: the counter of resets, 2 sums, time, value.
    dims = meter(BT21={0: 0x07, 2: 3, 3: 2, 4: 1, 6: 1})
    block = laid(17, {0: 5, 4: 6, 8: b"\x18\x03\x1c\x10\x14", 13: 9})
    stamp = b"\x18\x01\x01\0\0\x02"
    got = decoded("BT24", stamp + block, dims)
    check(got, captured="2024-01-01T00:00", season=2, summations=[5, 6], tiers=[])
    assert got["demands"] == [{"times": ["2024-03-28T16:20"], "values": [9]}]
    got = decoded("BT25", stamp + b"\x0b" + block, dims)
    check(got, season=2, demand_resets=11, summations=[5, 6])
    entry = b"\x34\x12" + stamp + b"\x0b" + block
    data = b"\x06\x02\x01\x45\x23\x01" + entry + entry[:9] + b"\x01" + entry[10:]
    got = decoded("BT26", data, dims, whole=False)
    check(got, overflow=True, circular=True, entries=2, last=1, last_sequence=0x2345, unread=1)
    first, second = got["self_reads"]
    check(first, billing_definition=0x1234, captured="2024-01-01T00:00", season=2)
    check(first, demand_resets=11, summations=[5, 6])
    assert second["summations"] == [1, 6]
    # Three entries are the table; what a piece of it does not hold whole is left out.
    assert codec.size(26, dims) == 6 + 3 * 26
    assert len(codec.decode(26, data, 0, len(data) - 1, dims)["self_reads"]) == 1
    assert codec.decode(26, data, 0, 6, dims)["self_reads"] == []
    # Without demands there is no definition number.
    plain = meter(BT21={0: 3, 2: 9, 3: 6})
    got = decoded("BT26", bytes(6) + stamp + b"\x07" + bytes(23), plain, whole=False)
    assert got["self_reads"][0]["season"] == 2 and got["self_reads"][0]["summations"][0] == 7


def test_bt27_bt30_and_bt33():
    dims = meter(BT21={8: 2, 9: 3})
    got = decoded("BT27", b"\x58\x59\x08\x09\x0a", dims)
    assert got == {"present_demands": [88, 89], "present_values": [8, 9, 10]}
    got = decoded("BT30", laid(10, {0: 1, 1: b"\xc2\x03", 3: 2, 4: 30, 6: 1, 7: b"\2\1", 9: 3}))
    check(got, on_time=True, sources=962, source_width=2, primary_items=30, primary_lists=1)
    check(got, secondary_items=258, secondary_lists=3)
    data = laid(18, {0: 0x06, 1: 0x10, 2: 3, 3: b"\0\x20\1\x20", 9: 0x2F, 16: b"\x34\x12"})
    got = decoded("BT33", data, meter(BT30=BT30))
    assert got["lists"][0]["sources"] == [0x2000, 0x2001, 0]
    check(got["lists"][0], on_time=6, off_time=0, mode=1, items=3)
    check(got["lists"][1], on_time=15, off_time=2)
    assert got["lists"][1]["sources"][2] == 0x1234


def test_bt50_and_the_clocks():
    data = laid(9, {0: 0x03, 1: 0x18, 2: 0x2C, 3: 25, 4: 23, 5: 200, 7: b"\x28\x03"})
    got = decoded("BT50", data)
    check(
        got, tou_self_read=True, season_self_read=True, sort_dates=False, sort_tier_switches=True
    )
    check(got, time_zone_offset=True, seasons=12, special_schedules=2, non_recurring_dates=25)
    check(got, recurring_dates=23, tier_switches=200, calendar_size=808)
    got = decoded("BT52", b"\x04\x02\x10\x0f\x3b\x37\x1c")
    check(got, clock="2004-02-16T15:59:55", day_of_week=4, dst=True, gmt=True, dst_applied=False)
    got = decoded("BT53", b"\x02\x00\x00\x3c\xc4\xff")
    assert got == {"dst_at": "02:00:00", "dst_adjustment": 60, "time_zone_offset": -60}
    got = decoded("BT55", b"\x18\x03\x1c\x10\x14\0\x6c" + b"\xc3\x51")
    check(got, clock="2024-03-28T16:20:00", day_of_week=4, dst=True, gmt=False)
    check(got, time_zone_applied=True, dst_applied=True, tier=3, tier_drive=3)
    check(got, special_schedule=1, season=5)


def test_bt54():
    # 2 dates, 3 recurring dates, 4 switches, 3 seasons of 3 and 2 schedules.
    size = 2 * 3 + 3 * 3 + 4 * 3 + 3 * 5 + 4
    data = laid(
        size,
        {
            0: b"\x98\xe1\x53",  # 2024-03-28, special schedule 0, self-read
            6: b"\x3a\x00\x01",  # the last day but of October, DST on
            9: b"\x24\xf8\x80",
            15: b"\xa2\x80\x13",  # tier 2 from 16:05
            27 + 10: b"\1\2\3\4\5",
            size - 4: b"\x78\x56\x34\x12",
        },
    )
    got = decoded("BT54", data, meter(BT50=BT50))
    check(got["non_recurring"][0], date="2024-03-28", action=19, self_read=True)
    check(got["non_recurring"][1], date=None, action=0, demand_reset=False)
    check(got["recurring"][0], month=10, offset=3, weekday=0, day=0, action=1)
    check(got["recurring"][1], month=4, offset=2, weekday=0, day=31, tou_format_2=True)
    check(got["switches"][0], tier=2, minute=5, hour=16, schedule=19)
    assert got["seasons"][2] == {"saturday": 1, "sunday": 2, "weekday": 3, "special": [4, 5]}
    assert len(got["seasons"]) == 3 and got["calendar_id"] == 0x12345678
    seven = dict(BT50)
    seven[1] = 2  # a schedule for each day of the week
    got = decoded("BT54", bytes(27) + bytes(range(27)) + bytes(4), meter(BT50=seven))
    assert got["seasons"][1] == {
        "sunday": 9,
        "monday_to_saturday": [10, 11, 12, 13, 14, 15],
        "special": [16, 17],
    }
    # The guide's own figures make the size that it gives.
    assert codec.size(54, meter(BT50={2: 0x2C, 3: 25, 4: 23, 5: 200})) == 808


def test_bt60_and_bt61():
    for name in ("BT60", "BT61"):
        got = decoded(name, BT61)
        check(got, memory_length=102400, extended_status=True, simple_status=True)
        check(got, end_reading=False, i32_supported=True, ni_fmat2_supported=False)
        assert got["sets"][0] == {
            "blocks": 100,
            "intervals": 96,
            "channels": 8,
            "interval_time": 15,
        }
        assert len(got["sets"]) == 4 and got["sets"][1]["interval_time"] == 60
        assert len(decoded(name, BT61[:13], meter(b"\x31\x55"))["sets"]) == 1


def test_bt62():
    flags = {4: 0x40}  # scalars and divisors for data set 1 only
    dims = meter(BT61=BT61, BT60=flags)
    one = 8 * 3 + 1 + 8 * 4
    data = laid(
        one + 7 + 4 + 1, {1: 0x70, 22: 0x12, 24: 32, 25: 2, 41: 3, one + 1: 8, one + 6: 32}
    )
    got = decoded("BT62", data, dims)
    first = got["set_1"][0]
    assert [c["source"] for c in first["channels"]] == [0x70, 0, 0, 0, 0, 0, 0, 0x12]
    assert first["format"] == 32 and first["scalars"][0] == 2 and first["divisors"][0] == 3
    second = got["set_2"][0]
    assert second["channels"][0]["source"] == 8 and second["format"] == 32
    assert "scalars" not in second and got["set_4"] == [{"channels": [], "format": 0}]
    dims = meter(b"\x31\x55", BT61=BT61[:13], BT60={})
    got = decoded("BT62", bytes(24) + b"\x20", dims)
    assert got["set_1"][0]["format"] == 32 and got["set_2"] == []


def test_bt63():
    data = laid(52, {0: 0x26, 1: 40, 3: b"\x27\0", 5: b"\4\3\2\1", 9: 7, 11: 95, 39: 0x46, 50: 9})
    got = decoded("BT63", data)
    first = got["sets"][0]
    check(first, overflow=True, circular=True, active=True, test_mode=False, valid_blocks=40)
    check(first, last_block=39, last_sequence=0x01020304, unread_blocks=7, valid_intervals=95)
    check(got["sets"][3], test_mode=True, valid_intervals=9)
    assert len(decoded("BT63", data[:13], meter(b"\x31\x55"))["sets"]) == 1


def test_bt64_bt65_bt66_and_bt67():
    # Set 3: 5 blocks of 5 intervals of one channel.
    dims = meter(GEN4, BT61=BT61)
    interval = b"\x1a" + b"\x10\0\0\0"
    block = b"\x18\x03\x1c\x10\x14" + b"\x0b" + interval + b"\x24\xf0\xff\xff\xff" + bytes(15)
    got = decoded("BT66", block + block, dims, whole=False)
    assert codec.size(66, dims) == 5 * len(block) == 155
    first = got["blocks"][0]
    assert first["end"] == "2024-03-28T16:20" and "end_readings" not in first
    assert first["valid"] == [True, True, False, True, False]
    at = first["intervals"]
    assert at[0]["status"] == [10] and at[0]["values"] == [16] and true(at[0]) == ["dst"]
    assert at[1]["status"] == [4] and at[1]["values"] == [-16] and true(at[1]) == ["power_fail"]
    assert len(got["blocks"]) == 2 and len(first["intervals"]) == 5
    # Set 1: eight channels need five bytes of status.
    assert codec.size(64, dims) == 100 * (5 + 12 + 96 * (5 + 32))
    one = laid(5 + 12 + 96 * 37, {17: b"\xc2\x34\x56\x78\x90", 50: b"\x4e\x61\xbc\0"})
    got = decoded("BT64", one, dims, whole=False)["blocks"][0]
    assert got["intervals"][0]["status"] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert true(got["intervals"][0]) == ["clock_backward", "clock_forward"]
    assert got["intervals"][0]["values"][7] == 12345678
    # Set 2: two channels, with the readings at the end of each block.
    ends = meter(GEN4, BT61=BT61[:4] + b"\x10" + BT61[5:])
    block = laid(
        5 + 8 + 3 + 24 * 10, {5: b"\5\0\0\0\6", 13: b"\xff\xff\xff", 246: b"\0\x30", 248: 9}
    )
    got = decoded("BT65", block, ends, whole=False)["blocks"]
    assert got[0]["end_readings"] == [5, 6] and got[0]["valid"] == [True] * 24
    last = got[0]["intervals"][23]
    assert last["status"] == [0, 3] and last["values"] == [9, 0] and true(last) == []
    assert decoded("BT67", b"", dims, whole=False) == {"blocks": []}


def test_bt70_bt71_and_bt74():
    data = laid(9, {0: 0x06, 1: 8, 2: 19, 3: 2, 4: 2, 5: b"\xc8\0", 7: b"\1\2"})
    got = decoded("BT70", data)
    check(got, date_time=True, sequence_number=True, standard_events=8, manufacturer_events=19)
    check(got, history_data_length=2, history_entries=200, event_entries=513)
    check(decoded("BT71", data), standard_event_bytes=8, history_entries=200)
    dims = meter(BT71=BT71)
    entry = b"\x18\x03\x1c\x10\x14\x37" + b"\x34\x12" + b"\xfd\xff" + b"\x2b\x08" + b"\xab\xcd"
    head = laid(11, {0: 0x06, 1: 2, 3: 1, 5: b"\x34\x12\1\0", 9: 2})
    got = decoded("BT74", head + entry + entry, dims, whole=False)
    check(got, overflow=True, circular=True, entries=2, last=1, last_sequence=0x11234, unread=2)
    assert got["log"][1] == {
        "time": "2024-03-28T16:20:55",
        "sequence": 0x1234,
        "user": 0xFFFD,
        "event": 2091,
        "argument": "abcd",
    }
    assert codec.size(74, dims) == 11 + 260 * 14
