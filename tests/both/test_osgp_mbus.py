"""M-Bus telegrams: records made by hand, and the example of the M-Bus documentation (8.6)."""

from machinekit import laid, le
from mep.errors import TableError
from osgp.mbus import fixed, heading, manufacturer, medium_of, records, shown
from osgp.mbusreading import of_client, reading
from osgp.mbuswords import find, fixed_unit, medium
from tablekit import Noise

# Serial 12345678, PAD, version 1, water, access number 85, no error, not encrypted.
HEADER = bytes.fromhex("785634122440010755000000")
WATER = bytes.fromhex("0313153100" + "DA023B1301" + "8B6004371802")
# Volume as the load profile of the guide has it (p. 32); heat with its date; noise at the end.
HEAT = bytes.fromhex(
    "0C933A78563412" + "0406A0860100" + "02594B1A" + "426CDF2C" + "046D0A35F623" + "0F0102030405"
)
WHEN = bytes([24, 3, 28, 16, 20, 41])


def one(digits, **more):
    data = bytes.fromhex(digits)
    found = list(records(data, 0, len(data), **more))
    assert len(found) == 1, found
    return found[0]


def text(digits, **more):
    """What a record says, in a line."""
    r = one(digits, **more)
    where = "%d/%d/%d" % (r["storage"], r["tariff"], r["subunit"])
    words = [r["name"], shown(r["value"], r["exponent"]), r["unit"], r["function"], where]
    return " ".join(words + r["notes"])


def test_example_of_the_documentation():
    found = list(records(b"\xff" + WATER + b"\xff", 1, len(WATER)))
    assert [(r["name"], shown(r["value"], r["exponent"]), r["unit"]) for r in found] == [
        ("volume", "12.565", "m3"),
        ("flow", "0.113", "m3/h"),
        ("energy", "218370", "Wh"),
    ]
    assert [(r["function"], r["storage"], r["tariff"], r["subunit"]) for r in found] == [
        ("now", 0, 0, 0),
        ("max", 5, 0, 0),
        ("now", 0, 2, 1),
    ]
    assert manufacturer(0x4024) == "PAD" and manufacturer(0) == "???"


def test_kinds_of_data():
    for digits, line in (
        ("0013", "volume - m3 now 0/0/0"),
        ("0103FF", "energy -1 Wh now 0/0/0"),
        ("02FD480A09", "voltage 231.4 V now 0/0/0"),
        ("0303FFFF7F", "energy 8388607 Wh now 0/0/0"),
        ("04FD59E8030000", "current 1.000 A now 0/0/0"),
        ("055B0000AC41", "flow_temperature 21.5 C now 0/0/0"),
        ("0603010000000080", "energy -140737488355327 Wh now 0/0/0"),
        ("0703FFFFFFFFFFFFFF7F", "energy 9223372036854775807 Wh now 0/0/0"),
        ("0803", "energy - Wh now 0/0/0"),
        ("091312", "volume 0.012 m3 now 0/0/0"),
        ("0A5A12F3", "flow_temperature -31.2 C now 0/0/0"),
        ("0B1356341A", "volume - m3 now 0/0/0"),
        ("0E03563412907856", "energy 567890123456 Wh now 0/0/0"),
        ("1C0300010000", "energy 100 Wh max 0/0/0"),
        ("2C0300010000", "energy 100 Wh min 0/0/0"),
        ("3C0300010000", "energy 100 Wh error 0/0/0"),
        ("0DFD11036F6A41", "customer Ajo  now 0/0/0"),
        ("0D03C21234", "energy 3412 Wh now 0/0/0"),
        ("0D03D21234", "energy -3412 Wh now 0/0/0"),
        ("0D03E2FEFF", "energy -2 Wh now 0/0/0"),
        ("0D03F001" + 15 * "00", "energy 1 Wh now 0/0/0"),
    ):
        assert text(digits) == line, text(digits)
    assert text("02030102", msb=True) == "energy 258 Wh now 0/0/0"
    assert one("055B0000AC41")["value"] == 21.5


def test_dates():
    for digits, value in (
        ("426CDF2C", "2022-12-31"),
        ("046D0A35F623", "2023-03-22T21:10"),
        ("046D8A35F623", None),
        ("046D0A19F623", None),
        ("066D1E0A15362300", "2017-03-22T21:10:30"),
        ("026C0000", None),
        ("01FD7005", None),
        ("C4996A6C00000000", None),
    ):
        assert one(digits)["value"] == value, (digits, one(digits))


