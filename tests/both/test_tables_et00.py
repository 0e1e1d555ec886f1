"""The extended tables ET03 to ET16, from bytes laid out by hand at the guides' offsets."""

import json
from binascii import unhexlify

from osgp import codec
from osgpkit import GEN3, GEN4, GEN430
from test_tables_bt import check, decoded, laid, meter

G321 = b"\x31\xa0"  # 3.13.00
G360 = b"\x37\x80"  # 3.60.00
CPM = b"\x12\x80"  # 1.20.00, of a control point module
ET11 = laid(39, {0: 5, 1: 66, 2: 36, 3: 5, 4: 6, 5: b"\x05\x02", 11: 25, 13: 22, 20: 65})
ET11_GEN4 = b"\6" + ET11[1:]
TIME = b"\x18\x03\x1c\x10\x14\x0f"
ISO = "2024-03-28T16:20:15"


def official(name):
    """Bytes of the guide's example of a transaction (p. 48-50)."""
    with open("tests/vectors/guide_examples.json") as f:
        for e in json.load(f)["examples"]:
            if e["id"] == "et53_full":
                return unhexlify(e["decoded"][name])
    raise AssertionError(name)


def true(got):
    """Names of what is set, without what is a number."""
    return sorted([name for name in got if got[name] is True])


def test_et03():
    got = decoded("ET03", laid(143, {0: b"4080123456", 137: b"\x53\xd8"}))
    assert got == {"serial": "4080123456", "image_crc": 55379}
    # What is reserved is not told.
    got = codec.decode(2051, b"\xff" * 143, 0, 143, None)
    assert sorted(got) == ["image_crc", "serial"]


ET04 = {
    0: b"\1\2\3\4",
    4: b"\x01\x02\x03\x04\x05\x06",
    10: 7,
    11: 9,
    12: 0xA5,
    13: 50,
    14: b"\x9f\xff\xff\x50\x03\x84\x06\x00",
    22: 0xAB,
    51: 0xCD,
    52: 1,
    53: 10,
    55: 4,
    56: b"\x11\0",
    58: b"\x64\0",
    60: b"\xe6\0",
    62: 0x4A,
    63: b"\xc4\xff",
    65: 23,
    66: 45,
    71: 0x0A,
    72: 140,
    73: 2,
    74: b"\xa0\x05",
    76: TIME,
    82: b"\x01\0\0\x80",
    86: b"\x02\0",
    88: b"\xe8\x03",
    90: 6,
    91: b"\x4a\x01",
    93: b"\x32\0",
    95: 1,
    96: b"\xfe\xff",
    98: b"\xff\xff",
    100: b"\0\x02",
    102: 1,
    109: 1,
    111: 61,
    112: 83,
    113: 3,
    114: b"\1\0",
    116: 4,
    117: 30,
    118: b"\x0a\0",
    120: 17,
    122: 20,
}
UNTIL_4 = {67: 255, 103: b"\xe1\xe9\xac\xce", 110: 72}


def test_et04():
    data = laid(123, dict(list(ET04.items()) + list(UNTIL_4.items())))
    got = decoded("ET04", data, meter(b"\x31\x55"))
    check(got, plc_sequence=0x04030201, transceiver_id="010203040506", subnet=7, node=9)
    check(got, explicit_message=True, force_neuron_config=False, request_neuron_state=True)
    check(got, plc_encryption_off=False, neuron_phase=5, rated_frequency=50, pk_access_off=1)
    check(got, program_id="9fffff5003840600", outage_records=10, energy_registers=4)
    assert got["self_identification"] == "ab" + 28 * "00" + "cd"
    check(got, registration_current=17, max_current=100, rated_voltage=230, dst_off_delta=-60)
    check(got, voltage_l1_off=False, voltage_l2_off=True, separate_currents=True)
    check(got, current_l1_off=False, current_l3_off=True, self_read_hour=23, self_read_minute=45)
    check(got, stop_mode_delay=255, rk_access_off=False, test_point=True, use_skipped=True)
    check(got, neuron_state=140, phase_rotation=2, plc_inactive_time=1440, plc_signal=6)
    check(got, broadcast_received=ISO, broadcast_base=0x80000001, broadcast_delta=2)
    check(got, reverse_energy_current=1000, discovery_ta=330, discovery_to=50, discovery_off=1)
    check(got, gain_sensitivity=-2, outage_event_time=65535, nvm_size=512, safe_image_locked=1)
    check(got, mep_sequence=0xCEACE9E1, power_generation=1, outage_voltage=72)
    check(got, phase_loss_voltage=61, meter_form=83, clock_error_tier=3, c1219_compliance=1)
    check(got, idt_version=4, tilt_time=30, min_registration_current=10, power_up_wait=20)
    check(got, registration_current_part=17)
    assert "constant_phase_loss" not in got and "max_key_usage" not in got


