"""Devices on the meter, their kept reads and one on demand: bytes by the guide's offsets."""

from machinekit import laid, le, meter, run
from mep.errors import TableError
from osgp.devices import DeviceLog, Devices
from osgp.ondemand import OnDemand, through
from test_osgp_mbus import HEADER, HEAT, WATER, variable

# Six devices; entries of ET13: 66, ET14: 36, ET15: 6 (4 of them, messages of 25), ET16: 517,
# ET34: 22 bytes; ET57 has three entries.
ET11 = laid(
    39,
    {0: 6, 1: 66, 2: 36, 3: 4, 4: 6, 5: le(517, 2), 11: 25, 13: 22, 20: 64, 25: 3},
)
HEAT_HEADER = HEADER[:7] + b"\x04\x56\x16\0\0"
WATER_READ = variable([HEADER + WATER])
HEAT_READ = variable([HEAT_HEADER + HEAT])
CLIENT = bytes([24, 3, 28, 12, 0, 0, 0]) + le(3, 2) + le(4, 2) + b"data"
WHEN = bytes([24, 3, 28, 16, 20, 41])


def status(handle, state, length, answers=1, alarms=0):
    """An entry of ET14 (guide p. 84)."""
    head = le(handle, 2) + bytes([state, 6]) + le(length, 2) + le(9, 4) + le(answers, 4)
    return head + bytes([alarms]) + bytes(9) + WHEN + WHEN


def et14():
    empty = bytes(36)
    entries = [status(7, 1, len(WATER_READ)), status(9, 2, len(HEAT_READ), 4, 0x14), empty, empty]
    return bytes(6) + b"".join(entries + [status(1000, 3, len(CLIENT)), empty])


def has():
    et13 = laid(6 * 66, {0: b"\x20\4\x1e\2", 8: b"Water, cellar", 30: b"secret key of it"})
    et13 = et13[:66] + laid(66, {3: 1, 1: 2}) + et13[132:]
    et57 = b"\x05\x0c\x13\0" + b"\x8d\x0c\x93\x3a" + b"\x03\x04\x05\0"
    return {
        2061: et13,
        2062: et14(),
        2064: laid(6 * 517, {0: WATER_READ, 517: HEAT_READ, 4 * 517: CLIENT}),
        2082: laid(6 * 22, {4: le(60, 2), 22 + 4: le(15, 2)}),
        2105: et57,
        2106: laid(120, {20: 1}),
    }


def dims():
    found = meter()
    found.tables[2059] = ET11
    return found


def test_devices():
    machine = Devices(dims())
    asked = run(machine, has())
    water, heat, client = machine.devices
    assert (water["index"], water["kind"], water["handle"], water["up"]) == (0, "mbus", 7, True)
    assert water["customer_id"] == "Water, cellar" and water["poll_minutes"] == 60
    assert water["schedule"] == "weekly sunday at 04:30" and water["baud"] == 9600
    assert water["reading"]["medium"] == "water" and len(water["reading"]["records"]) == 3
    assert water["attempts"] == 9 and water["answers"] == 1 and water["alarms"] == []
    assert heat["up"] is False and heat["alarms"] == ["device_alarm", "no_answer"]
    assert heat["schedule"] == "daily at 02:00" and heat["control"] == 1
    assert heat["reading"]["records"][1]["name"] == "energy"
    assert client["kind"] == "mep" and client["reading"]["data"] == b"data"
    assert client["customer_id"] is None and client["last_attempt"] == "2024-03-28T16:20:41"
    # Read was what there is of a reading; and never where the keys lie.
    assert (2064, 517, len(HEAT_READ)) in asked
    for table, offset, count in asked:
        assert table != 2061 or offset % 66 + count <= 29
    assert machine.types == [
        (1, "mbus", "0c1300", False, "volume"),
        (3, "mbus", "0c933a040500", True, "volume uncorrected"),
    ]


def test_devices_without_readings_or_one():
    machine = Devices(dims(), 1, False)
    asked = run(machine, has())
    assert [d["handle"] for d in machine.devices] == [9]
    assert machine.devices[0]["reading"] is None and not [a for a in asked if a[0] == 2064]


def test_a_meter_without_devices():
    machine = Devices(dims())
    assert run(machine, {2062: bytes(6 + 6 * 36)}) == [(2062, 0, 222)]
    assert machine.devices == []
    machine = Devices(dims())
    run(machine, {})
    assert machine.devices == [] and machine.missing == {"ET14": None}


def test_devices_of_which_little_is_told():
    machine = Devices(dims())
    run(machine, {2062: et14()})
    assert machine.devices[0]["schedule"] is None and machine.devices[0]["reading"] is None
    assert sorted(machine.missing) == ["ET13", "ET16", "ET34", "ET57", "ET58"]
    short = has()
    for table, data, why in (
        (2061, b"\1", "ET13, read_often: 3 bytes missing"),
        (2082, b"\1\2\3", "ET34, poll_rate: 3 bytes missing"),
        (2106, b"", "ET58, control_status: 1 bytes missing"),
        (2064, WATER_READ[:12], "ET16, signature: 8 bytes missing"),
        (2062, et14()[:30], "ET14, devices[0].status_read: 1 bytes missing"),
    ):
        given = dict(short)
        given[table] = data
        try:
            run(Devices(dims()), given)
            raise AssertionError("decoded " + why)
        except TableError as e:
            assert str(e).split(",")[0] == why.split(",")[0] and "missing" in str(e), str(e)


