"""Event logs and outages, from bytes laid out by hand at the guide's offsets."""

from machinekit import laid, le, meter, run
from mep.errors import LocalError, TableError
from osgp import eventwords
from osgp.events import Events
from osgp.machine import Machine
from osgp.outages import Outages, seconds_of
from osgpkit import GEN3

BT71 = laid(9, {3: 2, 5: le(5, 2)})
# ET54: number of entries in ET79 at offset 80.
ET54 = laid(160, {80: le(3, 2)})


def event(second, sequence, number, argument, user=0xFFFF):
    when = bytes([24, 3, 28, 16, 20, second])
    return when + le(sequence & 0xFFFF, 2) + le(user, 2) + le(number, 2) + le(argument, 2)


def log(entries, last, sequence, records):
    return b"\x04" + le(entries, 2) + le(last, 2) + le(sequence, 4) + b"\0\0" + b"".join(records)


def primary():
    """A ring of five that has gone round: the oldest stands at 2."""
    records = [event(40, 0x1FFFF, 2, 3), event(41, 0x20002, 98, 4 * 190 + 1)]
    records += [event(10, 0x1FFFC, 1, 0), event(20, 0x1FFFD, 10, 2048 + 13, 0xFFFD)]
    return log(5, 1, 0x20002, records + [event(30, 0x1FFFE, 200, 0x0201, 7)])


def alternate():
    return log(2, 1, 0x20001, [event(42, 0x20000, 66, 0x0612), event(43, 0x20001, 91, 0x42)])


def all_tables():
    return {71: BT71, 74: primary(), 2102: ET54, 2127: alternate() + bytes(14)}


def test_both_logs_in_one_order():
    machine = Events(meter())
    read = run(machine, all_tables())
    assert [e["sequence"] for e in machine.events] == list(range(0x20002, 0x1FFFB, -1))
    first = machine.events[0]
    assert first["time"] == "2024-03-28T16:20:41" and first["log"] == "BT74"
    assert first["name"] == "voltage_sag" and first["detail"] == "L2 190 V"
    assert [e["name"] for e in machine.events[1:3]] == ["power_quality", "disconnect_changed"]
    assert machine.events[1]["detail"] == "sag L2 over-current L1"
    assert machine.events[1]["log"] == "ET79"
    assert machine.events[2]["detail"] == "open, failed (by hand)"
    assert machine.events[3]["detail"] == "power failure"
    unknown = machine.events[4]
    assert (unknown["name"], unknown["argument"], unknown["detail"]) == ("event_200", 513, "513")
    assert unknown["user"] == "7" and machine.events[3]["user"] == ""
    assert machine.events[5]["detail"] == "ET13" and machine.events[5]["user"] == "mep"
    assert machine.headers["BT74"]["entries"] == 5
    # The ring from its last entry backwards, in two pieces; the header before and after.
    assert [r for r in read if r[0] == 74] == [
        (74, 0, 11),
        (74, 11, 28),
        (74, 39, 42),
        (74, 0, 11),
    ]


def test_only_the_newest():
    machine = Events(meter(), 1)
    read = run(machine, all_tables())
    assert [e["sequence"] for e in machine.events] == [0x20002, 0x20001]
    assert (74, 25, 14) in read


def test_a_log_that_grows_while_it_is_read_is_read_again():
    has = all_tables()
    grown = log(5, 2, 0x20003, [primary()[11 + 14 * i : 25 + 14 * i] for i in range(5)])
    grown = grown[:39] + event(50, 0x20003, 31, 0) + grown[53:]

    def change(n, table, offset):
        if table == 74 and offset == 39:
            has[74] = grown

    machine = Events(meter())
    run(machine, has, change)
    found = [e["sequence"] for e in machine.events if e["log"] == "BT74"]
    assert found == [0x20003, 0x20002, 0x1FFFF, 0x1FFFE, 0x1FFFD]


def test_a_log_that_never_rests_is_an_error():
    has = all_tables()

    def change(n, table, offset):
        if table == 74:
            has[74] = log(5, n % 5, 0x20000 + n, [event(1, n, 1, 0)] * 5)

    try:
        run(Events(meter()), has, change)
        raise AssertionError("it gave up nothing")
    except TableError as e:
        assert str(e) == "BT74, header: changes again and again while read"


