"""The extended tables ET21 to ET46, from bytes laid out by hand at the guides' offsets."""

from mep.errors import TableError
from osgp import codec
from osgpkit import GEN3, GEN4, GEN430
from test_tables_bt import check, decoded, laid, meter

G350 = b"\x36\x40"  # 3.50.00
G370 = b"\x38\xc0"  # 3.70.00
CPM = b"\x12\x80"  # 1.20.00, of a control point module
BT21 = {0: 0x04, 2: 3, 3: 2, 4: 0, 5: 0, 6: 1, 7: 1, 8: 0, 9: 3}
TIME = b"\x18\x03\x1c\x10\x14\x0f"
ISO = "2024-03-28T16:20:15"
HEADER = {0: 0x06, 1: 2, 2: 1, 3: b"\x09\1", 5: 1}


def true(got):
    """Names of what is set, without what is a number."""
    return sorted([name for name in got if got[name] is True])


def et21(at, parts):
    """The first 83 bytes of a data set that begins at ``at``, and more."""
    more = {0: b"\0\0\1\0", 4: b"\4\0\1\0", 8: b"\xd0\7\0\0", 12: b"\x0d\0", 14: b"\x0a\0"}
    more.update({16: b"\x60\0", 18: b"\x09\0", 20: b"\x5f\0", 22: 5, 23: 12, 24: 17, 25: 37})
    more.update({26: 5, 27: 0x41, 28: 8, 29: 15, 30: b"\0\1\2\3", 37: 9, 38: b"\xff\xff\xff\xff"})
    more.update({66: b"\1\0\0\0", 70: 10, 77: 17, 78: b"\xd2\4\0\0", 82: 6})
    more.update(parts)
    return {at + i: more[i] for i in more}


def test_et21():
    (got,) = decoded("ET21", laid(83, et21(0, {})), meter(b"\x21\x80"))["sets"]
    check(got, block_address=0x10000, interval_address=0x10004, block_size=2000)
    check(got, block_header_size=13, valid_blocks=10, valid_intervals=96, last_block=9)
    check(got, last_interval=95, simple_status_offset=5, simple_status_size=12)
    check(got, interval_offset=17, interval_size=37, channel_offset=5, common_status=0x41)
    check(got, channels=8, interval_time=15, sources=[0, 1, 2, 3, 0, 0, 0, 9], config_id=1234)
    check(got, placeholders=[-1, 0, 0, 0, 0, 0, 0, 1], more_sources=[10, 0, 0, 0, 0, 0, 0, 17])
    assert got["mep_start_channel"] == 6 and "block_start" not in got
    since_310 = {83: TIME, 89: 22, 90: 45, 91: b"\3\0", 93: 8}
    (got,) = decoded("ET21", laid(94, et21(0, since_310)), meter(b"\x31\x55"))["sets"]
    check(got, block_start=ISO, block_start_hour=22, block_start_minute=45)
    assert got["interval_in_progress"] == 3 and true(got) == ["ansi"]
    since_330 = dict(list(since_310.items()) + [(94, TIME), (101, b"\x18\x03\x1c\x11\x14\x0f")])
    (got,) = decoded("ET21", laid(107, et21(0, since_330)), meter(b"\x34\x00"))["sets"]
    check(got, interval_end=ISO, interval_end_local="2024-03-28T17:20:15")
    # Four sets of 131 bytes.
    since_330[107] = b"\0\x90\1\0"
    for version, last in ((G350, 0), (GEN3, 1), (CPM, 1)):
        since_330[111] = last
        parts = et21(0, {})
        parts.update(et21(393, since_330))
        got = decoded("ET21", laid(524, parts), meter(version))["sets"]
        assert len(got) == 4 and got[0]["config_id"] == 1234 and got[1]["channels"] == 0
        check(got[3], max_memory=102400, interval_end=ISO, sources=[0, 1, 2, 3, 0, 0, 0, 9])
        assert got[3].get("nvm_failed") == (None if version == G350 else True)