def test_et04_of_other_firmware():
    keys = {123: b"\x40\x42\x0f\0", 127: 2, 128: 100}
    old = dict(list(ET04.items()) + list(UNTIL_4.items()))
    for version, size in ((G360, 123), (G321, 129), (GEN3, 129), (CPM, 123)):
        parts = dict(old)
        if size == 129:
            parts.update(keys)
        if version != G321:
            parts[121] = 1
        got = decoded("ET04", laid(size, parts), meter(version))
        assert got.get("constant_phase_loss") == (None if version == G321 else True)
        assert got.get("security_mode") == (2 if size == 129 else None)
    parts = dict(list(ET04.items()) + list(keys.items()))
    parts.update({129: b"\1\0\0\0\2\0\0\0", 137: 250, 138: b"\x0a\0"})
    got = decoded("ET04", laid(140, parts), meter(GEN4))
    check(got, max_key_usage=1000000, security_mode=2, fcm_messages=100, mep_sequences=[1, 2])
    check(got, reverse_energy_part=250, reverse_energy_time=10)
    for name in ("mep_sequence", "stop_mode_delay", "outage_voltage"):
        assert name not in got


def et09(outages, size, more):
    """The parts of all firmware; ``more`` has offsets from the end of the outages."""
    n = 18 * outages
    parts = {0: b"\xb4\0", 2: 3, 3: 10, 4: 11, 5: 12}
    for i in range(outages):
        parts[6 + 18 * i] = TIME
        parts[12 + 18 * i] = 3 + 5 * (i & 1)
        parts[14 + 18 * i] = b"\x18\x03\x1c\x10\x14" + bytes([i])
        parts[20 + 18 * i] = bytes([15 - i, 1, 0, 0])
    base = {12: 1, 14: TIME, 20: 2, 28: 3, 36: 4, 44: 5, 46: TIME, 52: 6, 58: TIME, 68: TIME}
    base.update({54: b"\x5c\xc1\0\0", 64: b"\x50\xc4\0\0", 74: 7, 78: 8, 82: b"\0\0\0\x80"})
    base.update({86: 5, 87: TIME, 93: 9, 101: 10, 103: TIME, 109: 11, 111: b"\x70\x11\1\0"})
    base.update({119: b"\xff\xff\xff\xff", 123: b"\x60\xae\x0a\0", 131: 1, 135: b"\1\0\1\0"})
    base.update(more)
    parts.update({n + at: base[at] for at in base})
    return laid(n + size, parts)


def test_et09():
    since_310 = {139: b"\xd2\x04\0\0", 143: 30, 144: 2, 145: b"\x0a\0"}
    # The three kinds of THD: 70 bytes each, 22 for each phase.
    since_310.update({147: b"\x3c\0", 149: b"\x20\x03", 151: 2, 153: TIME, 159: b"\x52\x03"})
    since_310.update({161: TIME, 167: b"\x2a\3", 173: 3, 217: b"\x78\0", 287: b"\xb4\0", 335: 4})
    data = et09(2, 357, since_310)
    dims = meter(b"\x31\x55", ET04=laid(54, {53: 2}))
    got = decoded("ET09", data, dims)
    check(got, long_outage=180, sag1_surge_minutes=3, sag1_threshold=10, surge_threshold=11)
    check(got, over_current_threshold=12, min_frequency=49500, min_frequency_at=ISO)
    first = {"on": ISO, "cause": 3, "off": "2024-03-28T16:20:00", "duration": 271}
    assert got["outages"][0] == first
    assert (got["outages"][1]["cause"], got["outages"][1]["duration"]) == (8, 270)
    assert [p["count"] for p in got["sag1"]] == [1, 2, 3] and got["sag1"][1]["last"] == ISO
    assert [p["count"] for p in got["surge"]] == [4, 5, 6] and got["surge"][2]["last"] == ISO
    check(got, max_frequency=50256, max_frequency_at=ISO, over_currents=[7, 8, 0x80000000])
    assert true(got) == ["phase_l1_lost", "phase_l3_lost"]
    assert [p["count"] for p in got["phase_loss"]] == [9, 10, 11]
    assert [p["last"] for p in got["phase_loss"]] == [ISO, None, ISO]
    check(got, sag1_voltage=[70000, 0, -1], surge_voltage=[700000, 0, 1], short_outages=65537)
    check(got, config_id=1234, sag1_surge_seconds=30, power_up_hold=2, over_current_time=10)
    assert [t["time_threshold"] for t in got["thd"]] == [60, 120, 180]
    assert got["thd"][0]["threshold"] == 800 and got["thd"][2]["phases"][2]["count"] == 4
    want = {"count": 2, "last": ISO, "max": 850, "max_at": ISO, "average": 810}
    assert got["thd"][0]["phases"][0] == want and got["thd"][0]["phases"][1]["count"] == 3
    assert got["drp_drc"] == [] and "sag2_time" not in got
    # Before 2.12 and 3.10.
    got = decoded("ET09", et09(0, 139, {}), meter(b"\x21\x00", ET04=bytes(54)))
    assert got["outages"] == got["thd"] == [] and got["short_outages"] == 65537
    more = {139: b"\xd2\x04\0\0", 143: 30}
    got = decoded("ET09", et09(1, 144, more), meter(b"\x21\x80", ET04=laid(54, {53: 1})))
    assert got["sag1_surge_seconds"] == 30 and "power_up_hold" not in got
    decoded("ET09", et09(1, 357, more), meter(CPM, ET04=laid(54, {53: 1})))


