"""The newest kept readings of M-Bus devices, and what they say in brief."""

from machinekit import laid, le, run
from osgp.mbusbrief import device, values
from osgp.mbuslast import Last
from tablekit import Noise
from test_osgp_devices import ET11, HEAT_HEADER, HEAT_READ, WATER_READ, et14, has, kept, logs
from test_osgp_mbus import HEADER, HEAT, WATER, WHEN, variable

EARLIER = bytes([24, 3, 27]) + WHEN[3:]
LATER = bytes([24, 3, 29]) + WHEN[3:]


def read(given=None, **more):
    """(places, what was read) of a meter that has ``given``."""
    machine = Last()
    tables = dict({2059: ET11, 2062: et14()}, **more)
    tables.update(has() if given is None else given)
    asked = run(machine, tables)
    return machine.places, asked


def brief(data):
    return [(v["name"], v["value"], v["scale"], v["unit"]) for v in values(data) if v]


def test_what_was_read_first_or_on_demand():
    places, asked = read()
    assert places == [[1, 7, WATER_READ], [2, 9, HEAT_READ]]
    assert (2064, 517, len(HEAT_READ)) in asked and len(asked) == 6
    # No key is read, and nothing of the MEP client.
    assert all(table != 2061 and offset < 4 * 517 for table, offset, _ in asked)


def test_the_scheduled_reads_are_newer():
    tables = has()
    tables.update(logs())
    old = variable([HEADER + WATER], when=EARLIER)
    new = variable([HEAT_HEADER + HEAT], when=LATER)
    # The ring's newest entry is at its place 1, the one before at its place 0.
    tables[2093] = b"\4\2\1" + le(0x100, 2) + b"\1" + kept(7, old) + kept(9, new)
    places, _ = read(tables)
    assert places == [[1, 7, WATER_READ], [2, 9, new]]
    # ET74 has what waits for room in ET45: handles of MEP clients are none of ours.
    newest = variable([HEAT_HEADER + HEAT], when=LATER[:5] + b"\x3b")
    head = b"\4" + le(1, 2) + le(0, 2) + le(0x101, 2) + le(1, 2)
    tables[2122] = head + kept(9, newest)
    assert read(tables)[0][1] == [2, 9, newest]
    tables[2122] = head + kept(1009, newest)
    assert read(tables)[0][1] == [2, 9, new]


def test_the_newest_of_a_device_counts_and_the_ring_goes_round():
    tables = has()
    tables.update(logs())
    tables[2084] = laid(120, {0: 7, 71: le(525, 2), 75: le(3, 2)})
    reads = [variable([HEADER + WATER], when=LATER[:4] + bytes([m, 0])) for m in (2, 3, 1)]
    tables[2093] = b"\4\3\1" + le(9, 2) + b"\1" + b"".join([kept(7, r) for r in reads])
    places, asked = read(tables)
    assert places[0][2] == reads[1]
    # That of place 0 is not read, its beginning is: the second device may be there.
    bodies = [a for a in asked if a[0] == 2093 and a[2] == len(reads[0])]
    assert len(bodies) == 1 and len([a for a in asked if a[0] == 2093 and a[2] == 14]) == 3


def test_rings_that_make_no_sense_are_left_alone():
    for head, dims in (
        (b"\4\2\2", {71: le(525, 2), 75: le(2, 2)}),
        (b"\4\3\1", {71: le(525, 2), 75: le(2, 2)}),
        (b"\4\2\1", {71: le(9, 2), 75: le(2, 2)}),
        (b"\4\0\0", {71: le(525, 2), 75: le(2, 2)}),
        (b"\4", {71: le(525, 2), 75: le(2, 2)}),
    ):
        tables = has()
        newer = variable([HEADER + WATER], when=LATER)
        tables.update({2084: laid(120, dims), 2093: head + le(1, 2) + b"\1" + kept(7, newer) * 2})
        assert read(tables)[0][0] == [1, 7, WATER_READ], (head, dims)


def test_a_meter_without_devices_or_without_the_tables():
    places, asked = read({2062: bytes(6 + 6 * 36)})
    assert places == [] and len(asked) == 2
    machine = Last()
    assert run(machine, {}) == [(2059, 0, 7)] and machine.places is None
    machine = Last()
    run(machine, {2059: ET11})
    assert machine.places is None
    assert [p[2] for p in read({})[0]] == [b"", b""]


def test_brief():
    assert device(WATER_READ) == {"id": "12345678", "maker": "PAD", "medium": "water", "note": ""}
    assert brief(WATER_READ) == [("volume", 12565, 1000, "m3")]  # what is not now is left out
    found = device(HEAT_READ)
    assert found["medium"] == "heat" and found["note"] == ""
    assert ("energy", 100000000, 1, "Wh") in brief(HEAT_READ)
    assert device(b"") is None and device(WATER_READ[:19]) is None
    assert device(WHEN + bytes(40)) is None


def test_brief_of_what_cannot_be_read():
    secret = HEADER[:10] + b"\x10\5"
    assert device(variable([secret + WATER]))["note"] == "encrypted"
    assert device(variable([secret + WATER], 4))["note"] == ""  # the meter has decrypted it
    assert device(variable([HEADER + WATER], 0x28))["note"] == "insecure"
    for n in range(20, len(HEAT_READ)):
        assert len(brief(HEAT_READ[:n])) <= len(brief(HEAT_READ))


def test_brief_of_the_fixed_structure():
    body = bytes.fromhex("78563412" + "0A00" + "E97E" + "01000000" + "35010000")
    assert device(WHEN + b"\2\x11" + body)["id"] == "12345678"
    assert device(WHEN + b"\2\x11" + body)["maker"] is None
    assert brief(WHEN + b"\2\x11" + body) == [("volume", 1, 1000, "m3")]
    assert device(WHEN + b"\2\x11" + body[:8]) is None


def test_only_what_can_be_is_a_value():
    for digits, found in (
        ("0C1378563412", [("volume", 12345678, 1000, "m3")]),
        ("0413FFFFFFFF", []),  # no volume is below zero
        ("0416FFFFFF7F", []),  # nor are there 2**31 m3
        ("0C13785634A2", []),  # nor digits beyond 9
        ("1C1378563412", []),  # a maximum
        ("4C1378563412", []),  # of a date
        ("8C101378563412", []),  # of a tariff
        ("0C933A78563412", []),  # not the volume but the uncorrected one
        ("02FD480A09", []),  # none of a household's
        ("025A8813", []),  # 500 degrees
        ("02 5A F4 FF".replace(" ", ""), [("flow_temperature", -12, 10, "C")]),
        ("055B0000AC41", [("flow_temperature", 21500, 1000, "C")]),
        ("055B0000C07F", []),  # not a number
        ("055B0000807F", []),  # infinite
        ("046E05000000", [("hca", 5, 1, "")]),
        ("04130100000004130200000004130300", [("volume", 1, 1000, "m3")]),
    ):
        data = variable([HEADER + bytes.fromhex(digits)])
        assert brief(data) == found, (digits, brief(data))


def test_noise():
    noise = Noise(7)
    for _ in range(300):
        data = noise.bytes(noise.below(120))
        if device(data):
            brief(data)
        tables = {t: noise.bytes(noise.below(700)) for t in (2062, 2064, 2084, 2093, 2102, 2122)}
        tables[2059] = ET11
        if noise.below(3):
            tables[2062] = et14()
        machine = Last()
        run(machine, tables)
        assert machine.places is None or len(machine.places) <= 4
