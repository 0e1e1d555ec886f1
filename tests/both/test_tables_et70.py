"""The extended tables from ET70 on, from bytes laid out by hand at the guide's offsets."""

from mep.errors import TableError
from osgp import codec
from osgpkit import GEN3, GEN4, GEN430
from test_tables_bt import check, decoded, laid, meter

G382 = b"\x3a\x40"  # 3.82.00
G402 = b"\x40\x40"  # 4.02.00
G410 = b"\x41\x40"  # 4.10.00
G450 = b"\x46\x40"  # 4.50.00
CPM = b"\x12\x80"  # 1.20.00, of a control point module
CPM131 = b"\x13\xe0"  # 1.31.00
TIME = b"\x18\x03\x1c\x10\x14\x0f"
ISO = "2024-03-28T16:20:15"
LATER = b"\x18\x03\x1c\x11\x00\x01"
ISO_LATER = "2024-03-28T17:00:01"
# Header of a log with numbers of a byte: flags, entries, last, sequence, unread.
HEADER = {0: 0x06, 1: 2, 2: 1, 3: b"\x09\1", 5: 1}


def head(got):
    check(got, descending=False, overflow=True, circular=True, inhibit_overflow=False)
    check(got, entries=2, last=1, last_sequence=265, unread=1)


def test_et70():
    got = decoded("ET70", laid(156, {142: 2}), meter(GEN4))
    assert got == {"comm_channel": 2}
    # Before 4.0 there is nothing but reserved bytes.
    assert decoded("ET70", laid(142, {}), meter(GEN3)) == {}
    try:
        codec.decode(2118, bytes(142), 0, 142, meter(GEN4))
    except TableError as e:
        assert e.field == "comm_channel" and e.why == "1 bytes missing"
    else:
        raise AssertionError("a byte less was taken")


def test_et71():
    parts = {0: b"\x08\0", 2: b"\x64\0", 4: b"\xbd\2\0\0", 8: b"\x9c\xff\xff\xff", 12: 0}
    parts.update({13: b"\xff\0", 26: b"\x02\x40", 28: b"\xff\xff", 34: b"\0\0\0\x80", 38: 1})
    got = decoded("ET71", laid(39, parts), meter(GEN3, ET11={27: 3}))["alerts"]
    assert got[0] == {
        "source": 8,
        "delta": 100,
        "comparison": 701,
        "sampled": -100,
        "source_invalid": False,
    }
    assert got[1]["source"] == 255 and got[1]["delta"] == 0
    check(got[2], source=0x4002, delta=65535, sampled=-(1 << 31), source_invalid=True)
    # Firmware before 3.40 has none, whatever byte 27 of its ET11 is.
    assert decoded("ET71", b"", meter(b"\x33\x00", ET11={27: 3}), whole=False) == {"alerts": []}


def et74(size, count):
    """A meter whose log has so many entries of that size."""
    sizes = laid(77, {71: size & 255, 72: size >> 8})
    return meter(GEN3, ET36=sizes, ET54=laid(71, {69: count & 255, 70: count >> 8}))


def test_et74():
    parts = {0: 0x06, 1: b"\2\1", 3: b"\1\0", 5: b"\x39\x30", 7: b"\0\1"}
    # A heat meter's telegram, then data of the MEP client, then counters of an old device.
    parts.update({9: b"\x2f\0", 13: b"\2\0", 15: 2, 16: 4, 17: TIME, 23: 0x04, 24: 32})
    parts.update({25: b"\x78\x56\x34\x12", 29: b"\x2d\x2c", 31: 27, 32: 4, 33: 200, 34: 0x08})
    parts.update({35: b"\5\5", 37: b"\x0c\x06", 533: 0x55})
    parts.update({534: b"\x0e\0", 538: b"\xe8\3", 541: 4, 542: TIME, 549: b"\2\1", 551: 3})
    parts.update({553: b"\1\2\3", 1058: 0x66})
    parts.update({1063: b"\xe7\3", 1073: 2, 1074: 16, 1075: b"\1\0\0\0", 1079: 9, 1080: 3})
    parts.update({1081: b"\xe9\x7e", 1083: b"\7\0\0\0", 1087: b"\x08\0\0\0"})
    got = decoded("ET74", laid(1584, parts), et74(525, 258), whole=False)
    check(got, overflow=True, circular=True, entries=258, last=1, last_sequence=12345, unread=256)
    heat, client, old = got["reads"]
    check(heat, entry_length=47, handle=2, execution=2, result=4, time=ISO, decrypted=True)
    check(heat, length=32, serial="12345678", manufacturer=11309, version=27, medium=4)
    check(heat, access=200, permanent_error=True, temporary_error=False, signature=0x505)
    assert heat["data"] == "0c06" + 494 * "00" + "55"
    check(client, handle=1000, result=4, time=ISO, read_count=258, length=3)
    assert client["data"] == "010203" + 502 * "00" + "66"
    check(old, handle=999, fixed=True, access=9, binary=True, medium_unit=0x7EE9)
    check(old, counter_1=7, counter_2=8)
    # No more than the log holds; what is at hand of it; entries that are shorter.
    assert len(codec.decode(2122, laid(1584, parts), 0, 1584, et74(525, 2))["reads"]) == 2
    assert len(codec.decode(2122, laid(1584, parts), 0, 1583, et74(525, 3))["reads"]) == 2
    got = decoded("ET74", laid(209, {9: 0xAA, 208: 0xDD}), et74(100, 2))
    assert got["reads"] == [] and got["short_reads"][0]["data"][:2] == "aa"
    assert got["short_reads"][1]["data"][-2:] == "dd"