def test_et09_since_370():
    records = {357: b"\x7b\0", 359: b"\x7c\0", 361: TIME, 467: b"\x0c\0"}
    dims = meter(GEN3, ET04=laid(54, {53: 10}))
    got = decoded("ET09", et09(10, 477, records), dims)
    assert len(got["outages"]) == 10 and got["outages"][9]["duration"] == 262
    assert len(got["drp_drc"]) == 12 and got["drp_drc"][11]["drp"] == 12
    assert got["drp_drc"][0] == {"drp": 123, "drc": 124, "time": ISO}
    sag2 = {477: b"\x2c\1", 479: 20, 480: TIME, 486: 1, 488: TIME, 494: 2, 502: 3}
    sag2.update({504: b"\x70\x11\1\0", 512: 5, 516: b"\x58\2", 518: 1})
    dims = meter(GEN430, ET04=laid(54, {53: 10}))
    got = decoded("ET09", et09(10, 519, sag2), dims)
    check(got, sag2_time=300, sag2_threshold=20, sag2_voltage=[70000, 0, 5])
    assert [p["count"] for p in got["sag2"]] == [1, 2, 3] and got["sag2"][1]["last"] == ISO
    check(got, average_current_interval=600, early_events=True)
    # Version 4.10 has no options.
    del sag2[518]
    dims = meter(b"\x41\x40", ET04=laid(54, {53: 10}))
    assert "early_events" not in decoded("ET09", et09(10, 518, sag2), dims)


def test_et11():
    got = decoded("ET11", official("ET11[0:10]") + b"\6" + bytes(21), meter(GEN3))
    check(got, devices=5, config_entry_size=66, status_entry_size=36, request_queue_size=5)
    check(got, request_entry_size=6, data_entry_size=517, transaction_request_length=769)
    check(got, transaction_response_length=1785)
    parts = {11: 25, 12: 16, 13: 22, 14: 3, 15: 4, 16: 17, 17: 18, 18: 10, 19: 11, 20: 65}
    parts.update({21: 120, 22: 6, 23: 12})
    later = {24: 13, 25: 16, 26: 80, 27: 9, 28: b"\x05\1", 30: b"\1\3", 32: 6, 33: 7, 34: 2}
    later.update({36: b"\xe2\4", 38: 3})
    got = decoded("ET11", laid(24, parts), meter(b"\x31\x55"))
    check(got, write_entry_size=25, phase_measurement_size=16, config_entry_2_size=22)
    check(got, one_time_read_queue_size=3, mbus_one_time_read_queue_size=4)
    check(got, one_time_read_entry_size=17, mbus_one_time_read_entry_size=18, group_ids=10)
    check(got, harmonics=11, multicast_length=65, et22_alarm_size=120, mep_data_sources=6)
    assert got["et48_entries"] == 12 and "et57_entries" not in got
    parts.update(later)
    got = decoded("ET11", laid(39, parts), meter(GEN430))
    check(got, critical_event_bitmaps=13, et57_entries=16, relay_switches=80)
    check(got, data_alert_sources=9, ram_transaction_request_length=261)
    check(got, ram_transaction_response_length=769, firmware_modules=6, mep_channels=2)
    check(got, firmware_module_size=7, et17_bitmap_size=1250, error_screens=3)


