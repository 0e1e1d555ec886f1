"""What the simulated meters' tables hold, read at offsets taken from the guide by hand."""

from dataclasses import replace

import pytest
from mepsimkit import NOON, Client, i32, meter

from tools.mepsim.models import GEN3, MODELS, shuffled

ET03, ET04, ET11, ET55 = 2051, 2052, 2059, 2103
VALUES = {
    "gen3": 55,
    "gen3-demand": 55,
    "gen4": 84,
    "gen3-3.00": 22,
    "gen3-3.10": 26,
    "gen3-3.50": 41,
    "gen4-4.00": 72,
    "gen4-4.10": 75,
}
FWD_W, REV_W, PF_L1, FREQUENCY = 8, 9, 18, 19


def test_models():
    assert set(MODELS) == set(VALUES)


def test_identity():
    c = Client(meter())
    bt01 = c.data(1)
    assert bt01[:12] == b"ELON83331-3I"
    assert bt01[14:16] == b"\x3a\x86"
    assert c.data(ET03, 30, 0).strip() == b"4080" + b"1234" * 3
    assert c.data(ET03, 2, 137) == (55331).to_bytes(2, "little")
    c = Client(meter("gen4"))
    assert c.data(1)[4:16] == b"83334-3I" + bytes([2, 0, 0x43, 0xC0])
    assert Client(meter()).data(ET04, 8, 14) != c.data(ET04, 8, 14)


def test_general_configuration_lists_the_tables():
    for model, extended in (("gen3", 13), ("gen4", 20)):
        c = Client(meter(model))
        bt00 = c.data(0)
        assert bt00[2] == 0x88 and bt00[3:7] == b"ELON"
        assert tuple(bt00[13:17]) == (10, extended, 2, 12)
        basic = int.from_bytes(bt00[19:29], "little")
        mfg = int.from_bytes(bt00[29 : 29 + extended], "little")
        for number in range(80):
            assert (basic >> number & 1) == (c.ask(b"\x30\x00%c\x00\x04" % number)[0] == 0)
        for number in range(100):
            assert (mfg >> number & 1) == (c.ask(b"\x30\x08%c\x00\x04" % number)[0] == 0)


@pytest.mark.parametrize("name", sorted(VALUES))
def test_sizes_follow_from_bt21(name):
    model = MODELS[name]
    c = Client(meter(model))
    bt21 = c.data(21)
    sums, demands, coincidents, occurrences, tiers, present, values = bt21[3:10]
    assert values == VALUES[name]
    assert sums == {3: 15 if model.demands else 11, 4: 19}[model.firmware[0]]
    assert len(c.data(27)) == present + values
    flags = (demands + 7) // 8
    assert len(c.data(22)) == sums + demands + flags + 2 * coincidents
    head = 1 if bt21[0] & 0x04 else 0
    assert bool(head) == (demands > 0)
    record = (5 if bt21[0] & 0x02 else 0) * occurrences
    record += (4 if bt21[0] & 0x10 else 0) + (4 if bt21[0] & 0x20 else 0) + 4 * occurrences
    block = 4 * sums + demands * record + coincidents * 4 * occurrences
    size = head + block * (1 + tiers)
    assert len(c.meter.tables.read(23, 0)) == size
    assert len(c.data(28)) == 4 * present + 4 * values


def test_demand_meter():
    model = MODELS["gen3-demand"]
    c = Client(meter(model, "steady"))
    total = c.data(23, 61, 0)
    assert total[0] == 3
    assert i32(total, 1) == 115921469
    assert i32(total, 1 + 4) == 201
    assert tuple(c.data(27)[:4]) == (88, 89, 8, 9)
    c.ms = 300000
    c.data(23, 1, 0)
    # 701 W and more for a third of the interval of 15 minutes.
    assert i32(c.data(28), 0) == (311 + 366 + 25) // 3
    assert i32(c.data(28), 8) == 311 + 366 + 25
    c = Client(meter(replace(model, time_remaining=True), "steady"))
    assert c.data(21)[0] & 0x40
    c.ms = 61000
    record = c.data(28, 14, 0)
    assert tuple(record[:3]) == (0, 13, 59)
    assert i32(c.data(28), 2 * 7) == 311 + 366 + 25


