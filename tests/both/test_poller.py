"""`firmware.meter.poller`, and `firmware.meter.learning` through it."""

import asyncio

from firmware.meter import link as link_module
from firmware.meter import poller as module
from firmware.meter.link import Link
from firmware.meter.poller import Poller
from firmware.readings import Readings
from mep.session import Session
from mepkit import KEY, TableMeter, hexed, i32s, reply
from virtual import Time, Use

# A small Gen 3 meter: two present values, three sums, no demands, 4 tiers.
PRESENT = (8, 15)  # power_forward, voltage_l1
SUMS = (1, 0, 4)  # energy_reverse first: the order is the meter's own


def _tables():
    return {
        1: b"ELON83331-3I\x00\x00\x3a\x86\x00\x00",
        2051: b"4080000000000000\x00" + bytes(130),
        20: hexed("3f0efd0f08100104081a"),
        21: bytes([0, 0, 12, len(SUMS), 0, 0, 1, 4, 0, len(PRESENT)]),
        22: bytes(SUMS),
        27: bytes(PRESENT),
        28: i32s(701, 232591),
        23: i32s(201, 115921469, 3600),
        15: i32s(1, 0) + b"\x00" + i32s(1, 1),
        2103: bytes(146 + 4 * 3 + 39) + b"\x01" + bytes(60),
        2052: bytes(116) + b"\x07" + bytes(20),
        2059: hexed("05422405060502") + bytes(40),
        52: bytes([26, 11, 21, 2, 0, 0, 6]),
    }


class Rig:
    def __init__(self, tables=None, fast=False, key=KEY):
        self.time = Time()
        self.meter = TableMeter(self.time, tables or _tables(), key)
        self.lines = []
        self.store = Readings(self.time, 30)
        self.commits = []

    def run(self, ms, during=None, fast=False):
        """Poll for ``ms`` of virtual time; ``during(rig, elapsed)`` is called on each sleep."""
        meter, time, store = self.meter, self.time, self.store
        rig = self

        async def open_line():
            return meter

        end = time.now + ms
        sleep = time.sleep_ms
        commit = store.commit

        def watched(table):
            rig.commits.append((time.now, table))
            commit(table)

        class Over(BaseException):
            pass

        async def limited(n):
            await sleep(n)
            if during:
                during(rig, ms - (end - time.now))
            if time.now >= end:
                raise Over()

        store.commit = watched
        time.sleep_ms = limited
        with Use(time, link_module, module):
            link = Link(Session(KEY, 1), open_line, self.log)
            try:
                asyncio.run(Poller(link, store, self.log, fast).run())
            except Over:
                pass
        store.commit = commit
        time.sleep_ms = sleep

    def log(self, level, text):
        self.lines.append(text)

    def value(self, name):
        return self.store.value(self.store.names.index(name))


def test_learns_the_meter_and_reads_it_within_3_seconds():
    rig = Rig()
    rig.run(3000)
    assert rig.store.meter == {
        "manufacturer": "ELON",
        "model": "83331-3I",
        "firmware": "3.84.06",
        "serial": "4080000000000000",
        "generation": 3,
    }
    assert rig.value("power_forward") == 701 and rig.value("voltage_l1") == 232591
    assert rig.value("energy_forward") == 115921469 and rig.value("energy_reverse") == 201
    assert rig.value("outage_duration") == 3600
    assert rig.store.online and rig.store.reason == ""