def test_et13():
    key = bytes(8) + bytes(range(24))
    parts = {0: 37, 1: 23, 2: 59, 3: 2, 4: b"\x0f\0", 6: 4, 7: 0x1C, 8: b"House 7", 28: 0x50}
    parts.update({29: 16, 30: key, 62: b"\x4a\1", 64: b"\x32\0"})
    parts.update({66 + 0: 39, 198 + 8: b"water", 198 + 64: b"\1\0"})
    mep = {264: 28, 265: 1, 267: 4, 270: 12, 271: 0x80, 272: 0x1B, 273: b"\x01\x02", 329: 0xFE}
    data = laid(330, dict(list(parts.items()) + list(mep.items())))
    got = decoded("ET13", data, meter(GEN3, ET11=ET11))
    assert len(got["mbus"]) == 4 and len(got["mep"]) == 1
    first = got["mbus"][0]
    check(first, read_day=37, read_hour=23, read_minute=59, read_often=2, status_read_time=15)
    check(first, baud_rate=4, alarm_mask=0x1C, customer_id="House 7", reset_parameter=0x50)
    check(first, key_length=16, ta=330, to=50)
    assert first["security_key"] == "00" * 8 + "".join(["%02x" % i for i in range(24)])
    assert got["mbus"][1]["read_day"] == 39 and got["mbus"][3]["customer_id"] == "water"
    assert got["mbus"][3]["to"] == 1
    last = got["mep"][0]
    check(last, read_day=28, read_hour=1, read_often=4, baud_rate=12, alarm_mask=0x80)
    flags = ["delta_data", "mbus_change", "on_demand_request", "scheduled_read"]
    assert true(last) == flags and last["downlink_data"] == "0102" + 54 * "00" + "fe"
    # A second client, and entries with more bytes than the guide knows of.
    longer = b"\6\x48" + ET11[2:]
    parts = {0: 1, 72: 2, 4 * 72: 3, 5 * 72: 4, 5 * 72 + 8: 2, 5 * 72 + 71: 5}
    got = codec.decode(2061, laid(432, parts), 0, 432, meter(GEN4, ET11=longer))
    assert [e["read_day"] for e in got["mbus"] + got["mep"]] == [1, 2, 0, 0, 3, 4]
    assert true(got["mep"][1]) == ["on_demand_request"]
    assert got["mep"][1]["downlink_data"] == 62 * "00" + "05"
    assert codec.size(2061, meter(GEN4, ET11=longer)) == 432


def test_et14():
    start = official("ET14[0:12]")
    parts = {0: start, 12: b"\x07\0\1\0", 16: b"\x05\0\1\0", 20: 0x3F, 29: 0x1C, 30: TIME}
    parts.update({36: TIME, 42: b"\2\0", 44: 2, 150: b"\xe8\3", 152: 3, 153: 12, 180: TIME})
    got = decoded("ET14", laid(186, parts), meter(GEN3, ET11=ET11))
    # Device 1 and the MEP client of the guide's example.
    assert true(got) == ["mbus_1", "mep_1"] and len(got["devices"]) == 5
    first = got["devices"][0]
    check(first, handle=1, status=1, baud_rate=4, read_length=47, read_attempts=65543)
    check(first, read_answers=65541, device_alarms=0x1C, status_read=ISO, last_attempt=ISO)
    flags = ["application_error", "billing_collected", "device_alarm", "read_failed"]
    assert true(first) == flags + ["read_overflow", "serial_mismatch"]
    assert "primary_address" not in first and got["devices"][1]["status"] == 2
    check(got["devices"][4], handle=1000, status=3, baud_rate=12, last_attempt=ISO)
    parts = {0: 1, 5: 0x20, 22: 3, 186: b"\xd0\7", 200: 0xC0, 216: TIME}
    got = decoded("ET14", laid(222, parts), meter(GEN430, ET11=ET11_GEN4))
    assert true(got) == ["auto_discovery", "mep_2"]
    assert got["devices"][0]["primary_address"] == 3
    check(got["devices"][5], handle=2000, last_attempt=ISO)
    assert true(got["devices"][5]) == ["switchover_done", "switchover_failed"]


