"""Power quality and conditions, from bytes laid out by hand at the guide's offsets."""

from machinekit import laid, le, meter, run
from mep.errors import TableError
from osgp.conditions import Conditions, words
from osgp.quality import Quality
from osgpkit import GEN3, GEN4

WHEN = bytes([24, 3, 28, 16, 20, 41])
ISO = "2024-03-28T16:20:41"
ET04 = laid(60, {53: 2})
A = 18 * 2  # where the guide's offsets have ET04.53 * 18


def et09(version):
    """ET09 (guide p. 67-75) of that firmware."""
    parts = {
        0: le(180, 2),
        2: 1,
        3: 10,
        4: 11,
        5: 20,
        6: WHEN + b"\x03\0" + bytes([24, 3, 28, 16, 0, 0]) + le(1241, 4),
        A + 6: WHEN + le(3, 2),
        A + 14: bytes(6) + le(0, 2),
        A + 30: WHEN + le(5, 2),
        A + 54: le(49870, 4) + WHEN,
        A + 64: le(50110, 4) + WHEN,
        A + 74: le(1, 4) + le(2, 4) + le(3, 4),
        A + 86: 2,
        A + 95: WHEN + le(4, 2),
        A + 111: le(198500, 4),
        A + 123: le(255100, 4),
        A + 135: le(17, 4),
        # The threshold seconds, hold and time of over-current; then THD of voltage.
        A + 143: 7,
        A + 145: le(9, 2),
        A + 147: le(60, 2) + le(800, 2),
        A + 151: le(6, 2) + WHEN + le(912, 2) + WHEN + le(850, 2),
    }
    if version == GEN3:
        parts[A + 357] = le(123, 2) + le(45, 2) + WHEN
        return laid(A + 477, parts)
    parts[A + 357 + 120] = le(30, 2) + bytes([15]) + WHEN + le(8, 2) + bytes(16) + le(190200, 4)
    return laid(A + 530, parts)


def quality(version):
    machine = Quality(meter(version))
    asked = run(machine, {2052: ET04, 2057: et09(version)})
    return machine, asked


def test_quality_of_gen_3():
    machine, asked = quality(GEN3)
    assert asked[0] == (2052, 0, 54)
    # 513 bytes, in two pieces.
    assert asked[1:] == [(2057, 0, 465), (2057, 465, 48)]
    v = machine.values
    assert ("sag1s", 1, 3, "", ISO) in v and ("sag1s", 2, 0, "", None) in v
    assert ("sag1_voltage", 1, 198.5, "V", ISO) in v
    assert not [x for x in v if x[0] == "sag1_voltage" and x[1] == 2]
    assert ("surges", 1, 5, "", ISO) in v and ("surge_voltage", 1, 255.1, "V", ISO) in v
    assert ("phase_losss", 2, 4, "", ISO) not in v and ("phase_losses", 2, 4, "", ISO) in v
    assert ("phase_lost", 2, True, "", None) in v and ("phase_lost", 1, False, "", None) in v
    assert ("over_currents", 3, 3, "", None) in v and ("short_outages", 0, 17, "", None) in v
    assert ("min_frequency", 0, 49.87, "Hz", ISO) in v
    assert ("long_outages_kept", 0, 1, "", "2024-03-28T16:00:00") in v
    assert ("thd_voltage_max", 1, 9.12, "%", ISO) in v
    assert ("thd_voltage_average", 1, 8.5, "%", None) in v
    assert ("drp", 0, 12.3, "%", ISO) in v and ("drc", 0, 4.5, "%", ISO) in v
    assert not [x for x in v if "sag2" in x[0]]
    s = machine.settings
    assert ("long_outage", 180, "s") in s and ("sag1_threshold", 10, "%") in s
    assert ("thd_voltage_threshold", 8.0, "%") in s and ("over_current_time", 9, "s") in s


def test_quality_of_gen_4_has_sag2():
    machine, _ = quality(GEN4)
    assert ("sag2s", 1, 8, "", ISO) in machine.values
    assert ("sag2_voltage", 1, 190.2, "V", ISO) in machine.values
    assert ("sag2_time", 30, "s") in machine.settings


def test_quality_that_is_short_or_not_there():
    machine = Quality(meter())
    run(machine, {2052: ET04})
    assert machine.values == [] and machine.missing == {"ET09": None}
    machine = Quality(meter())
    try:
        run(machine, {2052: ET04, 2057: et09(GEN3)[:300]})
        raise AssertionError("decoded 300 of 513 bytes")
    except TableError as e:
        assert str(e).startswith("ET09, thd[1].phases") and "missing" in str(e)


BT00 = laid(20, {17: 10})


def test_conditions():
    # BT03: metering, low battery, cover, phase loss, magnet; unread profile; unbalanced.
    bt03 = laid(10, {0: 1, 2: 0x11, 4: 0x10, 6: 0x80, 7: 0x42, 8: 1})
    et54 = laid(120, {0: 0x44, 1: 1, 44: 1, 62: 1, 68: 2})
    has = {0: BT00, 3: bt03, 2102: et54}
    machine = Conditions(meter())
    asked = run(machine, has)
    assert machine.found == [
        ("BT03", "cover_removed", "cover opened", "alarm"),
        ("BT03", "log_entry_available", "log entry available", "state"),
        ("BT03", "low_battery", "low battery", "alarm"),
        ("BT03", "magnetic_tamper", "magnet near the meter", "alarm"),
        ("BT03", "phase_loss", "phase loss", "alarm"),
        ("BT03", "profile_1_unread", "profile 1 unread", "state"),
        (
            "BT03",
            "unbalanced_voltage",
            "unbalanced voltage, perhaps the neutral is broken",
            "alarm",
        ),
        ("ET54", "miswiring", "phases are wired wrongly", "state"),
        ("ET54", "over_power_exceeded", "power above the limit", "state"),
        ("ET54", "relay_1_random_pending", "relay 1 random pending", "state"),
    ]
    assert machine.port is None and not [a for a in asked if a[0] > 2102]


def test_conditions_of_gen_4():
    et89 = laid(131, {74: 2, 75: 1, 92: 3, 114: 16})
    has = {0: BT00, 3: bytes(10), 2118: laid(156, {142: 2}), 2137: et89}
    machine = Conditions(meter(b"\x46\x40"))
    run(machine, has)
    assert machine.port == 2 and "ET54" in machine.missing
    assert [f[1] for f in machine.found] == ["image_error", "plc_disabled", "relays[0].mode"]
    assert machine.found[2][2] == "switch is locked"


def test_words():
    assert words("reverse_energy") == "energy flows backwards"
    assert words("a_new_one") == "a new one" and words("image_error").endswith("accepted")