def test_bad_logs():
    for data, why in (
        (log(6, 0, 6, []), "BT74, entries: 6 of 5, the last 0"),
        (log(1, 5, 1, []), "BT74, entries: 1 of 5, the last 5"),
        (b"\x04\1\0", "BT74, last: 2 bytes missing"),
        (log(1, 0, 1, [event(1, 1, 1, 0)[:9]]), "BT74, user: 1 bytes missing"),
    ):
        has = all_tables()
        has[74] = data
        machine = Events(meter())
        try:
            run(machine, has)
            raise AssertionError("decoded " + why)
        except TableError as e:
            assert str(e) == why, str(e)
        assert machine.next_read() is None


def test_a_meter_without_logs_and_an_empty_one():
    machine = Events(meter())
    run(machine, {})
    assert machine.events == [] and machine.missing == {"BT71": None}
    machine = Events(meter())
    run(machine, {71: BT71, 74: log(0, 0, 0, []), 2102: bytes(160)})
    assert machine.events == [] and list(machine.headers) == ["BT74"]


def test_the_alternate_log_is_since_3_70_and_1_20_of_modules():
    for version, there in (((3, 69), 0), ((3, 70), 1), ((1, 19), 0), ((1, 20), 1)):
        dims = meter()
        dims.version = version
        asked = run(Events(dims), all_tables())
        assert any(a[0] == 2127 for a in asked) == there, version


def test_only_what_was_asked_for_is_taken():
    machine = Events(meter())
    try:
        machine.learn(28, b"", 0, 0)
        raise AssertionError("it took BT28")
    except LocalError as e:
        assert "BT28 was not asked for" in str(e)
    assert isinstance(machine, Machine)


def test_words_of_the_events():
    name_of = eventwords.name_of
    assert name_of(1) == ("power_down", "") and name_of(107) == ("load_side_voltage", "load")
    assert name_of(10) == ("table_written", "table") and name_of(7)[0] == "read"
    assert name_of(0)[0] == "event_0" and name_of(108)[0] == "event_108"
    say = eventwords.detail
    for kind, n, words in (
        ("", 0, ""),
        ("", 7, "7"),
        ("from1", 2, "3"),
        ("hex", 0x3A86, "3A86"),
        ("procedure", 2067, "EP19"),
        ("pending", 4150, "pending BT54"),
        ("phases", 5, "L1 L3"),
        ("thd", 4 * 250 + 2, "L3 250"),
        ("quality", 0, "ended"),
        ("load", 2 + 8, "L2"),
        ("load", 1, "phase unknown"),
        ("disconnect", 0x0201, "closed, done (power limit)"),
        ("mep", 5 << 13 | 4, "device 6: no answer"),
        ("status", 1 << 13 | 4, "device 2: removed"),
        ("CAUSE", 8, "brown-out"),
        ("CAUSE", 77, "77"),
    ):
        assert say(kind, n) == words, (kind, n, say(kind, n))
    for number in range(108):
        for n in (0, 1, 2, 3, 4, 255, 0xFFFF):
            assert isinstance(say(name_of(number)[1], n), str)


# Outages.

ET36 = laid(1 + 17 * 7 + 1, {0: 7, 1 + 17 * 6 + 2: le(12, 2), 1 + 17 * 6 + 6: le(4, 2)})
BEGAN = bytes([24, 2, 29, 23, 59, 58])
ENDED = bytes([24, 3, 1, 0, 1, 0])


def test_outage_log():
    records = BEGAN + ENDED + bytes([24, 5, 1, 12, 0, 0]) + bytes(6) + bytes(24)
    has = {2084: ET36, 2129: b"\x04\2\1\x10\0\0" + records}
    machine = Outages(meter())
    run(machine, has)
    assert machine.table == "ET81" and not machine.utc
    newest, oldest = machine.outages
    assert newest == {"began": "2024-05-01T12:00:00", "ended": None, "seconds": None, "cause": ""}
    assert oldest["ended"] == "2024-03-01T00:01:00" and oldest["seconds"] == 62


def test_outages_of_a_meter_without_a_log():
    et09 = laid(200, {6: ENDED + b"\x08\0" + BEGAN + le(62, 4), 24: bytes(18)})
    has = {2052: laid(60, {53: 2}), 2057: et09}
    for version in (b"\x32\0", GEN3):
        machine = Outages(meter(version))
        run(machine, has)
        assert machine.table == "ET09" and machine.utc
        assert [o["cause"] for o in machine.outages] == ["brown out"]
        assert machine.outages[0]["seconds"] == 62
    machine = Outages(meter())
    run(machine, {})
    assert machine.outages == [] and machine.table is None


def test_seconds():
    assert seconds_of("2000-01-01T00:00:00") == 0
    assert seconds_of("2000-03-01T00:00:00") == 60 * 86400
    assert seconds_of("2024-03-28T16:20:41") == 764958041