def test_et23():
    parts = {0: b"\1\2\3\4", 4: b"\xff\xff\xff\xff", 94: 3, 95: b"\x39\x30\0\0"}
    for version, size in ((GEN3, 186), (GEN4, 218)):
        got = decoded("ET23", laid(size, parts), meter(version))
        check(got, messages_received=0x04030201, messages_validated=0xFFFFFFFF)
        check(got, disconnect=3, calendar_id=12345)
        assert len(got) == 4


def test_et29():
    got = decoded("ET29", laid(20, {0: b"\x27\x17\x02", 5: 0x42}), meter(GEN3))
    low = ["cover_tamper", "disconnect", "external_ct", "magnetic_tamper", "mbus", "mep_1"]
    assert true(got) == low + ["polyphase", "pulse_input_1", "pulse_input_2"] + [
        "pulse_relay",
        "s0_output",
    ]
    assert got["usarts"] == [] and "mep_2" not in got
    assert "pulse_relay" not in decoded("ET29", laid(20, {5: 1}), meter(G350))
    parts = {0: b"\xe0\xe8\xfd", 5: 0x81, 24: b"\2\1\1", 27: b"\2\2\0", 30: b"\3\3\0"}
    parts.update({33: b"\xeb\x7f", 47: 0x41})
    got = decoded("ET29", laid(48, parts), meter(GEN430), whole=False)
    assert true(got) == [
        "backlight",
        "backup_power",
        "disconnect",
        "disconnect_sensor",
        "earth_fault",
        "external_disconnect",
        "external_voltage",
        "last_gasp",
        "mep_2",
        "no_lcd",
        "no_metering",
        "noise_detection_off",
        "non_latching_relay",
        "power_boost_relay",
        "relay_1",
        "relay_1_latching",
        "relay_2",
        "relay_2_latching",
        "s0_output_2",
        "security_chip",
        "single_phase",
        "tamper_input_1",
        "tamper_input_2",
        "toggle_button",
        "two_disconnect_sensors",
        "two_line_disconnect",
        "voltage_inverted",
    ]
    assert got["usarts"][0] == {"board": 2, "port": 1, "sequence": 1}
    assert got["usarts"][2] == {"board": 3, "port": 3, "sequence": 0}
    check(got, battery=3, line_sensor=1, neutral_sensor=2, uarts=[], buzzer=False)
    # A meter with a P2P modem.
    parts.update({48: b"\4\4\0", 51: b"\6\5\4"})
    got = decoded("ET29", laid(54, parts), meter(GEN430), whole=False)
    assert got["uarts"][1] == {"board": 6, "port": 5, "number": 4}
    got = decoded("ET29", laid(48, {0: 0x40, 34: 0x1F, 47: 2}), meter(GEN4), whole=False)
    assert got["line_sensor"] == 2 and got["last_gasp"] is True
    assert "relay_2" not in got and "relay_1_latching" not in got


def test_et31():
    # Each: time, season, resets, two totals and two of a tier.
    parts = dict(HEADER)
    parts.update({6: TIME[:5], 11: 2, 12: 4, 13: b"\1\0\0\0", 17: b"\xff\xff\xff\xff", 21: 5})
    parts.update({29: TIME[:5], 34: 3, 35: 6, 36: 7, 48: 8})
    dims = meter(GEN3, BT21=BT21, ET36={7: 2})
    got = decoded("ET31", laid(52, parts), dims, whole=False)
    assert codec.size(2079, dims) == 52
    check(got, descending=False, overflow=True, circular=True, inhibit_overflow=False)
    check(got, entries=2, last=1, last_sequence=265, unread=1)
    first, second = got["reads"]
    check(first, captured="2024-03-28T16:20", season=2, demand_resets=4, summations=[1, -1])
    check(second, season=3, demand_resets=6, summations=[7, 0])
    assert first["tiers"][0]["summations"] == [5, 0] and second["tiers"][0]["summations"] == [0, 8]
    assert "billing_definition" not in first
    # What is at hand of it.
    assert codec.decode(2079, laid(51, parts), 0, 51, dims)["reads"] == [first]
    assert codec.decode(2079, laid(99, parts), 0, 99, dims)["reads"] == [first, second]
    # With a demand, each has the number of the billing definition.
    demand = dict(BT21)
    demand.update({4: 1, 0: 0})
    dims = meter(GEN3, BT21=demand, ET36={7: 1})
    parts = {6: b"\xd2\4", 8: TIME[:5], 13: 2, 14: 9, 22: 3, 26: 10, 34: 4}
    (got,) = decoded("ET31", laid(38, parts), dims, whole=False)["reads"]
    check(got, billing_definition=1234, captured="2024-03-28T16:20", season=2, summations=[9, 0])
    assert got["demands"] == [{"values": [3]}] and got["tiers"][0]["demands"] == [{"values": [4]}]