def test_one_read_a_second_on_average_and_bt23_every_tenth():
    rig = Rig()
    rig.run(103000)
    times = [t for t, table in rig.commits if table == 28]
    gaps = sorted(b - a for a, b in zip(times, times[1:]))
    assert gaps[len(gaps) * 95 // 100] <= 1200 and gaps[len(gaps) // 2] >= 1000
    begin = times[0]
    live = [r for r in rig.meter.reads if r[0] > begin and r[1] in (23, 28)]
    assert 97 <= len(live) <= 103
    assert 9 <= len([r for r in live if r[1] == 23]) <= 11


def test_only_the_needed_bytes_are_read():
    rig = Rig()
    rig.run(15000)
    reads = [r[1:] for r in rig.meter.reads]
    assert (28, 0, 8) in reads and (23, 0, 12) in reads and (22, 0, 3) in reads


def test_fast_mode_goes_to_the_line_limit():
    slow, fast = Rig(), Rig()
    slow.run(30000)
    fast.run(30000, fast=True)
    assert len(fast.commits) > 5 * len(slow.commits)


def test_silent_meter_goes_stale_and_recovers_alone():
    rig = Rig()
    state = []

    def during(rig, elapsed):
        rig.meter.silent = 10000 < elapsed < 70000
        now = (rig.store.online, rig.store.reason)
        if not state or state[-1][1:] != now:
            state.append((elapsed,) + now)

    rig.run(80000, during)
    offline = min(elapsed for elapsed, online, _ in state if elapsed > 10000 and not online)
    assert 39000 < offline < 42000
    assert any("no reply" in r for elapsed, _, r in state if elapsed > 10000)
    back = min(t for t, _ in rig.commits if t > Time().now + 70000)
    assert back - (Time().now + 70000) < 9000
    assert rig.store.online and rig.value("power_forward") == 701 and rig.store.reason == ""


def test_wrong_key_says_so():
    rig = Rig(key=b"\x02" * 16)

    def write(packet):
        rig.meter._coming.append((rig.time.now + 60, reply(bytes(packet), b"\x0b", b"\x02" * 16)))

    rig.meter.write = write
    rig.run(20000)
    assert "refuses the key" in rig.store.reason and rig.commits == []


def test_tables_that_a_meter_does_not_have():
    rig = Rig()
    rig.meter.absent = {15, 20, 2103, 2059, 2052, 22}
    rig.run(5000)
    assert rig.value("power_forward") == 701
    # Without BT22 the order is the guide's; without BT20 the unit of the energies is not known.
    assert rig.store.names[2:4] == ["energy_forward", "energy_reverse"]
    assert rig.value("energy_forward") is None and rig.store.dropped == 0


def test_energies_of_an_unknown_unit_are_not_shown():
    for table, data in ((20, None), (2103, None), (20, b"\x3f"), (2103, bytes(197) + b"\x07")):
        rig = Rig()
        if data is None:
            rig.meter.absent = {table}
        else:
            rig.meter.tables[table] = data
        rig.run(5000)
        assert rig.value("energy_forward") is None and rig.value("energy_reverse") is None
        assert rig.value("power_forward") == 701 and rig.value("outage_duration") == 3600
        assert rig.store.online and any("unit of the energies" in line for line in rig.lines)


def test_firmware_without_a_choice_of_units_counts_in_wh():
    rig = Rig()
    rig.meter.tables[1] = b"ELON83331-3I\x00\x00\x36\x86\x00\x00"  # 3.52.06
    rig.meter.absent = {20, 2103}
    rig.run(5000)
    assert rig.value("energy_forward") == 115921469


def test_a_serial_that_is_short_or_missing_stops_nothing():
    for data in (None, b"", b"4080"):
        rig = Rig()
        if data is None:
            rig.meter.absent = {2051}
        else:
            rig.meter.tables[2051] = data
        rig.run(4000)
        assert rig.store.meter["serial"] is None
        assert rig.value("power_forward") == 701 and rig.value("energy_forward") == 115921469


def test_refused_live_table_names_table_and_code():
    rig = Rig()
    rig.meter.absent = {28}
    rig.run(6000)
    assert "BT28" in rig.store.reason and "0x05" in rig.store.reason


def test_a_table_that_is_refused_or_short_is_asked_for_once_a_second():
    for data in (None, i32s(701)):
        for fast in (False, True):
            rig = Rig()
            if data is None:
                rig.meter.absent = {28}
            else:
                rig.meter.tables[28] = data
            rig.run(45000, fast=fast)
            reads = [r[1] for r in rig.meter.reads]
            # The others go on, and the meter is not learned anew again and again.
            assert 35 <= reads.count(28) <= 42 and reads.count(1) <= 2
            assert rig.value("energy_forward") == 115921469
            assert rig.value("power_forward") is None


def test_a_table_that_stays_short_is_learned_anew_once_a_minute():
    rig = Rig()

    def during(rig, elapsed):
        # Fewer values without a word of it.
        rig.meter.tables[28] = i32s(701)
        if elapsed > 20000:
            rig.meter.tables[21] = rig.meter.tables[21][:9] + b"\x01"
            rig.meter.tables[27] = b"\x08"

    rig.run(90000, during)
    assert rig.value("power_forward") == 701 and "voltage_l1" not in rig.store.names
    assert [r[1] for r in rig.meter.reads].count(1) == 2


def test_another_meter_on_the_line_never_gives_values_under_old_names():
    # Exchanged without a silence, the same IDT version, other order of values.
    for serial in (b"9999", None, b"4080000000000000"):
        for after in range(10000, 12000, 130):
            rig = Rig()
            seen = []

            def during(rig, elapsed, after=after, serial=serial, seen=seen):
                tables = rig.meter.tables
                if elapsed > after and tables[27] == bytes(PRESENT):
                    tables[27] = bytes((15, 8))
                    tables[28] = i32s(232000, 702)
                    tables[22] = bytes((0, 1, 4))
                    tables[23] = i32s(115999999, 202, 3601)
                    tables[1] = b"ELON83331-3X" + tables[1][12:]
                    if serial is None:
                        rig.meter.absent = {2051}
                    else:
                        tables[2051] = serial + bytes(139 - len(serial))
                    rig.meter.jump = True
                if rig.store.snapshot and "energy_forward" in rig.store.names:
                    now = (rig.value("power_forward"), rig.value("energy_forward"))
                    if not seen or seen[-1] != now:
                        seen.append(now)

            rig.run(15000, during)
            right = (None, 701, 702), (None, 115921469, 115999999)
            assert all(p in right[0] and e in right[1] for p, e in seen), (after, seen)
            assert seen[-1] == (702, 115999999)
            assert rig.store.meter["model"] == "83331-3X"


def test_a_new_sequence_number_while_the_meter_is_learned():
    for at in range(12):
        rig = Rig()

        def during(rig, elapsed, at=at):
            if len(rig.meter.reads) == at + 1:
                rig.meter.reads.append((0, 0, 0, 0))
                rig.meter.jump = True

        rig.run(5000, during)
        assert rig.value("power_forward") == 701
        assert [r[1] for r in rig.meter.reads].count(20) <= 2


def test_new_sequence_numbers_again_and_again_are_no_fault_of_the_values():
    for every in (2, 3, 5):
        rig = Rig()
        requests = []
        write = rig.meter.write

        def numbered(packet, rig=rig, requests=requests, write=write, every=every):
            requests.append(1)
            rig.meter.jump = len(requests) % every == 0
            write(packet)

        rig.meter.write = numbered
        rig.run(60000)
        times = [t for t, table in rig.commits if table == 28]
        assert max(b - a for a, b in zip(times, times[1:])) < 3000
        assert rig.value("power_forward") == 701 and rig.value("energy_reverse") == 201


def test_an_interface_version_that_is_not_told_at_first_is_no_change():
    rig = Rig()
    write = rig.meter.write

    def lose(packet):
        packet = bytes(packet)
        rig.meter.silent = packet[3] << 8 | packet[4] == 2052 and rig.time.now < begin + 3000
        write(packet)

    begin = rig.time.now
    rig.meter.write = lose
    done = []

    def during(rig, elapsed):
        if elapsed > 15000 and not done:
            done.append(1)
            rig.meter.jump = True

    rig.run(25000, during)
    assert rig.value("power_forward") == 701
    assert not any("has changed" in line for line in rig.lines)


def test_interface_change_is_learned():
    rig = Rig()

    def during(rig, elapsed):
        if elapsed > 10000 and rig.meter.tables[2052][116] == 7:
            tables = rig.meter.tables
            tables[2052] = bytes(116) + b"\x08" + bytes(20)
            tables[27] = bytes((15, 8))
            tables[28] = i32s(232000, 702)
            rig.meter.jump = True

    rig.run(20000, during)
    assert rig.value("power_forward") == 702 and rig.value("voltage_l1") == 232000


def test_0c_without_a_change_costs_three_short_reads():
    rig = Rig()
    done = []

    def during(rig, elapsed):
        if elapsed > 10000 and not done:
            done.append(len(rig.meter.reads))
            rig.meter.jump = True

    rig.run(20000, during)
    later = [r[1] for r in rig.meter.reads[done[0] :]]
    # Version, model and serial are asked for again, and nothing else.
    assert [later.count(n) for n in (2052, 1, 2051, 20, 21, 22, 27)] == [1, 1, 1, 0, 0, 0, 0]
    gaps = [t for t, table in rig.commits if table == 28]
    assert max(b - a for a, b in zip(gaps, gaps[1:])) < 2000


def test_meters_clock_serves_a_module_without_one():
    rig = Rig()
    rig.run(6000)
    assert 1795226400 <= rig.store.now() < 1795226410
    rig = Rig()
    rig.time.utc = 1800000000
    rig.run(6000)
    assert rig.store.now() == 1800000000
    assert not [r for r in rig.meter.reads if r[1] == 52 and r[3] == 6]


def test_line_that_cannot_be_opened_says_why():
    rig = Rig()

    async def open_line():
        raise OSError("no such line")

    meter = rig.meter

    def write(packet):
        raise OSError("unplugged")

    meter.write = write
    rig.run(5000)
    assert rig.commits == [] and any("unplugged" in line for line in rig.lines)
