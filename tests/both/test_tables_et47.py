"""The extended tables ET47 to ET66, from bytes laid out by hand at the guides' offsets."""

from binascii import unhexlify

from mep.errors import LocalError, TableError
from osgp import about, codec
from osgpkit import GEN3, GEN4, GEN430
from test_tables_bt import check, decoded, laid, meter

G313 = b"\x31\xa0"  # 3.13.00
G330 = b"\x33\xc0"  # 3.30.00
G340 = b"\x35\x00"  # 3.40.00
G350 = b"\x36\x40"  # 3.50.00
G360 = b"\x37\x80"  # 3.60.00
G370 = b"\x38\xc0"  # 3.70.00
G402 = b"\x40\x40"  # 4.02.00
CPM = b"\x12\x80"  # 1.20.00, of a control point module
CPM130 = b"\x13\xc0"
TIME = b"\x18\x03\x1c\x10\x14\x0f"
ISO = "2024-03-28T16:20:15"


def true(got):
    """Names of what is set, without what is a number."""
    return sorted([name for name in got if got[name] is True])


def moved(parts, by):
    """The same parts, but so many bytes later."""
    return {at + by: parts[at] for at in parts}


def test_et47():
    parts = {0: 3, 1: 2, 2: b"\x10\x0e\0\0", 6: TIME, 12: b"\x39\x30\0\0"}
    got = decoded("ET47", laid(16, parts))
    check(got, tariff=3, cancellation=2, duration=3600, cancellation_time=ISO, calendar_id=12345)
    got = decoded("ET47", laid(16, {0: 255, 15: 0x80}))
    check(got, tariff=255, cancellation_time=None, calendar_id=0x80000000)
    assert about.words(2095, "TARIFF") == {255: "cancel"}


def test_et50():
    # Two sources of data: 31 + 2 * 2 is where the values begin.
    parts = {0: b"\x81\x23\x45\5\4", 29: 7, 30: 0x0F, 31: b"\x20\0\x81\1", 35: b"\xff\xff\xff\xff"}
    parts.update({39: b"\0\0\1\0", 43: 0x02})
    (got,) = decoded("ET50", laid(47, parts), meter(ET11={22: 2, 34: 9}))["clients"]
    assert true(got) == ["delta_data_alerts", "et59_response", "mbus_alerts", "registered"]
    check(got, icons=[32, 385], data=[-1, 65536], house_icon=2)
    assert got["mep_id"] == "8123450504" + 24 * "00" + "07"
    second = {47 + 30: 2, 47 + 43: 1}
    parts.update(second)
    got = decoded("ET50", laid(94, parts), meter(GEN4, ET11={22: 2, 34: 2}))["clients"]
    assert got[0]["house_icon"] == 2 and true(got[1]) == ["et59_response"]
    check(got[1], house_icon=1, data=[0, 0])
    # Before 4.0 there is one, whatever ET11 has.
    got = decoded("ET50", laid(71, {30: 1, 67: 1}), meter(CPM, ET11={22: 6}))["clients"]
    assert len(got) == 1 and len(got[0]["icons"]) == 6 and got[0]["house_icon"] == 1


def test_et51():
    parts = {0: 0x83, 1: b"\x3c\0", 3: 30, 4: b"\x58\2", 6: b"\x2c\1"}
    (got,) = decoded("ET51", laid(8, parts), meter(G330))["clients"]
    assert true(got) == ["disable_mep", "monitor_health", "optical_dos_timer"]
    check(got, health_timeout=60, request_timeout=30, optical_timeout=600, optical_hold_off=300)
    parts[8] = 5
    (got,) = decoded("ET51", laid(9, parts), meter(G340))["clients"]
    assert got["reset_duration"] == 5 and "reset_now" not in got
    parts.update({0: 0x89, 9: 1})
    (got,) = decoded("ET51", laid(10, parts), meter(G370))["clients"]
    assert got["reset_now"] and got["deactivate_han"] and not got["reset_when_down"]
    (got,) = decoded("ET51", laid(10, {9: 1}), meter(CPM))["clients"]
    assert got["deactivate_han"] and "reset_duration" not in got
    parts.update({10: 4, 18: 7, 19: 1})
    got = decoded("ET51", laid(20, parts), meter(GEN430, ET11={34: 2}))["clients"]
    assert true(got[1]) == ["deactivate_han", "reset_when_down"]
    assert got[1]["reset_duration"] == 7