def test_et34():
    # The guide's example (p. 34) has the hour in 5 bits from 17, the minute in 6 from 9.
    parts = {2: 0x81, 4: b"\x3c\0", 6: 1, 7: 2, 8: 3, 9: 0xB1, 10: 0xC9, 11: 255, 12: 254, 13: 30}
    parts.update({22 * 4 + 2: 0x10, 22 * 4 + 4: b"\0\1", 22 * 4 + 13: 9})
    got = decoded("ET34", laid(110, parts), meter(GEN3, ET11={0: 5, 13: 22}))["devices"]
    assert len(got) == 5 and [i for i in range(8) if got[0]["groups"][i]] == [0, 7]
    check(got[0], poll_rate=60, control_mdt=1, command_mdt=2, time_mdt=3, hour_bit=17)
    check(got[0], hour_bits=5, minute_bit=9, minute_bits=6, poll_wait=255, poll_retries=254)
    assert got[0]["poll_retry_wait"] == 30 and got[1]["poll_rate"] == 0
    check(got[4], poll_rate=256, poll_retry_wait=9)


def test_et36():
    parts = {0: 7}
    for i in range(7):
        number = (31, 32, 38, 41, 45, 75, 81)[i]
        parts[1 + 17 * i] = bytes([number, 0x08])
        parts[3 + 17 * i] = bytes([i, 2])
        parts[5 + 17 * i] = bytes([255 - i, 0])
        parts[7 + 17 * i] = bytes([10 + i, 0])
    parts.update({9: 1, 120: 0x52})
    with_bitmap = meter(GEN3, ET42={10: 0x10})
    got = decoded("ET36", laid(121, parts), with_bitmap, whole=False)
    assert [log["table"] for log in got["logs"]] == [31, 32, 38, 41, 45, 75, 81]
    first = {"table": 31, "extended": True, "procedure": False, "entry_size": 512}
    first.update({"max_entries": 255, "entries": 10, "length_included": True})
    assert got["logs"][0] == first and got["logs"][1]["length_included"] is False
    check(got["logs"][6], entry_size=518, max_entries=249, entries=16)
    assert got["unread"] == [False, True, False, False, True, False, True]
    del parts[120]
    got = decoded("ET36", laid(120, parts), meter(GEN3, ET42={10: 0}), whole=False)
    assert "unread" not in got and got["count"] == 7
    try:
        codec.decode(2084, laid(120, parts), 0, 120, with_bitmap)
    except TableError as e:
        assert e.field == "unread" and "1 bytes missing" in e.why
    else:
        raise AssertionError("a bitmap made of nothing")


def test_et41():
    parts = dict(HEADER)
    parts.update({6: b"\x22\0", 8: 2, 9: b"\xd2\4", 11: TIME[:5], 16: 3, 17: 5})
    parts.update({18: b"\1\0\0\0", 22: b"\xfe\xff\xff\xff", 26: 7, 34: b"\x22\0", 36: 1})
    parts.update({39: TIME[:5], 44: 1, 45: 6, 58: 0x7F})
    dims = meter(GEN3, BT21=BT21, ET36=laid(60, {58: 2}))
    got = decoded("ET41", laid(62, parts), dims, whole=False)
    assert codec.size(2089, dims) == 62
    check(got, overflow=True, circular=True, entries=2, last=1, last_sequence=265, unread=1)
    first, second = got["resets"]
    check(first, length=34, reason=2, billing_definition=1234, captured="2024-03-28T16:20")
    check(first, season=3, demand_resets=5, summations=[1, -2])
    assert first["tiers"][0]["summations"] == [7, 0]
    check(second, reason=1, season=1, demand_resets=6)
    assert second["tiers"][0]["summations"] == [0, 127]