def test_extensions():
    for digits, line in (
        ("0C933A78563412", "volume 12345.678 m3 now 0/0/0 uncorrected"),
        ("84100301000000", "energy 1 Wh now 0/1/0"),
        ("C480407401000000", "actuality_duration 1 s now 1/0/2"),
        ("04967D01000000", "volume 1000 m3 now 0/0/0"),
        ("04967401000000", "volume 0.01 m3 now 0/0/0"),
        ("04837A01000000", "energy 1 Wh now 0/0/0 plus_10^-1"),
        ("04832201000000", "energy 1 Wh now 0/0/0 per_h"),
        ("04AB6F0A35F623", "power 2023-03-22T21:10  now 0/0/0 ended"),
        ("04AB5101000000", "power 1 min now 0/0/0 duration_below_limit"),
        ("04AB4901000000", "power 1  now 0/0/0 times_above_limit"),
        ("04FB0101000000", "energy 1 MWh now 0/0/0"),
        ("04FB1A37000000", "humidity 5.5 % now 0/0/0"),
        ("04FD1700000000", "error_flags 0  now 0/0/0"),
        ("04FD3105000000", "tariff_duration 5 min now 0/0/0"),
        ("04FD6A05000000", "since_cumulation 5 months now 0/0/0"),
        ("04FD2805000000", "storage_interval 5 months now 0/0/0"),
        ("04FD2905000000", "storage_interval 5 years now 0/0/0"),
        ("042205000000", "on_time 5 h now 0/0/0"),
        ("047C034D4C4B05000000", "other 5 KLM now 0/0/0"),
        ("04FF0105000000", "manufacturer 5  now 0/0/0 manufacturer_01"),
        ("0483FF0105000000", "energy 5 Wh now 0/0/0 manufacturer_01"),
        ("046F05000000", "vif_6F 5  now 0/0/0"),
        ("04FD7F05000000", "fd_7F 5  now 0/0/0"),
        ("04837C05000000", "energy 5 Wh now 0/0/0 vife_7C"),
    ):
        assert text(digits) == line, (digits, text(digits))
    assert heading(bytes.fromhex("0C933A")) == "volume uncorrected"
    assert heading(b"\x0c") == ""


def test_the_makers_own_and_fillers():
    found = list(records(b"\x2f\x2f\x01\x03\x05\x2f\x1f\xaa\xbb", 0, 9))
    assert [r["name"] for r in found] == ["energy", "manufacturer_data"]
    assert found[1]["value"] == "aabb" and found[1]["notes"] == ["more_follows"]
    assert [r["value"] for r in records(b"\x01\x03\x05\x00", 0, 4)] == [5]
    assert list(records(b"", 0, 0)) == []


def test_what_is_missing_is_named():
    for digits, why in (
        ("04", "M-Bus record 1, VIF: 1 byte missing"),
        ("84", "M-Bus record 1, DIFE: 1 byte missing"),
        ("84" + 11 * "80", "M-Bus record 1, DIFE: more than 10"),
        ("0493", "M-Bus record 1, VIFE: 1 byte missing"),
        ("0493" + 11 * "BA", "M-Bus record 1, VIFE: more than 10"),
        ("0103050413", "M-Bus record 2, volume: 4 bytes missing"),
        ("04130000", "M-Bus record 1, volume: 2 bytes missing"),
        ("0D13", "M-Bus record 1, length of volume: 1 byte missing"),
        ("0D1304AA", "M-Bus record 1, volume: 3 bytes missing"),
        ("0D13F7", "M-Bus record 1, length of volume: F7 is reserved"),
        ("3F", "M-Bus record 1, DIF: 3F is reserved"),
        ("047C05", "M-Bus record 1, unit: 5 bytes missing"),
    ):
        data = bytes.fromhex(digits)
        try:
            list(records(data, 0, len(data)))
            raise AssertionError("decoded " + digits)
        except TableError as e:
            assert str(e) == why, str(e)


def test_shown():
    for value, exponent, words in (
        (None, -3, "-"),
        (5, -3, "0.005"),
        (-12345, -3, "-12.345"),
        (7, 2, "700"),
        ("2024-03-28", 0, "2024-03-28"),
        (2.5, 1, "25.0"),
    ):
        assert shown(value, exponent) == words


def test_words():
    assert medium(7) == "water" and medium(0) == "other" and medium(200) == "medium_200"
    assert find("00-01 a;", 2) is None
    assert fixed_unit(0x29) == ("volume", "m3", -3) and fixed_unit(0x3F)[0] == "counter"
    assert fixed_unit(5) == ("energy", "Wh", 3)


# What the meter keeps: ET16 (guide p. 92-94).


