import osgp.channels
import osgp.pieces
from machinekit import le
from mep.errors import TableError
from osgp.profile import Profile, words
from osgpkit import GEN430
from profilekit import DAY, ET21, ET57, ET66, NO_TIME, Recorder, stime
from tablekit import Noise

OLD = b"\x30\xc0"  # 3.06


def _fails(text, recorder, machine, change=None):
    try:
        recorder.run(machine, change)
    except TableError as e:
        assert text in str(e), e
        return
    raise AssertionError("no TableError")


def _growing(recorder, first, step, n, end):
    # Records ``n`` intervals before each ``step``-th answer after the ``first``.
    def change(i):
        if i > first and i % step == 0 and recorder.now < DAY + end * 900:
            recorder.record(n)

    return change


def _anew(recorder, at):
    def change(i):
        if i == at:
            recorder.clear()
            recorder.record(8)

    return change


def _filled(n=37, **more):
    r = Recorder(**more)
    r.record(n)
    return r


def test_all_intervals_of_any_data_set_of_any_firmware():
    for number in (1, 2, 3, 4):
        for more in ({}, {"gap": 7}, {"version": GEN430}, {"scaled": (1, 1)}):
            r = _filled(number=number, **more)
            found = r.run(Profile(r.dims(), number))
            assert r.check(found) == r.kept() and len(found) == 37
    for wide in (0, 83):
        r = _filled(wide=wide, version=OLD)
        assert r.check(r.run(Profile(r.dims()))) == r.kept()
    # Few bytes a block, many, one interval a block of a day, a reply full of headers.
    for blocks, intervals, n in ((60, 1, 45), (3, 100, 130), (2, 300, 310)):
        minutes = 84 if intervals == 1 else 1
        r = _filled(n, blocks=blocks, intervals=intervals, minutes=minutes)
        for pieces in (1, 4):
            assert r.check(r.run(Profile(r.dims(), pieces=pieces))) == r.kept()


def test_a_ring_that_went_round():
    for n in range(36, 60):
        r = _filled(n)
        machine = Profile(r.dims())
        assert r.check(r.run(machine)) == r.kept() and not machine.lost
        assert (machine.seconds, [c.name for c in machine.channels]) == (
            900,
            ["energy_forward", "energy_reverse", "voltage_l1"],
        )


def test_only_what_the_time_needs_is_read():
    r = _filled(96 * 8 + 40, blocks=11, intervals=96, sources=tuple(range(8)))
    at = DAY + 5 * 86400
    for begin, end, most in (
        (at + 3600, at + 7200, 500),
        (at, at + 900, 400),
        (at, at + 86400, 4200),
        (r.now - 900, None, 400),
        (r.now, None, 400),
        (None, DAY + 1800, 400),
        (None, DAY - 86400, 400),
        (at - 1, at + 1, 400),
        (r.now + 86400, None, 400),
    ):
        machine = Profile(r.dims(), 1, begin, end)
        found = r.check(r.run(machine), begin, end)
        low, high = DAY if begin is None else begin, r.now if end is None else end
        assert found == [t for t in sorted(r.truth) if low < t <= high]
        assert machine.done < most, (begin, end, machine.done)


def test_what_was_not_recorded():
    r = _filled(11)
    r.pass_by(3)
    r.record(4, 2, (2,))
    r.pass_by(8 * 5 + 3)  # blocks that never were
    r.record(3, 1 | 4 | 8, (1, 2, 3))
    found = r.run(Profile(r.dims()))
    assert r.check(found) == r.kept() == sorted(r.truth)
    assert words(found[10][1]) == [] and words(found[11][1]) == ["not_recorded"]
    assert words(found[14][1]) == ["power_fail", "1:partial"]
    assert words(found[-1][1]) == (
        ["dst", "clock_forward", "clock_backward", "1:overflow", "2:partial", "3:long"]
    )
    # A search by time finds its way over the gap.
    for begin in range(DAY, r.now, 2700):
        ends = r.check(r.run(Profile(r.dims(), 1, begin)), begin)
        assert ends == [t for t in r.kept() if t > begin]


def test_no_value_where_the_status_says_so():
    r = Recorder(sources=tuple(range(6)))
    r.record(1, 0, (4, 8, 10, 12, 15, 11))
    ((end, status, values),) = r.run(Profile(r.dims()))
    assert values[:5] == [None] * 5 and values[5] == r.true(end)[1][5]
    assert status == b"\0\4\x08\x0a\x0c\x0f\x0b" and words(status)[-1] == "6:not_current"