# Two logs, a demand, two coincidents, three channels, two data types.
ET42 = {
    0: b"\x4d\0",
    2: 41,
    3: 2,
    4: 0x03,
    6: b"\1\0",
    8: b"\xd2\4",
    10: 0x1B,
    11: 12,
    12: 11,
    13: 1,
    14: 2,
    15: 1,
    16: 4,
    17: 5,
    18: 55,
    19: 15,
    20: 4,
    21: b"\x2c\1",
    23: b"\xd0\7\0\0",
    27: b"\x28\0",
    29: 3,
    30: 60,
    31: 15,
    32: 0x08,
    33: b"\x18\0",
    35: 22,
    36: 45,
    37: 0x16,
    38: b"\x64\0",
    40: 3,
    41: b"\2\xe8\0",
    44: b"\x08\x0d\2",
    47: 8,
    48: b"\4\5",
    50: b"\1\x40\2\0\xff\xff",
    56: 2,
    57: b"\x85\x0c\x93\x3a",
    61: b"\3\1\2\3",
}


def with_sets(version, settings):
    """A meter with this first byte of ET54, of which bit 2 tells that ET42 has all data sets."""
    dims = meter(version)
    dims.tables[2102] = bytes([settings])
    return dims


def test_et42():
    got = decoded("ET42", laid(65, ET42), with_sets(G350, 0), whole=False)
    check(got, length=77, fixed_length=41, log_count=2, c1219_compliance=1, self_reads=12)
    check(got, billing_definition=1234, summations=11, demands=1, coincidents=2, occurrences=1)
    check(got, tiers=4, present_demands=5, present_values=55, demand_subinterval=15)
    check(got, demand_multiplier=4, tier_size=300, block_size=2000, blocks=40, channels=3)
    check(got, interval_time=60, interval_size=15, intervals=24, block_start_hour=22)
    check(got, block_start_minute=45, history_entries=100, history_argument_size=3)
    flags = ["ansi", "cumulative_demand", "date_time", "demand_configured", "demand_resets"]
    flags += ["event_inhibit_overflow", "format_2", "ica_nak", "sequence_number"]
    assert true(got) == flags + ["unread_bitmap"]
    logs = [{"entries": 2, "entry_size": 232}, {"entries": 8, "entry_size": 525}]
    check(got, logs=logs, demand_sources=[8], coincident_sources=[4, 5])
    check(got, sources=[0x4001, 2, 0xFFFF], data_type_count=2, more_sets=[])
    assert got["data_types"] == [
        {"type": 1, "mdt": 1, "special": True, "drh": "0c933a"},
        {"type": 3, "mdt": 0, "special": False, "drh": "010203"},
    ]
    assert "required_length" not in got


def test_et42_with_more_sets():
    # Sets 2 and 4 follow; then what came with 3.60 and 3.70.
    parts = dict(ET42)
    parts.update({65: 0x05, 66: b"\xe8\3\0\0", 70: b"\x0a\0", 72: 2, 73: 15, 74: 9, 75: 8})
    parts.update({76: b"\x60\0", 78: 1, 79: 30, 80: b"\1\0\2\0", 84: b"\1\0\0\0", 90: 0})
    parts.update({96: 7, 98: 8, 99: b"\x20\0", 101: 3, 102: b"\4\0", 104: 10, 105: 9})
    for version, size in ((G370, 106), (CPM, 106), (b"\x37\x80", 101)):
        cut = {at: parts[at] for at in parts if at < size}
        dims = with_sets(version, 0x44)
        got = decoded("ET42", laid(size, cut), dims, whole=False)
        (more,) = got["more_sets"]
        assert true(more) == ["set_2", "set_4"] and len(more["sets"]) == 2
        check(more["sets"][0], block_size=1000, blocks=10, channels=2, interval_time=15)
        check(more["sets"][0], interval_size=9, ansi=True, intervals=96, block_start_hour=1)
        check(more["sets"][0], block_start_minute=30, sources=[1, 2])
        check(more["sets"][1], block_size=1, channels=0, block_start_hour=7, sources=[])
        check(got, required_length=8, et74_entries=32)
        if size == 106:
            check(got, et77_entries=3, et79_entries=4, energy_register_unit=10)
        assert got.get("rollover_digits") == (9 if size == 106 else None)