def variable(telegrams, info=0, when=WHEN):
    body = b"".join([bytes([len(t) + 1]) + t + b"\0" for t in telegrams])
    return when + bytes([info]) + body


def test_reading_of_a_water_meter():
    data = variable([HEADER + WATER])
    found = reading(b"\xaa" + data + b"\0" * 9, 1, len(data) + 9)
    assert found["time"] == "2024-03-28T16:20:41" and found["serial"] == "12345678"
    assert (found["manufacturer"], found["version"], found["medium"]) == ("PAD", 1, "water")
    assert found["access"] == 85 and found["status"] == [] and found["secure"]
    assert [r["name"] for r in found["records"]] == ["volume", "flow", "energy"]
    assert found["fault"] is None and not found["encrypted"]


def test_reading_of_several_telegrams_cut_off():
    heat = HEADER[:7] + b"\x04\x56\x16\0\0" + HEAT
    whole = variable([HEADER + WATER, heat], 0x28)
    found = reading(whole, 0, len(whole))
    assert len(found["records"]) == 9 and found["fault"] is None
    assert found["records"][-1]["name"] == "manufacturer_data"
    assert not found["secure"] and found["check"] == "id_failure"
    for n in range(len(whole) - 1, 21, -1):
        cut = reading(whole[:n], 0, n)
        assert cut["serial"] == "12345678"
        # A telegram that ends where another would begin is whole.
        ends = n == 8 + len(HEADER + WATER) + 1 or n == 8 + len(HEADER + WATER)
        assert ends or n == len(whole) - 1 or cut["fault"], n


def test_reading_that_is_encrypted():
    closed = HEADER[:10] + b"\x10\x05" + bytes(16)
    found = reading(variable([closed]), 0, 200)
    assert found["encrypted"] and found["records"] == [] and found["medium"] == "water"
    opened = HEADER[:9] + b"\x0e" + b"\x10\x05" + b"\x2f\x2f" + WATER
    found = reading(variable([opened], 4), 0, 200)
    assert not found["encrypted"] and len(found["records"]) == 3
    assert found["status"] == ["application_error", "power_low", "permanent_error"]


def test_reading_of_the_fixed_structure():
    # BCD; water (7): its lower bits above the first unit, its upper above the second.
    unit = (7 & 3) << 6 | 0x29 | ((7 >> 2) << 6 | 0x33) << 8
    data = laid(24, {0: WHEN, 6: 2, 7: 16, 8: b"\x78\x56\x34\x12", 12: 9, 13: 0x06})
    data = data[:14] + le(unit, 2) + b"\x67\x45\x23\x01" + b"\x12\0\0\0"
    found = reading(data, 0, 24)
    assert found["medium"] == "water" and medium_of(unit) == 7 and found["manufacturer"] is None
    assert [shown(r["value"], r["exponent"]) for r in found["records"]] == ["1234.567", "0.12"]
    assert found["records"][0]["storage"] == 1 and found["status"] == ["power_low"]
    assert fixed(unit, b"\xff" * 8, 1)[0]["value"] == -1


def test_readings_too_short():
    data = variable([HEADER + WATER])
    fixed_one = laid(24, {6: 2, 7: 16})
    for given, n, why in (
        (data, 5, "ET16, length: 3 bytes missing"),
        (data, 15, "ET16, signature: 5 bytes missing"),
        (fixed_one, 20, "ET16, counter 2: 4 bytes missing"),
    ):
        try:
            reading(given, 0, n)
            raise AssertionError("decoded %d bytes" % n)
        except TableError as e:
            assert str(e) == why
    assert reading(bytes(30), 0, 30) is None


def test_reading_of_a_mep_client():
    data = WHEN + b"\0" + le(3, 2) + le(4, 2) + b"abcdef"
    found = of_client(data, 0, len(data))
    assert found == {"time": "2024-03-28T16:20:41", "reads": 3, "data": b"abcd"}
    assert of_client(bytes(20), 0, 20) is None
    for n, why in ((10, "ET16, length: 1 bytes missing"), (13, "ET16, data: 2 bytes missing")):
        try:
            of_client(data, 0, n)
            raise AssertionError("decoded %d bytes" % n)
        except TableError as e:
            assert str(e) == why


def test_random_bytes_raise_nothing_else():
    noise = Noise(13757)
    for _ in range(2000):
        data = noise.bytes(noise.below(60))
        try:
            for r in records(data, 0, len(data), bool(noise.below(2))):
                shown(r["value"], r["exponent"])
        except TableError:
            pass
        try:
            reading(data, 0, len(data))
            of_client(data, 0, len(data))
        except TableError:
            pass
