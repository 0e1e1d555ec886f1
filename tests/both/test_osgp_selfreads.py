"""Self-reads, previous season and reset, one-time reads: bytes laid out by the guide's offsets."""

from machinekit import laid, le, meter, run
from mep.errors import TableError
from osgp.selfreads import BT23, BT24, BT25, BT26, ET31, Names, Registers
from osgpkit import BT23_IDS

# Reset counter and times; two sums, one demand, one coincident, two tariffs.
BT21 = bytes([0x16, 0, 3, 2, 1, 1, 1, 2, 0, 3])
# Fwd and Rev Wh; Fwd W as a maximum; with it the frequency.
BT22 = bytes([0, 1, 8, 1, 19, 0])
BLOCK = 4 + 4 + 5 + 4 + 4 + 4  # sums, time of the demand, its total, value, coincident


def block(n):
    """One of BT23's blocks (guide p. 207), each value with ``n`` in it."""
    when = bytes([24, 3, 28, 16, n])
    return le(1000 * n, 4) + le(10 * n, 4) + when + le(5000 + n, 4) + le(700 + n, 4) + le(50000, 4)


def registers(n):
    return bytes([n]) + block(n) + block(n + 1) + block(n + 2)


def dims(unit=b"\x0a"):
    found = meter()
    found.tables[21] = BT21
    found.energy_unit = unit[0]
    return found


def read(has, **more):
    has[22] = BT22
    machine = Registers(dims(), **more)
    asked = run(machine, has)
    return machine, asked


def test_registers_now():
    machine, _ = read({23: registers(4)}, table=BT23)
    now = machine.reads[0]
    assert (now["captured"], now["season"], now["demand_resets"], now["sequence"]) == (
        None,
        None,
        4,
        None,
    )
    # The register unit is 10 Wh; demands are in W as they are.
    assert now["values"][:5] == [
        ("energy_forward", 0, 40000, "Wh", None),
        ("energy_reverse", 0, 400, "Wh", None),
        ("power_forward_max", 0, 704, "W", "2024-03-28T16:04"),
        ("power_forward_max_cumulative", 0, 5004, "W", None),
        ("frequency_at_power_forward_max", 0, 50000, "mHz", None),
    ]
    assert now["values"][5] == ("energy_forward", 1, 50000, "Wh", None)
    assert now["values"][-1] == ("frequency_at_power_forward_max", 2, 50000, "mHz", None)
    assert len(now["values"]) == 15


def test_previous_season_and_reset():
    when = bytes([24, 1, 1, 0, 0])
    # BT24 has no reset counter.
    machine, _ = read({24: when + b"\1" + registers(7)[1:]}, table=BT24)
    assert machine.reads[0]["captured"] == "2024-01-01T00:00"
    assert machine.reads[0]["season"] == 2 and machine.reads[0]["demand_resets"] is None
    assert machine.reads[0]["values"][0][2] == 70000
    machine, _ = read({25: when + b"\0" + registers(7)}, table=BT25)
    assert machine.reads[0]["season"] == 1 and machine.reads[0]["demand_resets"] == 7


def entry(n):
    return le(0, 2) + bytes([24, n, 1, 0, 0]) + b"\0" + registers(n)


def test_self_reads_newest_first():
    # Three, the ring has gone round: the last one stands first.
    has = {26: b"\x04\3\0" + le(0x0102, 2) + b"\1" + entry(6) + entry(4) + entry(5)}
    machine, asked = read(has, table=BT26)
    assert [r["captured"][:10] for r in machine.reads] == [
        "2024-06-01",
        "2024-05-01",
        "2024-04-01",
    ]
    assert [r["sequence"] for r in machine.reads] == [0x102, 0x101, 0x100]
    assert machine.header["unread"] == 1
    assert machine.reads[2]["values"][0] == ("energy_forward", 0, 40000, "Wh", None)
    size = len(entry(1))
    assert (26, 6 + size, 2 * size) in asked and asked[-1] == (26, 0, 6)
    machine, asked = read(has, table=BT26, newest=1)
    assert len(machine.reads) == 1 and (26, 6, size) in asked


def test_one_time_reads():
    has = {2084: laid(20, {0: 7, 7: le(2, 2)}), 2079: b"\x04\1\1\1\0\0" + bytes(83) + entry(9)}
    assert len(entry(9)) == 84
    has[2079] = b"\x04\1\1\1\0\0" + bytes(84) + entry(9)
    machine, _ = read(has, table=ET31)
    assert [r["captured"] for r in machine.reads] == ["2024-09-01T00:00"]


def test_without_bt22_the_guides_order_holds():
    machine = Registers(meter(), BT23)
    # 11 sums, four tariffs, no demands; the ids of the sums are known from the start-up.
    run(machine, {23: b"".join([le(i, 4) for i in range(55)])})
    names = [v[:3] for v in machine.reads[0]["values"]]
    assert names[0] == ("energy_forward", 0, 0) and names[4] == ("outage_duration", 0, 4)
    assert names[11] == ("energy_forward", 1, 11) and len(names) == 55
    other = dims()
    other.sum_ids = None
    found = Names(other, None)
    assert found.demands == [("demand_1_max", "", 1)]
    assert found.coincidents == [("coincident_1", "", 1)]
    assert [s[0] for s in found.sums] == ["energy_forward", "energy_reverse"]
    assert BT23_IDS[0] == 0


def test_what_the_meter_lacks_and_what_is_short():
    machine, _ = read({}, table=BT24)
    assert machine.reads == [] and "BT24" in machine.missing
    machine, _ = read({}, table=BT26)
    assert machine.reads == [] and machine.header is None
    for table, data, why in (
        (BT23, registers(1)[:40], "BT23, tiers[0].demands[0].cumulative: 3 bytes missing"),
        (BT26, b"\x04\1\0\1\0\0" + entry(1)[:30], "BT26, coincidents[0].values: 4 bytes missing"),
    ):
        try:
            read({table: data}, table=table)
            raise AssertionError("decoded " + why)
        except TableError as e:
            assert str(e) == why, str(e)
