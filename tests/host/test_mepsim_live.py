"""The house: what is shown fits together, and the energies are the integral of the powers."""

import math

import pytest
from mepsimkit import NOON

from tools.mepsim.live import EXPORT, FWD, HOUSES, IMPORT, Q1, REV, S1, House
from tools.mepsim.models import MODELS
from tools.mepsim.registers import present_values

TICK = 500
START = NOON * 1000


@pytest.mark.parametrize("kind", sorted(HOUSES))
def test_energies_integrate_the_power(kind):
    house = House(kind)
    house.at(START)
    before = [house.total(k) for k in range(12)]
    exact = [0] * 12
    last = list(before)
    for i in range(1, 2401):
        for k, flow in enumerate(house.flows()):
            exact[k] += flow * TICK
        house.at(START + i * TICK)
        now = [house.total(k) for k in range(12)]
        assert all(a >= b for a, b in zip(now, last)), "energy never falls"
        last = now
    for k in range(12):
        assert last[k] - before[k] == exact[k] // 3600000, k
    assert (last[FWD] > before[FWD]) == (kind != "pv"), "at noon pv only exports"
    assert (last[REV] > before[REV]) == (kind == "sunny" or kind == "pv")


def test_step_does_not_matter():
    fine, coarse = House(), House()
    for i in range(600):
        fine.at(START + i * 333)
    coarse.at(START)
    coarse.at(START + 599 * 333)
    assert fine.energy == coarse.energy
    assert [vars(p) for p in fine.phases] == [vars(p) for p in coarse.phases]


def test_time_does_not_go_back():
    house = House()
    house.at(START + 60000)
    energy = [list(t) for t in house.energy]
    house.at(START)
    assert house.energy == energy


def test_tiers_sum_to_the_total():
    house = House("night", tiers=4)
    house.at(START)
    house.at(START + 12 * 3600 * 1000)
    for kind in (FWD, IMPORT, EXPORT):
        parts = sum(house.tier_energy(t, kind) for t in range(4))
        assert 0 <= house.total(kind) - parts < 4
    assert house.tier_energy(1, FWD) > 0, "the night's tier has counted"


def test_values_fit_together():
    house = House()
    model = MODELS["gen4"]
    exports = imports_too = 0
    for i in range(1200):
        house.at(START + i * 1000)
        v = present_values(model, house)
        assert len(v) == 84
        net = sum(v[26:29]) - sum(v[29:32])
        assert v[0] - v[1] == net and min(v[0], v[1]) == 0
        assert v[2] - v[3] == sum(v[78:81]) - sum(v[81:84])
        assert sum(v[22:26]) == abs(v[2] - v[3]) and sum(1 for q in v[22:26] if q) <= 1
        assert sum(v[59:71]) == v[12] == sum(v[55:59])
        for p, (current, voltage, factor) in enumerate(
            zip(v[4:7], v[7:10], (v[10], v[13], v[14]))
        ):
            assert 200000 < voltage < 260000
            apparent = current * voltage / 1e6
            active = v[26 + p] - v[29 + p]
            assert abs(apparent * factor / 1000 - active) < 3 + abs(active) * 0.02
            assert math.hypot(factor, v[15 + p]) <= 1001
            exports += active < 0
            imports_too += active > 0 and v[29] > 0
        assert 49900 < v[11] < 50100
        assert sum(v[75:78]) == 36000
    assert exports > 100 and imports_too > 100


def test_averages_follow():
    house = House("night")
    house.at(START)
    seen = []
    for i in range(1, 241):
        house.at(START + i * TICK)
        if i <= 120:
            seen.append(house.power)
    assert house.average("power")[0] != seen[0]
    house = House("night")
    for i in range(121):
        house.at(START + i * TICK)
    assert house.average("power")[0] == sum(seen) // 120


def test_quadrants():
    house = House("pv")
    for hour in range(24):
        house.at(START + hour * 3600000)
        flows = house.flows()
        power, reactive = flows[FWD] - flows[REV], flows[IMPORT] - flows[EXPORT]
        q = {(1, 1): 0, (0, 1): 1, (0, 0): 2, (1, 0): 3}[(int(power >= 0), int(reactive >= 0))]
        assert flows[Q1 + q] == abs(reactive)
        assert [i for i in range(4) if flows[S1 + i]] == [q]
    assert house.total(REV) > 1000


def test_unknown_house():
    with pytest.raises(ValueError, match="write one of"):
        House("castle")