def test_et52():
    # The guide's examples (p. 45, 46).
    one = unhexlify("110000020008003f0017000000002c0200")
    got = decoded("ET52", one, whole=False)
    assert got == {
        "size": 17,
        "type": 0,
        "number": 2,
        "records": [{"length": 8, "message": "3f0017000000002c"}],
        "number_again": 2,
    }
    six = (
        "43000001000800 3f080b000000000a 0800 3f0014000000000a 0800 3f0015000000000a 0800"
        " 3f08040000370001 0800 3f080e000000000c 0800 3f080f000000001f 0100"
    ).replace(" ", "")
    got = decoded("ET52", unhexlify(six), whole=False)
    check(got, size=67, number=1, number_again=1)
    assert [r["message"] for r in got["records"]][4:] == ["3f080e000000000c", "3f080f000000001f"]
    assert len(got["records"]) == 6
    # What lies behind its size is of an earlier one.
    longer = codec.decode(2100, one + b"\x55" * 50, 0, 67, None)
    assert longer["records"] == [{"length": 8, "message": "3f0017000000002c"}]
    assert longer["number_again"] == 2
    # To groups: their ids come before the records.
    group = laid(21, {0: 21, 2: 3, 3: 9, 5: 2, 6: b"\xff\x01\xff\xff", 10: 7, 12: b"\x40\1\2\3"})
    group = group[:19] + b"\x09\0"
    got = decoded("ET52", group, whole=False)
    check(got, group_count=2, groups=[0x01FF, 0xFFFF], number_again=9)
    assert got["records"] == [{"length": 7, "message": "40010203000000"}]
    denied = decoded("ET52", b"\x07\0\x04\x09\0\x09\0", whole=False)
    assert denied["records"] == [] and "groups" not in denied


def test_et52_whose_sizes_do_not_agree():
    # Each byte less lacks something, and a message may not go beyond the end of all.
    one = unhexlify("110000020008003f0017000000002c0200")
    wrong = [one[:n] for n in range(len(one))]
    wrong += [one[:5] + b"\x09" + one[6:], one[:5] + b"\x07" + one[6:], b"\x12" + one[1:]]
    for data in wrong:
        try:
            codec.decode(2100, data, 0, len(data), None)
        except TableError as e:
            assert e.table == "ET52" and "missing" in e.why, e.why
        else:
            raise AssertionError("taken: %r" % data)
    # Nothing has been asked yet.
    got = codec.decode(2100, bytes(20), 0, 20, None)
    assert got["records"] == [] and got["size"] == 0
    got["records"] = 5
    try:
        codec.encode(2100, got, None)
    except LocalError as e:
        assert "records: must be a list" in str(e)
    else:
        raise AssertionError("written")


def test_et53():
    # As the guide's example begins (p. 48), with two of its six responses.
    parts = {0: 0x25, 2: 1, 3: 1, 5: 13, 7: b"\0\0\x0a\x05\x42\x24\x05\x06\x05\x02\1\3\xf9"}
    parts.update({20: 13, 22: b"\0\0\x0a\x3f\x0e\xfd\x0f\x08\x10\x01\x04\x08\x1a", 35: 1})
    got = decoded("ET53", laid(37, parts), whole=False)
    check(got, size=37, type=1, number=1, number_again=1)
    assert got["records"][0] == {"length": 13, "message": "00000a054224050605020103f9"}
    assert got["records"][1] == {"length": 13, "message": "00000a3f0efd0f08100104081a"}
    assert about.words(2101, "TYPE")[2] == "partial_responses"