def test_et75():
    sizes = {"BT60": {11: 16}, "BT20": {4: 8}, "ET36": laid(94, {92: 2})}
    parts = dict(HEADER)
    parts.update({6: TIME[:5], 11: b"\x08\0\x02\x40", 41: b"\x0f\0", 43: 1, 50: 9, 51: 5, 52: 3})
    parts.update({53: b"1.8.", 57: 0x0F, 58: 0x80 | 6 << 3 | 2, 143: b"C.99", 147: 1, 148: 0x41})
    parts.update({149: LATER[:5], 194: 15, 195: 1, 286: b"E.01", 290: 2, 291: 0x3F})
    got = decoded("ET75", laid(292, parts), meter(GEN3, **sizes), whole=False)
    assert codec.size(2123, meter(GEN3, **sizes)) == 292
    head(got)
    first, second = got["log"]
    check(first, time=ISO[:-3], sources=[8, 0x4002] + [0] * 13 + [15])
    check(first, demand_sources=[1] + [0] * 6 + [9], demand_subinterval=5, demand_multiplier=3)
    assert len(first["channels"]) == 16
    check(first["channels"][0], code="1.8.", points=15, digits_after_point=2)
    check(first["channels"][0], digits_before_point=6, hide_zeros=True)
    check(first["channels"][15], code="C.99", points=1, digits_after_point=1)
    check(first["channels"][15], digits_before_point=8, hide_zeros=False)
    check(second, time=ISO_LATER[:-3], demand_subinterval=15, demand_multiplier=1)
    check(second["channels"][15], code="E.01", points=2, digits_after_point=7)
    # Gen 4: codes of five letters, all that follows is a byte later.
    parts = dict(HEADER)
    parts.update({51: 5, 52: 3, 53: b"01.80", 58: 0x1F, 59: 0x31})
    parts.update({158: b"0C.99", 163: 3, 164: 0x8A, 165: TIME[:5]})
    got = decoded("ET75", laid(324, parts), meter(GEN4, **sizes), whole=False)
    first, second = got["log"]
    check(first["channels"][0], code="01.80", points=31, digits_after_point=1)
    check(first["channels"][15], code="0C.99", digits_before_point=1, hide_zeros=True)
    assert second["time"] == ISO[:-3] and codec.size(2123, meter(GEN4, **sizes)) == 324


def test_et79():
    parts = {0: 0x06, 1: b"\2\1", 3: b"\1\0", 5: b"\x10\0\1\0", 9: b"\0\1"}
    parts.update({11: TIME, 17: b"\x0f\0", 19: b"\xfd\xff", 21: b"\x9f\0", 23: b"\1\2"})
    parts.update({25: LATER, 31: b"\x10\0", 33: b"\xff\xff", 35: b"\xff\x0f", 37: b"\3\4"})
    has = {"ET54": laid(82, {80: b"\0\1"}), "BT71": {3: 2, 5: 1}}
    got = decoded("ET79", laid(39, parts), meter(GEN3, **has), whole=False)
    check(got, overflow=True, circular=True, entries=258, last=1, last_sequence=65552, unread=256)
    first, second = got["log"]
    check(first, time=ISO, sequence=15, user=0xFFFD, event=159, argument="0102")
    check(second, time=ISO_LATER, sequence=16, user=0xFFFF, event=4095, argument="0304")
    # As many as ET54 says, in which BT71 with its own log has no say.
    assert codec.size(2127, meter(GEN3, **has)) == 11 + 256 * 14
    has["ET54"] = laid(82, {})
    assert decoded("ET79", laid(11, {}), meter(GEN3, **has))["log"] == []