def et45(size, count=2):
    """A meter whose log has so many entries of that size."""
    parts = {71: size & 255, 72: size >> 8, 75: count}
    return meter(GEN3, ET36=laid(77, parts))


def test_et45():
    parts = dict(HEADER)
    # A water meter's telegram, then data of the MEP client, then counters of an old device.
    parts.update({6: b"\x2f\0", 8: b"\x05\x10", 10: b"\1\0", 12: 2, 13: 4, 14: TIME, 20: 4})
    parts.update({21: 32, 22: b"\x78\x56\x34\x12", 26: b"\x2d\x2c", 28: 27, 29: 7, 30: 200})
    parts.update({31: 0x04, 32: b"\5\5", 34: b"\x0c\x13", 530: 0x55})
    parts.update({531: b"\x0e\0", 535: b"\xe8\3", 538: 4, 539: TIME, 546: b"\2\1", 548: 3})
    parts.update({550: b"\1\2\3", 1055: 0x66, 1060: b"\xe7\3", 1070: 2, 1071: 16, 1072: 1})
    parts.update({1076: 9, 1077: 3, 1078: b"\xe9\x7e", 1080: b"\1\0\0\0", 1084: b"\2\0\0\0"})
    got = decoded("ET45", laid(1581, parts), et45(525, 3), whole=False)
    check(got, overflow=True, entries=2, last=1, last_sequence=265, unread=1, short_reads=[])
    water, client, old = got["reads"]
    check(water, entry_length=47, identifier=5, namespace=2, handle=1, execution=2, result=4)
    check(water, time=ISO, decrypted=True, length=32, serial="12345678", manufacturer=11309)
    check(water, version=27, medium=7, access=200, power_low=True, signature=0x505)
    assert water["data"] == "0c13" + 494 * "00" + "55"
    check(client, handle=1000, result=4, time=ISO, read_count=258, length=3)
    assert client["data"] == "010203" + 502 * "00" + "66" and "serial" not in client
    check(old, handle=999, fixed=True, length=16, serial="00000001", access=9, binary=True)
    check(old, at_fixed_date=True, medium_unit=0x7EE9, counter_1=1, counter_2=2)
    # What is at hand of it, and entries with more bytes than the guide knows of.
    got = codec.decode(2093, laid(1581, parts), 0, 1580, et45(525, 3))
    assert got["reads"] == [water, client]
    data = laid(1106, {10: 1, 530: 1, 556: 1, 560: b"\xe8\3", 573: 7})
    got = codec.decode(2093, data, 0, 1106, et45(550))["reads"]
    assert [e["handle"] for e in got] == [1, 1000] and got[1]["length"] == 7
    assert len(got[0]["data"]) == 2 * 522 and len(got[1]["data"]) == 2 * 531


def test_et45_with_short_entries():
    # Their bytes as they are: nothing is made of the entry that follows.
    data = laid(206, {6: 0xAA, 105: 0xBB, 106: 0xCC, 205: 0xDD})
    got = decoded("ET45", data, et45(100), whole=False)
    assert got["reads"] == [] and [e["data"][:2] for e in got["short_reads"]] == ["aa", "cc"]
    assert [e["data"][-2:] for e in got["short_reads"]] == ["bb", "dd"]


def test_et46():
    parts = {11: 1, 13: b"\x18\xfc\xff\xff", 17: TIME}
    for version in (G370, GEN430, CPM):
        got = decoded("ET46", laid(23, parts), meter(version))
        assert got == {"control": 1, "prepay_negative_credit": -1000, "opened": ISO}
    assert decoded("ET46", laid(13, {11: 1}), meter(G350)) == {"control": 1}