def test_et54():
    parts = {0: b"\xc4\1", 19: 1, 44: 3, 62: 1, 63: b"\x2c\1", 65: b"\x58\2"}
    base = decoded("ET54", laid(68, parts), meter(G350))
    low = ["energy_unit_change", "five_digit_codes", "load_profile_disabled"]
    low += ["multiple_data_sets", "multiple_mep_clients", "over_power_exceeded"]
    assert true(base) == low + ["step_tariff_in_use"]
    check(base, relay_1_random_pending=1, relay_1_random_duration=300)
    assert base["relay_1_random_start_duration"] == 600 and "miswiring" not in base
    # 3.13 counts uses of keys, but has nothing between.
    keys = {82: b"\x10\x27\0\0", 86: b"\xff\xff\0\0", 90: 5}
    got = decoded("ET54", laid(91, keys), meter(G313))
    check(got, unicast_key_uses=10000, broadcast_key_uses=65535, rc4=True, osgp_aes_128_psk=True)
    assert "et74_entries" not in got
    parts.update({68: 4, 69: b"\x2c\1", 71: 5, 72: b"\xff\xff\xff\xff"})
    got = decoded("ET54", laid(76, parts), meter(G360))
    check(got, miswiring=4, et74_entries=300, welmec_compliance=True, interval_time_sync=2)
    assert got["interval_time_adjustment"] == -1 and "push_button_locked" not in got
    parts.update({76: b"\x18\x03\x1c", 79: 12, 80: b"\xe8\3"})
    got = decoded("ET54", laid(82, parts), meter(G370))
    check(got, step_tariff_reset="2024-03-28", et77_entries=12, et79_entries=1000)
    some = {69: 3, 76: b"\x18\x03\x1c", 80: 4}
    got = decoded("ET54", laid(82, some), meter(CPM))
    check(got, et74_entries=3, step_tariff_reset="2024-03-28", et79_entries=4)
    assert "welmec_compliance" not in got and "miswiring" not in got
    some[71] = 1
    assert decoded("ET54", laid(82, some), meter(CPM130))["welmec_compliance"] is True


def test_et54_since_4_0():
    # 6 modules of 7 bytes: 91 + 42 is where the next begins.
    parts = {71: 0x40, 82: 7, 90: 4, 137: b"\x34\x12", 139: 1, 140: 2}
    et11 = {32: 6, 33: 7}
    got = decoded("ET54", laid(141, parts), meter(G402, ET11=et11))
    assert got["push_button_locked"] and got["osgp_aes_128_psk"] and not got["rc4"]
    check(got, tamper_input_adc=0x1234, transactions_locked=1, transactions_locked_by=2)
    assert got["unicast_key_uses"] == 7 and "failure_code" not in got
    parts[141] = b"\x05\0\x13\x08"
    got = decoded("ET54", laid(145, parts), meter(GEN4, ET11=et11))
    check(got, failure_code=5, failed_procedure=2067)
    parts.update({145: 1, 146: b"\x0a\0", 148: b"\x14\1"})
    got = decoded("ET54", laid(150, parts), meter(GEN430, ET11=et11))
    check(got, relay_2_random_pending=1, relay_2_random_duration=10)
    assert got["relay_2_random_start_duration"] == 276


# Of ET55, offsets before 4.0: what moves with it, and what does not.
FIXED = {3: 0x22, 14: 0xAC, 15: b"\x3c\0"}
MOVES = {57: b"PAY NOW!", 65: TIME, 71: b"\x18\x04\x01\x00\x00\x00", 77: 3, 78: 10, 80: 0x0A}
MOVES.update({81: b"\x88\x13\0\0", 85: b"\x84\3", 87: 3, 88: 2, 93: 5, 94: b"\1\0\0\0"})
MOVES.update({98: b"\0\1\0\0", 103: b"\x0a\0", 105: b"\x0b\0", 107: b"\x0e\0"})
SINCE_350 = {109: 2, 110: b"\xff\xff", 112: b"\x0c\0"}
SINCE_360 = {119: b"\x58\2", 121: 10, 123: b"\x73\x55\x3c\5"}
SINCE_370 = {128: b"\1\0\0\0", 140: b"\4\0\0\0", 144: b"\xe8\3"}