def test_a_block_with_no_valid_time_is_told_and_left_out():
    r = _filled(20)
    r.memory[r.size : r.size + 5] = NO_TIME
    machine = Profile(r.dims())
    found = r.check(r.run(machine))
    assert machine.undated == 8 and found == [t for i, t in enumerate(r.kept()) if i // 8 != 1]


def test_it_goes_on_while_it_is_read():
    for step in (1, 2, 3, 7):
        r = _filled(40, blocks=12, sources=tuple(range(8)))

        machine = Profile(r.dims(), pieces=1)
        ends = r.check(r.run(machine, _growing(r, 6, step, 1, 90)))
        assert ends[-1] > DAY + 40 * 900 and len(ends) == (ends[-1] - DAY) // 900


def test_what_is_overwritten_meanwhile_is_lost_and_not_wrong():
    lost = 0
    for step in (2, 3, 5):
        for first in range(4, 12):
            r = _filled(40, blocks=5, sources=tuple(range(8)))

            machine = Profile(r.dims(), pieces=1)
            ends = r.check(r.run(machine, _growing(r, first, step, 8, 90)))
            # What was to be had at the end is there, but for blocks that are gone since.
            assert ends[-1] >= r.now - 8 * 900 and (machine.lost or ends[0] == DAY + 900)
            lost += machine.lost
    assert lost > 10


def test_killed_anywhere_it_goes_on_where_it_was():
    r = _filled(45, blocks=9)
    for kill in range(40):
        machine = Profile(r.dims(), pieces=1)
        found = []
        for _ in range(kill):
            if not r.answer(machine):
                break
            # Killed in the middle of what has come, too.
            some = machine.take()
            for _ in range(kill % 5 + 1):
                found.extend([i for i in [next(some, None)] if i])
        state = machine.state()
        assert (state is None) == (not found)
        if kill % 2:
            r.record()
        again = Profile(r.dims(), state=state, pieces=2)
        found += r.run(again)
        assert r.check(found) == sorted(r.truth)
        assert again.state()["end"] == found[-1][0] and not again.lost
        assert r.run(Profile(r.dims(), state=again.state())) == []


def test_a_state_that_the_ring_has_left_behind():
    r = _filled(40)
    machine = Profile(r.dims(), end=DAY + 5 * 900)
    found = r.run(machine)
    r.record(20)
    again = Profile(r.dims(), state=machine.state())
    more = r.run(again)
    assert r.check(found + more)[5:] == r.kept() and again.lost == 3
    # Or that is another profile's.
    r.config += 1
    _fails("set up anew", r, Profile(r.dims(), state=machine.state()))


def test_a_profile_that_is_set_up_anew_meanwhile():
    r = _filled(40, sources=tuple(range(8)))
    r.run(Profile(r.dims(), pieces=1))
    for at in range(2, len(r.reads)):
        r = _filled(40, sources=tuple(range(8)))
        machine = Profile(r.dims(), pieces=1)
        _fails("anew", r, machine, _anew(r, at))
        assert machine.next_read() is None


def test_what_channels_mean():
    r = Recorder(sources=(0, 8, 112, 113, 114, 115, 116), scaled=(2, 100))
    r.version = GEN430
    r.extra[ET66] = b"".join([le(i, 2) for i in (0x4001, 0x4102, 0x4103, 0x4204, 0x7001)])
    # Type 1: volume, 8 digits; 2: energy, an integer; 3: two headers; 4: one of 4 bytes.
    types = (b"\x05\x0c\x13\x00", b"\x09\x04\x06\x00", b"\x0d\x04\x06\x00", b"\x0d\x04\x07\x00")
    types += (b"\x11\x84\x10\x86", b"\x03\x3b\x00\x00", b"\x16\x01\x02\x03")
    r.extra[2059] = bytes(25) + bytes([len(types)]) + bytes(13)
    r.extra[ET57] = b"".join(types)
    water = b"\x72\x24\x44\x00"
    r.record(1, 0, (), [5, -6, water, b"\xfe\xff\xff\xff", 7, b"\x01\x02\x00\x00", -1])
    dims = r.dims()
    dims.tables[2059] = r.extra[2059]
    machine = Profile(dims)
    ((_, _, values),) = r.run(machine)
    assert values == [5, -6, 442472, -2, 7, 513, -1]
    said = [(c.name, c.unit, c.times, c.per) for c in machine.channels]
    assert said == [
        ("energy_forward", "Wh", 100, 2),
        ("power_forward", "W", 100, 2),
        ("mbus_1_volume", "m3", 100, 2000),
        ("mbus_2_energy", "Wh", 100 * 1000, 2),
        ("mbus_2_type_3", "", 100, 2),
        ("mbus_3_energy_only_forward", "Wh", 100 * 1000, 2),
        ("source_7001", "", 100, 2),
    ], said


def test_a_register_of_100_Wh_and_values_without_a_sign():
    r = Recorder(sources=(0, 15), format=4)
    r.record(1, 0, (), [b"\xff\xff\xff\xff", 3])
    dims = r.dims()
    dims.energy_unit = 100
    machine = Profile(dims)
    ((_, _, values),) = r.run(machine)
    assert values == [0xFFFFFFFF, 3] and [c.times for c in machine.channels] == [100, 1]


def test_what_the_meter_refuses_or_says_wrongly():
    for table in (61, 62, 63):
        r = _filled()
        r.hidden = (table,)
        machine = Profile(r.dims())
        assert r.run(machine) == [] and machine.missing == {"BT%d" % table: 5}
    for table, text in ((64, "BT64, blocks"), (60, ""), (ET66, "")):
        r = _filled(sources=(0, 112))
        r.hidden = (table,)
        if text:
            _fails(text, r, Profile(r.dims()))
        else:
            assert r.check(r.run(Profile(r.dims()))) == r.kept()
    r = _filled()
    _fails("data set 2 is not in use", r, Profile(r.dims(), 2))
    # A meter that has room for one refuses to read what lies behind it.
    machine = Profile(r.dims(), 3)
    machine.refused(61, 4)
    _fails("data set 3 is not in use", r, machine)
    for table, at, byte, text in (
        (61, 12, 0, "interval_time"),
        (62, 9, 16, "format"),
        (63, 0, 1, "order"),
        (63, 1, 9, "9 blocks"),
        (ET21, 25, 99, "ET21, block_size"),
        (ET21, 22, 6, "simple_status_offset"),
        (64, None, 0, "BT64, blocks: "),
        (61, None, 0, "BT61, sets: "),
        (62, None, 0, "BT62, set_1: "),
        (63, None, 0, "BT63, valid_intervals: "),
    ):
        r = _filled()
        data = bytearray(r.bytes_of(table))
        if at is None:
            data = data[:9]
        else:
            data[at] = byte
        r.extra[table] = bytes(data)
        _fails(text, r, Profile(r.dims()))
    assert Recorder().run(Profile(Recorder().dims())) == []


def test_times_of_the_guide():
    for seconds in (946684800, 951782400, 1709208000, 1709251200, 4102444740):
        assert osgp.channels.unix(stime(seconds), 0) == seconds
    for bad in (b"\x17\x0d\1\0\0", b"\x17\1\0\0\0", b"\x17\1\1\x18\0", b"\xff\1\1\0\0", NO_TIME):
        assert osgp.channels.unix(bad, 0) is None


def test_a_ring_that_is_not_there():
    def status():
        yield 63, 0, 13
        return None

    steps = osgp.pieces.Ring(64, 10, 3, status, "BT63").look()
    assert next(steps) == (63, 0, 13)
    try:
        steps.send(None)
        raise AssertionError
    except StopIteration as e:
        assert e.value is False


def test_whatever_a_meter_answers():
    # It ends with intervals or with a TableError. Of half the meters one table only is noise.
    noise = Noise(64)
    errors = 0
    for n in range(120):
        r = _filled(20, sources=(0, 8, 112))
        r.extra[ET66] = le(0x4001, 2) + bytes(30)
        dims = r.dims()
        bad = (60, 61, 62, 63, 64, ET21, ET57, ET66)[n % 8]
        try:
            machine = Profile(dims)
            for _ in range(60):
                want = machine.next_read()
                if want is None:
                    break
                table, offset, count = want
                assert 0 < count <= 465
                if n % 2 or table == bad:
                    machine.learn(table, noise.bytes(count), 0, count - noise.below(2) * 3)
                else:
                    data = bytes(r.bytes_of(table) or bytes(count))[offset : offset + count]
                    machine.learn(table, data, 0, len(data))
                for _ in machine.take():
                    pass
        except TableError as e:
            errors += 1
            assert e.table and e.field and e.why
            assert machine.next_read() is None
    assert 20 < errors < 120
