"""A house behind the meter: what its registers show, moving with time.

Three phases with a household's load, and PV on L1, so that L1 exports while others import: power
factors go negative there. Everything measured changes every 500 ms (guide, BT23: at most once in
500 ms), and the energies are the integral of exactly the powers that are shown.
"""

import cmath
import math

TICK_MS = 500
_WH = 3600 * 1000  # W ms in a Wh
_AVERAGE_TICKS = 60 * 1000 // TICK_MS
_VOLTAGE_TICKS = 600 * 1000 // TICK_MS  # guide, ET55: 600 s
DEMAND_MS = 15 * 60 * 1000

# Kinds of energy that are accumulated per tier.
FWD, REV, IMPORT, EXPORT, Q1, S1 = 0, 1, 2, 3, 4, 8
KINDS = 12

HOUSES = {
    "sunny": "three phases with PV, the sun rises every ten minutes",
    "pv": "the same with the sun of the UTC clock",
    "night": "the same without sun: it only imports",
    "steady": "nothing ever changes, for measurements",
}

_BASE = (180, 130, 70)
_APPLIANCE = (2100, 1200, 850)
_STEADY = ((311, 366, 25), (172, 240, -16), (232591, 233879, 234387))
_PV_W = 5200
# Wh forward and back, varh: a house without the sun has given next to nothing back.
_START = ((115921469, 201, 8104733, 20994417), (115921469, 6418201, 8104733, 20994417))
_MARK_TICKS = 300 * 1000 // TICK_MS
_MARKS = 20000


class Phase:
    """One phase at one moment; W and var signed, mV, mA."""

    def __init__(self, power, reactive, voltage):
        self.power = power
        self.reactive = reactive
        self.voltage = voltage
        whole = math.hypot(power, reactive) or 1
        self.apparent = round(math.hypot(power, reactive))
        self.current = self.apparent * 1000000 // voltage
        self.factor = int(power * 1000 / whole)
        self.sine = int(reactive * 1000 / whole)
        self.quadrant = quadrant(power, reactive)


def quadrant(power, reactive):
    """0..3 for the guide's Q1..Q4."""
    if reactive >= 0:
        return 0 if power >= 0 else 1
    return 2 if power < 0 else 3