def check_et55(got):
    """What MOVES and FIXED have."""
    check(got, signal_threshold=-84, plc_timeout=60, message_text="PAY NOW!", message_start=ISO)
    check(got, message_end="2024-04-01T00:00:00", phase_loss_time=10, over_power=5000)
    check(got, over_power_time=900, over_power_tier=3, over_power_source=2)
    check(got, ct_secondary_current=5, clock_error_calendar_id=1, over_power_calendar_id=256)
    check(got, cover_removed_time=10, quality_cover_removed_time=11)
    on = ["consumption_tariff", "consumption_tariff_off", "cover_current_without_voltage"]
    on += ["cover_earlier_outage", "cover_later_outage", "message_overridden"]
    on += ["message_override_off", "step_tariff", "step_tariff_off"]
    assert [name for name in true(got) if "tamper" not in name] == on


def et55_end(a):
    """What follows the thresholds of the step tariff, which end at ``a``."""
    parts = {a: 3, a + 1: b"\2\1\0\0", a + 5: b"\x0f\x0e\x0d\x0c", a + 10: 15, a + 12: b"\x58\2"}
    parts.update({a + 14: b"\xf0\3", a + 16: 1, a + 20: 2, a + 24: 3, a + 28: 4, a + 32: 5})
    parts.update({a + 34: 180, a + 36: 10, a + 37: 90, a + 38: 110, a + 39: 100})
    return parts


def check_et55_end(got):
    check(got, step_tariff_source=3, step_tariff_calendar_id=258, step_tariff_reset_day=15)
    check(got, step_tariff_reset_hour=14, step_tariff_reset_minute=13, step_tariff_reset_second=12)
    check(got, rms_cycles=15, average_voltage_time=600, average_voltages=1008, delta_adsup=1)
    check(got, delta_adinf=2, delta_prsup=3, delta_prinf=4, mvd_low=5, mvd_high=180)
    check(got, mvd_sag_low=10, mvd_sag_high=90, mvd_swell_low=110, energy_register_unit=100)


def test_et55():
    parts = {4: 16, 52: b"C.1.", 56: 9}
    for more in (FIXED, MOVES):
        parts.update(more)
    got = decoded("ET55", laid(109, parts), meter(G340))
    check_et55(got)
    check(got, clock_step=16, message_code="C.1.", message_points=9)
    assert "primary_data_set" not in got
    parts.update(SINCE_350)
    got = decoded("ET55", laid(119, parts), meter(G350))
    check(got, primary_data_set=2, noise_threshold=-1, noise_time=12)
    parts.update(SINCE_360)
    got = decoded("ET55", laid(127, parts), meter(G360))
    check(got, broken_mv_conductor_time=600, zero_fault_time=10, normal_voltage_high=115)
    check(got, normal_voltage_low=85, low_voltage_high=60, voltage_fluctuation=5)
    # A meter of three tariffs: A = 146 + 4 * (3 - 1).
    parts.update(SINCE_370)
    parts.update({146: b"\x64\0\0\0", 150: b"\xc8\0\0\0"})
    parts.update(et55_end(154))
    for version in (GEN3, CPM):
        got = decoded("ET55", laid(194, parts), meter(version, BT20={7: 3}))
        check_et55(got)
        check(got, prepay_rates_5_to_8=[1, 0, 0, 4], reverse_current=1000, primary_data_set=2)
        check(got, step_tariff_thresholds=[100, 200], voltage_fluctuation=5)
        check_et55_end(got)
        assert "house_icon_control" not in got and "earth_fault_current" not in got
    # Without tariffs there is no threshold, and nothing of a negative length.
    for tariffs in (0, 1):
        got = decoded("ET55", laid(186, et55_end(146)), meter(GEN3, BT20={7: tariffs}))
        check_et55_end(got)
        assert got["step_tariff_thresholds"] == []