# ET45 and ET74: entries of 525 bytes, of which few are used.


def kept(handle, data, delayed=0):
    """An entry: its length counts the handle and what follows."""
    head = le(len(data) + 4, 2) + b"\0\0" + le(handle, 2) + bytes([delayed, 4])
    return head + data + bytes(525 - 8 - len(data))


def logs():
    et36 = laid(120, {0: 7, 71: le(525, 2), 75: le(2, 2)})
    et45 = b"\4\2\0" + le(0x100, 2) + b"\1" + kept(9, HEAT_READ) + kept(7, WATER_READ, 2)
    et74 = b"\4" + le(1, 2) + le(0, 2) + le(0x101, 2) + le(1, 2) + kept(1000, CLIENT)
    return {2084: et36, 2093: et45, 2102: laid(120, {69: le(1, 2)}), 2122: et74}


def test_kept_reads():
    machine = DeviceLog(dims())
    asked = run(machine, logs())
    found = [
        (r["table"], r["handle"], r["sequence"], r["delayed"], r["done"]) for r in machine.reads
    ]
    assert found == [
        ("ET45", 9, 0x100, False, True),
        ("ET45", 7, 0xFF, True, True),
        ("ET74", 1000, 0x101, False, True),
    ]
    assert machine.reads[1]["reading"]["serial"] == "12345678"
    assert machine.reads[2]["reading"]["data"] == b"data"
    assert (2093, 6, len(HEAT_READ) + 8) in asked, asked
    machine = DeviceLog(dims(), 1)
    run(machine, logs())
    assert len(machine.reads) == 2


def test_the_extended_log_is_since_3_60_and_1_20_of_modules():
    for version, there in (((3, 59), 0), ((3, 60), 1), ((1, 19), 0), ((1, 20), 1)):
        found = dims()
        found.version = version
        asked = run(DeviceLog(found), logs())
        assert any(a[0] == 2122 for a in asked) == there, version


def test_kept_reads_that_are_bad_or_not_there():
    given = logs()
    given[2093] = b"\4\1\0\1\0\0" + kept(7, WATER_READ[:9])
    machine = DeviceLog(dims())
    run(machine, given)
    assert machine.reads[0]["fault"] == "ET45, signature: 11 bytes missing"
    assert machine.reads[0]["reading"] is None
    machine = DeviceLog(dims())
    run(machine, {})
    assert machine.reads == []
    given[2093] = b"\4\1\0\1\0\0" + b"\2"
    try:
        run(DeviceLog(dims()), given)
        raise AssertionError("decoded one byte")
    except TableError as e:
        assert str(e) == "log, length: 1 bytes missing"


# On demand.


def queue(number=0, result=0, used=0):
    entries = le(used, 2) + le(7, 2) + b"\2\1" + le(number, 2) + le(7, 2) + bytes([2, result])
    return laid(1 + 24 + 4 * 25 + 65, {1: entries})


def asked_for(result, answer, given=None, index=0):
    """An `OnDemand` that got to its end; the meter's ET15 says ``answer`` at the third poll."""
    given = given or has()
    given[2063] = queue(0, 0, 0x400)
    machine = OnDemand(dims(), index)
    run(machine, given)
    if machine.call is None:
        return machine
    assert machine.call == (2067, b"\1\4\7\0\2") and machine.next_read() is None
    machine.called(result)
    assert machine.call is None
    polls = []

    def change(n, table, offset):
        if table == 2063:
            assert machine.wait_ms == 1000
            polls.append(n)
            given[2063] = queue(0x401, answer if len(polls) >= 3 else 0, 0x400)
        else:
            assert machine.wait_ms == 0

    run(machine, given, change)
    assert result or answer == 0 or len(polls) == 3
    return machine


def test_on_demand():
    machine = asked_for(0, 1)
    assert machine.failed is None and machine.device["handle"] == 7
    assert machine.device["reading"]["medium"] == "water"


def test_on_demand_that_fails():
    for result, answer, words in (
        (0, 2, "the device does not answer"),
        (0, 3, "the device answered, but the read failed"),
        (0, 0, "nothing heard of the request for 60 s"),
        (5, 0, "it takes the MAK"),
        (7, 0, "the meter's queue is full, try again later"),
        (9, 0, "the meter refused: result 9"),
        (None, 0, "the meter refused: result None"),
    ):
        machine = asked_for(result, answer)
        assert machine.failed == words and machine.device is None, machine.failed
    assert asked_for(0, 1, index=2).failed == "there is no M-Bus device at place 3"
    assert asked_for(0, 1, index=4).failed == "there is no M-Bus device at place 5"
    machine = OnDemand(dims(), 0)
    run(machine, has())
    assert machine.failed == "the meter does not give ET15" and machine.call is None


def test_one_machine_through_another():
    machine = Devices(dims(), 0)
    steps = through(machine, Devices(dims(), 0))
    assert next(steps) == (2062, 0, 222)