class House:
    """``at(ms)`` moves the house to that unix time in ms; then its registers are read."""

    def __init__(self, kind="sunny", seed=1, tiers=8, start=None):
        if kind not in HOUSES:
            raise ValueError("house %s: write one of %s" % (kind, ", ".join(HOUSES)))
        self.kind = kind
        self.seed = seed
        self.start = start = start or _START[kind in ("sunny", "pv")]
        self.marks = {}  # unix time: energies of all tiers, voltages; each five minutes
        self.tick = None
        self.phases = ()
        self.frequency = 50000
        # Energies in W ms (var ms, VA ms) by tier; all that was before is in the first tier.
        self.energy = [[0] * KINDS for _ in range(tiers)]
        for i, value in enumerate((*start, 0, 0, 0, start[3])):
            self.energy[0][i] = value * _WH
        self.tier = 0
        self.outage_seconds = 23315499
        self.outages = 10
        self.demand = [0] * 4  # energy of this demand interval, W ms
        self.maximum = [0] * 4
        self.maximum_ms = [0] * 4
        self.at_maximum = [[0] * 4 for _ in range(4)]
        self._interval = None
        self._averages = None
        self._sums = None

    def at(self, ms):
        """Go forward to unix time ``ms``; a time before the last one changes nothing."""
        tick = int(ms) // TICK_MS
        if self.tick is None:
            self.tick = tick
            self._measure()
            self._start_averages()
        while self.tick < tick:
            self._integrate()
            self.tick += 1
            self._measure()
            self._average()
            if not self.tick % _MARK_TICKS:
                self._mark()

    def _mark(self):
        totals = tuple(self.total(kind) for kind in range(4))
        voltages = tuple(p.voltage for p in self.phases)
        self.marks[self.tick * TICK_MS // 1000] = (totals, voltages)
        if len(self.marks) > _MARKS:
            del self.marks[next(iter(self.marks))]

    @property
    def power(self):
        """Net power of all phases in W: negative while the house exports."""
        return sum(p.power for p in self.phases)

    @property
    def reactive(self):
        """Net reactive power in var."""
        return sum(p.reactive for p in self.phases)

    def total(self, kind):
        """Energy of one kind over all tiers, in whole Wh, varh or VAh."""
        return sum(tier[kind] for tier in self.energy) // _WH

    def tier_energy(self, tier, kind):
        """The same of one tier."""
        return self.energy[tier][kind] // _WH

    def average(self, name):
        """Means of the last full interval, a list by phase (``power`` has the net in front)."""
        return self._averages[name]

    def neutral_current(self):
        """mA in the neutral wire: the vector sum of the phases' currents."""
        total = 0
        for i, p in enumerate(self.phases):
            angle = math.atan2(p.reactive, p.power)
            total += cmath.rect(p.current, -i * 2 * math.pi / 3 - angle)
        return int(abs(total))

    # -- how it moves

    def _noise(self, salt, k):
        # A number from 0 to 1 that depends on seed, salt and k only.
        x = (k * 2654435761 ^ (self.seed * 97 + salt) * 40503) & 0xFFFFFFFF
        x = ((x ^ x >> 15) * 2246822519) & 0xFFFFFFFF
        x = ((x ^ x >> 13) * 3266489917) & 0xFFFFFFFF
        return (x ^ x >> 16) / 2**32

    def _sun(self, seconds):
        if self.kind == "night":
            return 0.0
        day = 600 if self.kind == "sunny" else 86400
        height = math.sin(2 * math.pi * (seconds % day) / day - math.pi / 2) + 0.5
        return max(0.0, height / 1.5) * (0.75 + 0.25 * self._noise(9, int(seconds) // 7))

    def _measure(self):
        seconds = self.tick * TICK_MS / 1000
        if self.kind == "steady":
            self.phases = [Phase(*row) for row in zip(*_STEADY)]
            return
        phases = []
        for i in range(3):
            load = _BASE[i] + 40 * math.sin(seconds / (37 + 11 * i))
            load += 12 * self._noise(i, self.tick)
            if self._noise(20 + i, int(seconds) // 30) < 0.2:
                load += _APPLIANCE[i]
            reactive = (0.3, 0.15, -0.6)[i] * _BASE[i] + 0.1 * load
            power = load - (_PV_W * self._sun(seconds) if i == 0 else 0)
            voltage = 231000 + 700 * i + 900 * math.sin(seconds / (91 + i)) - 0.5 * power
            phases.append(Phase(int(power), int(reactive), int(voltage)))
        self.phases = phases
        self.frequency = 50000 + int(25 * math.sin(seconds / 53))

    def _integrate(self):
        # What was shown during the tick now ending goes into the registers.
        hour = self.tick * TICK_MS // 3600000 % 24
        self.tier = (0 if 6 <= hour < 22 else 1) % len(self.energy)
        flows = self.flows()
        energy = self.energy[self.tier]
        for kind, flow in enumerate(flows):
            energy[kind] += flow * TICK_MS
        self._count_demand(flows)

    def flows(self):
        """The present power of each kind of energy, all >= 0."""
        power, reactive = self.power, self.reactive
        q = quadrant(power, reactive)
        flows = [max(power, 0), max(-power, 0), max(reactive, 0), max(-reactive, 0)] + [0] * 8
        flows[Q1 + q] = abs(reactive)
        flows[S1 + q] = sum(p.apparent for p in self.phases)
        return flows

    def _count_demand(self, flows):
        interval = self.tick * TICK_MS // DEMAND_MS
        if interval != self._interval:
            if self._interval is not None:
                self._close_interval()
            self._interval = interval
            self.demand = [0] * 4
        for kind in range(4):
            self.demand[kind] += flows[kind] * TICK_MS

    def _close_interval(self):
        finished = [d // DEMAND_MS for d in self.demand]
        for kind in range(4):
            if finished[kind] > self.maximum[kind]:
                self.maximum[kind] = finished[kind]
                self.maximum_ms[kind] = (self._interval + 1) * DEMAND_MS
                self.at_maximum[kind] = finished

    # -- averages over blocks of time

    def _shown(self):
        return {
            "power": [self.power] + [p.power for p in self.phases],
            "current": [p.current for p in self.phases],
            "voltage": [p.voltage for p in self.phases],
        }

    def _start_averages(self):
        self._averages = self._shown()
        self._sums = {name: [0] * len(v) for name, v in self._averages.items()}
        self._counts = dict.fromkeys(self._sums, 0)

    def _average(self):
        for name, values in self._shown().items():
            sums = self._sums[name]
            for i, value in enumerate(values):
                sums[i] += value
            self._counts[name] += 1
            if self._counts[name] == (_VOLTAGE_TICKS if name == "voltage" else _AVERAGE_TICKS):
                self._averages[name] = [int(s / self._counts[name]) for s in sums]
                self._sums[name] = [0] * len(sums)
                self._counts[name] = 0