def test_et55_since_4_0():
    parts = {1: 4, 52: b"C.1.9", 57: 0x1F}
    parts.update(FIXED)
    for more in (MOVES, SINCE_350, SINCE_360, SINCE_370, {114: b"\x2c\1", 117: b"\x0d\0"}):
        parts.update(moved(more, 1))
    # Four tariffs: A = 147 + 4 * (4 - 1).
    a = 159
    parts.update({147: b"\1\0\0\0", 155: b"\3\0\0\0"})
    parts.update(et55_end(a))
    parts.update({a + 40: 2, a + 41: 2, a + 42: b"\x58\2", a + 44: b"\x2c\1", a + 46: 3})
    parts.update({a + 47: b"\x10\0\x20\0\xff\xff", a + 53: 5, a + 54: 10, a + 56: 11, a + 58: 1})
    parts.update({a + 59: 1, a + 61: 2})
    got = decoded("ET55", laid(a + 62, parts), meter(GEN4, BT20={7: 4}))
    check(got, clock_step=4, message_code="C.1.9", message_points=31, reverse_current=1000)
    check(got, noise_time=12, earth_fault_current=300, earth_fault_time=13, zero_fault_time=10)
    check(got, step_tariff_thresholds=[1, 0, 3], house_icon_control=2, optical_off=True)
    check(got, optical_dos_timer=False, optical_timeout=600, optical_hold_off=300)
    check(got, tamper_1_used=True, tamper_2_used=True, tamper_adc=[16, 32, -1], tamper_time=5)
    check(got, general_cover_removed_time=10, magnetic_tamper_time=11, va_method=1)
    check(got, bev_lock=True, reverse_current_msb=2)
    check_et55_end(got)
    assert "mbus_discovery_confirmed" not in got and "plc_lockout_failures" not in got
    parts.update({20: b"\x1e\5\7\x0a", a + 40: 6})
    got = decoded("ET55", laid(a + 62, parts), meter(GEN430, BT20={7: 4}))
    check(got, plc_lockout_failures=30, plc_lockout_duration=5, optical_lockout_failures=7)
    check(got, optical_lockout_duration=10, mbus_discovery_confirmed=True, reverse_current_msb=2)


def test_et57():
    # An M-Bus entry whose header needs an extension, and one of a MEP client.
    parts = {0: b"\x85\x0c\x93\x3a", 4: b"\x03\x11\0\0", 8: b"\x7e\3\2\x99"}
    got = decoded("ET57", laid(16, parts), meter(ET11={25: 4}))["types"]
    assert got[0] == {"type": 1, "mdt": 1, "special": True, "drh": "0c933a"}
    assert got[1] == {"type": 3, "mdt": 0, "special": False, "drh": "110000"}
    assert got[2] == {"type": 2, "mdt": 31, "special": False, "drh": "030299"}
    assert got[3]["type"] == 0 and about.words(2105, "TYPE")[3] == "extension"


def test_et58():
    got = decoded("ET58", laid(120, {0: 7, 20: 1, 100: 0xFE}), meter(GEN4, ET11={0: 6}))
    assert [d["control_status"] for d in got["devices"]] == [7, 1, 0, 0, 0, 0xFE]


def test_et59():
    got = decoded("ET59", laid(6, {0: b"\x13\x08", 2: 99, 3: 1, 4: b"\xaa\x55"}), whole=False)
    assert got == {"procedure": 2067, "psn": 99, "result": 1, "data": "aa55"}
    assert decoded("ET59", laid(4, {0: b"\x04\x00", 3: 6}), whole=False)["result"] == 6


