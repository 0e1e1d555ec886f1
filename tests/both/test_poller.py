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
    # Without BT22 the order is the guide's.
    assert rig.value("energy_forward") == 201


def test_refused_live_table_names_table_and_code():
    rig = Rig()
    rig.meter.absent = {28}
    rig.run(6000)
    assert "BT28" in rig.store.reason and "0x05" in rig.store.reason


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


def test_0c_without_a_change_costs_one_read():
    rig = Rig()
    done = []

    def during(rig, elapsed):
        if elapsed > 10000 and not done:
            done.append(len(rig.meter.reads))
            rig.meter.jump = True

    rig.run(20000, during)
    later = [r[1] for r in rig.meter.reads[done[0] :]]
    assert later.count(2052) == 1 and 1 not in later


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