def test_et80():
    got = decoded("ET80", laid(8, {0: 1, 1: b"\x84\3", 3: 15, 4: b"\x40\x1f\1\0"}))
    assert got == {"enabled": 1, "subinterval": 900, "multiplier": 15, "threshold": 73536}


def test_et81():
    parts = dict(HEADER)
    parts.update({6: TIME, 12: LATER, 18: LATER, 24: b"\0\0\0\0\0\0"})
    has = {"ET36": laid(111, {109: 2})}
    got = decoded("ET81", laid(30, parts), meter(GEN3, **has), whole=False)
    head(got)
    assert got["log"] == [
        {"start": ISO, "end": ISO_LATER},
        {"start": ISO_LATER, "end": None},
    ]
    # 300 of them: the number has two bytes.
    has = {"ET36": laid(111, {109: b"\x2c\1"})}
    assert codec.size(2129, meter(GEN3, **has)) == 6 + 300 * 12


def test_et85():
    # EP39 was called with the number 7; it is not done yet.
    got = decoded(
        "ET85", laid(16, {0: b"\x27\x08", 2: 7, 3: 1, 4: b"\xaa"}), meter(GEN4), whole=False
    )
    assert got == decoded("ET59", laid(16, {0: b"\x27\x08", 2: 7, 3: 1, 4: b"\xaa"}), whole=False)
    check(got, procedure=0x827, psn=7, result=1)


def test_et89():
    # The first byte of an identification has its highest bit set (p. 126): it is not text.
    parts = {
        0: b"\xe9\3",
        2: b"\x81\0\x21\5",
        32: 3,
        33: 2,
        34: b"\xea\3",
        36: b"PLUG" + b"-" * 26,
    }
    parts.update({66: 255, 67: 254})
    got = decoded("ET89", laid(68, parts), meter(GEN430))
    one, two = got["meps"]
    check(
        one,
        prior_handle=1001,
        prior_id="81002105" + "00" * 26,
        register_requests=3,
        register_allowed=2,
    )
    check(
        two,
        prior_handle=1002,
        prior_id="504c5547" + "2d" * 26,
        register_requests=255,
        register_allowed=254,
    )
    assert sorted(got) == ["meps", "relays"] and got["relays"] == []


def test_et89_of_4_50():
    parts = {68: TIME, 74: 2, 75: 3, 76: b"\xff\xff\x03\0", 80: b"\x0a\0\x08\0", 84: b"\0\0\x10\0"}
    parts.update({88: b"\1\0\x28\0", 92: 0, 105: b"\x0f\0\x20\0", 109: b"\x34\x12\x78\x56"})
    parts.update({113: 2, 114: 32, 115: b"\x34\x12", 117: b"\0\0\x0c\0", 121: 72})
    parts.update({122: b"\1\2\3\4\5\6\7\x08", 130: 0x40, 131: 0x05, 132: b"\xfe"})
    got = decoded("ET89", laid(133, parts), meter(G450), whole=False)
    check(got, last_h1_telegram=ISO, h1_device_present=False, plc_disabled=True)
    one, two = got["relays"]
    assert one["mode"] == 3 and two["mode"] == 0
    assert one["states"] == [
        {"remaining": 262143, "no_expiry": False, "state": 0},
        {"remaining": 10, "no_expiry": True, "state": 0},
        {"remaining": 0, "no_expiry": False, "state": 1},
        {"remaining": 1, "no_expiry": True, "state": 2},
    ]
    assert two["states"][3] == {"remaining": 15, "no_expiry": False, "state": 2}
    check(got, image_key_ids=[0x1234, 0x5678], image_key_0_invalid=False, image_key_1_invalid=True)
    check(got, image_error=32, image_key_id=0x1234, image_length=786432, signature_length=72)
    check(got, signature="0102030405060708", more="4005fe")
    # Without the part whose sizes the guide does not give.
    assert decoded("ET89", laid(130, {}), meter(G450))["more"] == ""