def test_et61():
    # 22:45 closed, 6:30 open.
    parts = {0: 1 | 45 << 5 & 0xE0, 1: 22 << 3 | 45 >> 3, 2: 30 << 5 & 0xE0, 3: 6 << 3 | 30 >> 3}
    (relay,) = decoded("ET61", laid(8, parts), meter(GEN4, ET11={26: 4}))["relays"]
    assert relay["switches"][0] == {"closed": True, "minute": 45, "hour": 22}
    assert relay["switches"][1] == {"closed": False, "minute": 30, "hour": 6}
    parts[15] = 0xB8
    relays = decoded("ET61", laid(16, parts), meter(GEN430, ET11={26: 4}))["relays"]
    assert relays[1]["switches"][3] == {"closed": False, "minute": 0, "hour": 23}
    assert relays[0]["switches"][0]["closed"] and len(relays) == 2


def test_et62():
    # Two channels, of 6 bytes each.
    parts = {0: 5, 1: b"P01", 5: 4, 6: b"DATE", 10: 1, 11: b"TIME", 15: 2, 16: b"STAT", 20: 8}
    parts.update({21: b"CH01", 25: 15, 26: 0xAA, 27: b"CH02", 31: 3, 32: 0x08})
    got = decoded("ET62", laid(33, parts), meter(G350, BT60={11: 2}))
    assert true(got) == ["disable_display", "local_time"]
    check(got, list_code="P01", list_points=4, date_code="DATE", date_points=1, status_points=8)
    check(got, interval_time_code="TIME", interval_time_points=2, status_code="STAT")
    first, second = got["channels"]
    check(first, code="CH01", points=15, digits_after_point=2, digits_before_point=5)
    check(second, code="CH02", points=3, digits_after_point=0, digits_before_point=1)
    assert first["hide_zeros"] and not second["hide_zeros"]
    # With 16 channels the codes of the outages begin at 117, since 4.0 at 137.
    parts = {111: b"CH16", 116: 0x40, 117: b"OUT", 121: 6, 122: b"NUM", 126: 7}
    for version in (GEN3, CPM):
        got = decoded("ET62", laid(127, parts), meter(version, BT60={11: 16}))
        check(got, outage_list_code="OUT", outage_list_points=6, outage_number_code="NUM")
        assert got["outage_number_points"] == 7 and got["channels"][15]["code"] == "CH16"
    parts = {1: b"P01.5", 6: 31, 7: b"DATES", 12: 1, 13: b"TIMES", 18: 2, 19: b"STATE", 24: 3}
    parts.update({25: b"CH001", 30: 16, 31: 0x0B, 130: b"CH016", 136: 0x80})
    parts.update({137: b"OUTS", 142: 6, 143: b"NUMB", 148: 7})
    got = decoded("ET62", laid(149, parts), meter(GEN4, BT60={11: 16}))
    check(got, list_code="P01.5", list_points=31, date_code="DATES", interval_time_points=2)
    check(got, status_code="STATE", outage_list_code="OUTS", outage_number_points=7)
    check(got["channels"][0], code="CH001", points=16, digits_after_point=3, digits_before_point=1)
    assert got["channels"][15] == {
        "code": "CH016",
        "points": 0,
        "digits_after_point": 0,
        "digits_before_point": 0,
        "hide_zeros": True,
    }


def test_et66():
    parts = {0: b"\x01\x10", 4: b"\xff\xff", 6: b"\x34\x12", 22: b"\x07\x60"}
    for version in (G350, GEN4, CPM):
        got = decoded("ET66", laid(24, parts), meter(version, BT60={11: 3}))["sets"]
        assert [s["sources"] for s in got] == [
            [0x1001, 0, 0xFFFF],
            [0x1234, 0, 0],
            [0, 0, 0],
            [0, 0, 0x6007],
        ]
    got = decoded("ET66", laid(6, {4: 9}), meter(G340, BT60={11: 3}))
    assert got == {"sets": [{"sources": [0, 0, 9]}]}
