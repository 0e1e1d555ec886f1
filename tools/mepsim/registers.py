"""BT20..BT28 of a model and a house, as bytes, by hand from the guide's offsets (p. 200-220).

Written from the guide and not from `lib/osgp`: the two must agree by being right.
"""

import time

from .live import DEMAND_MS, EXPORT, FWD, IMPORT, Q1, REV, S1, TICK_MS
from .models import DEMAND_SOURCE, SUM_SOURCES, VALUE_SOURCES

_NOT_IN_TIERS = (4, 5, 8, 9, 10)  # outages, pulses, errors (p. 209)
_DEMAND_KINDS = (FWD, REV, IMPORT, EXPORT)


def i32(value):
    """NI_FMAT1 and NI_FMAT2: four bytes, least significant first."""
    return (value & 0xFFFFFFFF).to_bytes(4, "little")


def dimensions(model, largest=False):
    """BT21 (what there is) or BT20 (what there could be)."""
    demand = largest or model.demands > 0
    flags = 0x03 | (0x3C if demand else 0) | (0x40 if model.time_remaining else 0)
    if largest:
        counts = (253, max(model.sums, 15), 8, 16, 1, model.tiers, 8, model.values)
    else:
        occurrences = 1 if demand else 0
        counts = (model.self_reads, model.sums, model.demands, model.coincidents)
        counts += (occurrences, model.tiers, model.demands, model.values)
    return bytes([flags, 0x0E if demand else 0x0C, *counts])


def data_selection(model):
    """BT22: sources of the summations, of the demands, of the coincident values."""
    out = bytes(SUM_SOURCES[n] for n in model.sum_numbers)
    out += bytes(8 + i for i in range(model.demands))
    flags = (1 << model.demands) - 1  # all are maxima
    out += flags.to_bytes((model.demands + 7) // 8, "little")
    per_demand = model.coincidents // model.demands if model.demands else 1
    out += bytes(8 + (i // per_demand + 1 + i % per_demand) % 4 for i in range(model.coincidents))
    return out + bytes(i // per_demand for i in range(model.coincidents))


def present_selection(model):
    """BT27: sources of the present demands, then of the present values."""
    demands = bytes(DEMAND_SOURCE + i for i in range(model.demands))
    return demands + bytes(VALUE_SOURCES[n] for n in model.value_numbers)


def summations(model, house, tier):
    """All summations by their numbers in BT23 (list of int), of a tier or (None) in all."""

    # All 19, by their numbers. Energies contain the CT and VT ratio and count in register units.
    def energy(kind):
        value = house.total(kind) if tier is None else house.tier_energy(tier, kind)
        return value * model.ratio // model.energy_unit

    fwd, rev = energy(FWD), energy(REV)
    out = [fwd, rev, energy(IMPORT), energy(EXPORT), house.outage_seconds, house.outages]
    out += [fwd + rev, max(0, fwd - rev), 0, 0, 0]  # the net stops at 0 (p. 209)
    out += [energy(Q1 + i) for i in range(4)] + [energy(S1 + i) for i in range(4)]
    if tier is not None:
        for number in _NOT_IN_TIERS:
            out[number] = 0
    return out


def _stime_date(ms):
    if not ms:
        return bytes(5)
    t = time.gmtime(ms // 1000)
    return bytes([t.tm_year % 100, t.tm_mon, t.tm_mday, t.tm_hour, t.tm_min])


def _block(model, house, tier):
    values = summations(model, house, tier)
    out = b"".join(i32(values[n]) for n in model.sum_numbers)
    shown = tier is None or tier == 0
    for i in range(model.demands):
        most = house.maximum[i % 4] * model.ratio if shown else 0
        # Time stamp, cumulative, continuous cumulative, the demand itself.
        out += _stime_date(house.maximum_ms[i % 4] if shown else 0)
        out += i32(0) + i32(most) + i32(most)
    per_demand = model.coincidents // model.demands if model.demands else 1
    for i in range(model.coincidents):
        demand = i // per_demand
        source = (demand + 1 + i % per_demand) % 4
        out += i32(house.at_maximum[demand % 4][source] * model.ratio if shown else 0)
    return out


def current_registers(model, house):
    """BT23: the total, then each tier, after the count of demand resets if there are demands."""
    out = b"\x03" if model.demands else b""
    for tier in (None, *range(model.tiers)):
        out += _block(model, house, tier)
    return out


def present_values(model, house):
    """All 84 present values by their numbers in BT28 (list of int)."""
    phases = house.phases
    apart = [max(p.power, 0) for p in phases] + [max(-p.power, 0) for p in phases]
    flows = house.flows()
    averages = house.average("power")
    currents = [p.current for p in phases]
    voltages = [p.voltage for p in phases]
    out = flows[:4] + currents + voltages + [phases[0].factor, house.frequency]
    out += [sum(p.apparent for p in phases), phases[1].factor, phases[2].factor]
    out += [p.sine for p in phases]
    out += [value * model.ratio for value in flows[:4]]
    out += flows[Q1 : Q1 + 4]
    out += apart + [value * model.ratio for value in apart]
    out += [c * (model.ct_ratio if model.ratios_applied else 1) for c in currents]
    out += voltages + house.average("voltage")
    out += [max(averages[0], 0), max(-averages[0], 0)]
    out += [max(a, 0) for a in averages[1:]] + [max(-a, 0) for a in averages[1:]]
    out += flows[S1 : S1 + 4]
    for p in phases:
        out += [p.apparent if p.quadrant == q else 0 for q in range(4)]
    out += [house.neutral_current(), *house.average("current")]
    out += [12000 + 7, 12000 - 4, 12000 - 3]
    out += [max(p.reactive, 0) for p in phases] + [max(-p.reactive, 0) for p in phases]
    return out


def present_registers(model, house):
    """BT28: a record for each present demand, then the present values."""
    out = b""
    left = DEMAND_MS - house.tick * TICK_MS % DEMAND_MS
    for i in range(model.demands):
        if model.time_remaining:
            seconds = left // 1000
            out += bytes([seconds // 3600, seconds // 60 % 60, seconds % 60])
        out += i32(house.demand[_DEMAND_KINDS[i % 4]] // DEMAND_MS * model.ratio)
    values = present_values(model, house)
    return out + b"".join(i32(values[n]) for n in model.value_numbers)