def test_dimensions_of_clients():
    et11 = Client(meter()).data(ET11)
    assert tuple(et11[:5]) == (5, 66, 36, 5, 6) and len(et11) == 32
    et11 = Client(meter("gen4")).data(ET11)
    assert et11[0] == 6 and et11[34] == 2 and len(et11) == 39
    for model, channels in (("gen3", 1), ("gen4", 2)):
        c = Client(meter(model))
        n = c.data(ET11)[22]
        assert len(c.data(2098)) == channels * (35 + 6 * n)
        assert len(c.data(2061)) == c.data(ET11)[0] * c.data(ET11)[1]


def test_clock_is_utc_and_runs():
    c = Client(meter())
    assert c.data(52) == bytes([23, 11, 15, 12, 0, 0, 0x10 | 3])
    c.ms = 3_600_000 * 12 - 1000
    assert c.data(52)[:6] == bytes([23, 11, 15, 23, 59, 59])
    c.ms += 1000
    assert c.data(52) == bytes([23, 11, 16, 0, 0, 0, 0x10 | 4])
    assert NOON % 86400 == 43200


@pytest.mark.parametrize("name", ["gen3", "gen4"])
def test_order_is_what_bt22_and_bt27_say(name):
    plain = Client(meter(name, "steady"))
    mixed = Client(meter(shuffled(MODELS[name], 5), "steady"))

    def by_source(c, sources, table, size):
        ids = c.data(sources)[: size // 4]
        data = c.whole(table, size)
        return {s: i32(data, 4 * i) for i, s in enumerate(ids)}

    for sources, table, count in ((22, 23, MODELS[name].sums), (27, 28, MODELS[name].values)):
        assert mixed.data(sources) != plain.data(sources)
        found = by_source(mixed, sources, table, 4 * count)
        assert found == by_source(plain, sources, table, 4 * count)
        assert len(found) == count, "each source is there once"
    values = by_source(plain, 27, 28, 4 * MODELS[name].values)
    assert values[FWD_W] == 702 and values[REV_W] == 0 and values[FREQUENCY] == 50000


def test_energy_unit_and_ratios():
    for model, a in ((GEN3, 146 + 4 * 3), (MODELS["gen4"], 147 + 4 * 7)):
        assert Client(meter(model)).data(ET55, 1, a + 39) == b"\x01"
    model = replace(GEN3, energy_unit=10, ct_ratio=40, ratios_applied=True)
    c = Client(meter(model, "steady"))
    assert c.data(ET55, 1, 146 + 12 + 39) == b"\x0a"
    bt15 = c.data(15)
    assert bt15[8] == 1 and i32(bt15, 9) == 40 and i32(bt15, 13) == 1
    assert i32(c.data(23), 0) == 115921469 * 4
    bt28 = c.data(28)
    assert i32(bt28, 0) == 702 and i32(bt28, 4 * 18) == 702 * 40
    assert i32(bt28, 4 * 38) == 40 * i32(bt28, 4 * 4)


def test_negative_values_are_signed():
    c = Client(meter())
    lowest = 0
    for _ in range(300):
        c.ms += 2000
        bt28 = c.data(28)
        lowest = min(lowest, i32(bt28, 4 * 10))
        exports = i32(bt28, 4 * 29)
        assert (i32(bt28, 4 * 10) < 0) == (exports > 0 and i32(bt28, 4 * 26) == 0)
    assert -1000 <= lowest < -900


def test_demand_maximum_has_its_time():
    c = Client(meter("gen3-demand", "steady"))
    c.data(23, 1, 0)
    c.ms = 16 * 60000
    at = 1 + 4 * 15
    record = c.data(23, 17, at)
    assert tuple(record[:5]) == (23, 11, 15, 12, 15), "the end of the interval"
    assert i32(record, 5) == 0 and i32(record, 9) == i32(record, 13) == 702
    coincident = c.data(23, 4 * 4, at + 2 * 17)
    # With the forward power's maximum: reverse W, import var.
    assert i32(coincident, 0) == 0 and i32(coincident, 4) == 172 + 240 - 16


def test_days_without_a_read():
    c = Client(meter(house="steady"))
    before = i32(c.data(23), 0)
    for minute in range(1, 601):
        c.meter.tick(minute * 60000)
    c.ms = 600 * 60000
    assert i32(c.data(23), 0) == before + 702 * 10