def test_et15():
    parts = {0: official("ET15"), 31: 3, 32: b"\x01\x02\x03", 131: 24, 132: 0xA1, 155: 0xA2}
    parts.update({156: 56, 157: b"\1\0", 220: 0xEE})
    got = decoded("ET15", laid(221, parts), meter(GEN3, ET11=ET11))
    check(got, write_pointer=0, read_pointer=0, multicast_length=56)
    assert [r["transaction"] for r in got["requests"]] == [0x42, 0x45, 0x48, 3, 0x4B]
    assert got["requests"][3] == {"transaction": 3, "device": 1016, "type": 2, "result": 1}
    assert got["messages"][0]["length"] == 3 and got["messages"][0]["data"][:8] == "01020300"
    last = got["messages"][4]
    assert last["length"] == 24 and last["data"] == "a1" + 22 * "00" + "a2"
    assert got["multicast_data"] == "0100" + 61 * "00" + "ee"
    got = decoded("ET15", laid(221, {0: 0x31, 29: 6, 30: 3}), meter(GEN3, ET11=ET11))
    check(got, write_pointer=1, read_pointer=3)
    check(got["requests"][4], type=6, result=3)
    # Of other sizes than the guide's: messages of 3 bytes, 4 of multicast data.
    other = meter(GEN3, ET11=ET11[:11] + b"\4" + ET11[12:20] + b"\5" + ET11[21:])
    parts = {31: 3, 32: b"\1\2\3", 35: 2, 36: b"\4\5", 51: 4, 52: b"\6\7\x08\x09"}
    got = decoded("ET15", laid(56, parts), other)
    assert got["messages"][0] == {"length": 3, "data": "010203"}
    assert got["messages"][1] == {"length": 2, "data": "040500"}
    assert got["multicast_length"] == 4 and got["multicast_data"] == "06070809"


def test_et16():
    telegram = {0: TIME, 6: 0x2C, 7: 0x20, 8: b"\x78\x56\x34\x12", 12: b"\x2d\x2c", 14: 27}
    telegram.update({15: 7, 16: 200, 17: 0x5E, 18: b"\5\x05", 20: b"\x0c\x13", 516: 0x55})
    fixed = {0: TIME, 6: 2, 7: 16, 8: b"\1\0\0\0", 12: 9, 13: 0x97, 14: b"\xe9\x7e"}
    fixed.update({16: b"\1\0\0\0", 20: b"\xff\xff\xff\xff"})
    mep = {0: TIME, 7: b"\2\1", 9: b"\3\0", 11: b"\x0a\x0b\x0c", 516: 0x66}
    parts = dict(telegram)
    parts.update({517 * 3 + at: fixed[at] for at in fixed})
    parts.update({517 * 4 + at: mep[at] for at in mep})
    got = decoded("ET16", laid(2585, parts), meter(GEN3, ET11=ET11), whole=False)
    assert len(got["mbus"]) == 4 and len(got["mep"]) == 1
    first = got["mbus"][0]
    check(first, time=ISO, authentication=1, length=32, serial="12345678", manufacturer=11309)
    check(first, version=27, medium=7, access=200, application=2, manufacturer_status=2)
    check(first, signature=0x505)
    assert true(first) == [
        "decrypted",
        "insecure",
        "permanent_error",
        "power_low",
        "temporary_error",
    ]
    assert first["data"] == "0c13" + 494 * "00" + "55" and "counter_1" not in first
    assert got["mbus"][1]["time"] is None and got["mbus"][1]["length"] == 0
    last = got["mbus"][3]
    check(last, length=16, serial="00000001", access=9, manufacturer_status=4, counter_1=1)
    check(last, medium_unit=0x7EE9, counter_2=0xFFFFFFFF)
    assert true(last) == ["at_fixed_date", "binary", "fixed", "power_low", "temporary_error"]
    assert "data" not in last
    want = {"time": ISO, "read_count": 258, "length": 3, "data": "0a0b0c" + 502 * "00" + "66"}
    assert got["mep"] == [want]
    got = codec.decode(2064, bytes(3102), 0, 3102, meter(GEN4, ET11=ET11_GEN4))
    assert len(got["mep"]) == 2
    # Longer entries than the guide's.
    other = meter(GEN3, ET11=ET11[:5] + b"\x0d\2" + ET11[7:])
    data = laid(2625, {519: 0x55, 524: 0x66, 525 + 6: 2, 525 + 20: 9, 2100 + 524: 0x77})
    got = decoded("ET16", data, other, whole=False)
    assert got["mbus"][0]["data"] == 499 * "00" + "55" + 4 * "00" + "66"
    assert got["mbus"][1]["counter_2"] == 9 and got["mep"][0]["data"] == 513 * "00" + "77"