def test_et90():
    parts = {0: b"\x2c\1", 2: 20, 3: 2, 4: 64, 5: 31, 6: 32, 7: 5, 8: 33, 9: 34, 10: 35, 11: 36}
    parts.update({12: 37, 13: 40, 14: 3, 15: 10, 16: 4, 17: b"\xc8\1", 19: 23})
    got = decoded("ET90", laid(20, parts), meter(GEN430))
    check(got, ip_address_length=300, urgent_alarm_length=20, connection_reason_length=2)
    check(got, apn_length=64, apn_user_length=31, apn_password_length=32, sim_pin_length=5)
    check(got, manufacturer_length=33, model_length=34, revision_length=35, imei_length=36)
    check(got, sim_phone_number_length=37, operator_name_length=40, max_connections=3)
    check(got, max_connection_services=10, ftz_messages=4, at_reply_length=456)
    assert got["sim_iccid_length"] == 23
    got = decoded("ET90", laid(17, {15: 10, 16: 3}), meter(G410))
    check(got, max_connection_services=10, ftz_messages=3)
    for version in (G382, G402, CPM131):
        assert decoded("ET90", laid(17, {16: 3}), meter(version)) == {"ftz_messages": 3}
    for version in (b"\x3a\x20", b"\x40\x20", CPM):
        assert decoded("ET90", b"", meter(version), whole=False) == {}


def test_et97():
    # Two messages, so what follows begins at 16.
    parts = {0: b"12.5 kWh", 8: b"FREE", 16: 1, 17: b"\xff\xff", 46: 0x0F}
    for version in (G382, CPM131):
        got = decoded("ET97", laid(47, parts), meter(version, ET90={16: 2}))
        assert [m["text"] for m in got["ftz_messages"]] == ["12.5 kWh", "FREE"]
        assert got["mep_1_id_comparison"] == 1
        assert got["mep_1_id_mask"] == "ffff" + 54 * "0" + "0f"
        assert "mep_2_id_mask" not in got and "power_boost" not in got
    assert decoded("ET97", b"", meter(GEN3[:1] + b"\x20", ET90={16: 2}), whole=False) == {
        "ftz_messages": [],
        "relays": [],
    }


def test_et97_of_gen_4():
    a = 24
    parts = {0: b"A", 16: b"CCCCCCCC", a: 2, a + 30: 0xEE, a + 31: 3, a + 32: 0xDD, a + 61: 0xCC}
    parts.update({a + 62: 2, a + 63: b"\1\0", a + 71: b"\2\1", a + 73: 0x09, a + 74: b"\x2c\1"})
    parts.update({a + 76: 0x01 | 2 << 2 | 0x10 | 2 << 5, a + 77: 30, a + 78: b"\x17\x3b"})
    parts.update({a + 80: b"\3\0", a + 90: 1, a + 91: 5, a + 93: 0x60, a + 94: 7, a + 96: 59})
    # The interval has two bytes; what the guide puts into the second of them follows it.
    parts.update({a + 97: b"\x3c\1", a + 99: 1, a + 100: 0, a + 101: 1})
    got = decoded("ET97", laid(a + 102, parts), meter(GEN430, ET90={16: 3}))
    assert [m["text"] for m in got["ftz_messages"]] == ["A", "", "CCCCCCCC"]
    check(got, mep_1_id_comparison=2, mep_1_id_mask=58 * "0" + "ee", mep_2_id_comparison=3)
    check(got, mep_2_id_mask="dd" + 56 * "0" + "cc", power_boost=False)
    check(got, mbus_discovery_300_baud=True, security_log_interval=316)
    check(got, tls_required_optical=True, tls_required_mep_1=False, tls_required_mep_2=True)
    one, two = got["relays"]
    check(one, groups=[1, 0, 0, 0, 258], mode=1, explicit_heartbeat=True, heartbeat_interval=300)
    check(one, maintenance_entry=1, maintenance_display=2, maintenance_open=True)
    check(one, maintenance_exit=2, exit_delay=30, exit_hour=23, exit_minute=59)
    check(two, groups=[3, 0, 0, 0, 0], mode=1, explicit_heartbeat=False, heartbeat_interval=5)
    check(two, maintenance_entry=0, maintenance_exit=3, exit_delay=7, exit_minute=59)
    assert codec.size(2145, meter(G402, ET90={16: 0})) == 102
