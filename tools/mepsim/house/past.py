"""What happened before the simulation began: energies of 15 minutes, outages, clock changes.

All depends on seed and time only, so a meter of the same seed and date tells the same story. What
happens while it runs is recorded by the house itself (`live.House.marks`).
"""

import math

SLOT_S = 900
DAY_S = 86400
DAYS = 63
FIRST_ENERGIES = 4

# Outages before the start: days ago, second of that (UTC) day, how long.
OUTAGES = (
    (411, 30122, 4210),
    (388, 61230, 95),
    (301, 3605, 7200),
    (240, 43210, 60),
    (202, 70000, 1800),
    (158, 12345, 640),
    (97, 52800, 3900),
    (61, 80100, 45),
    (19, 38460, 170),
    (11, 11220, 9900),
)
CLOCK_SET = (5, 33300, 40)  # days ago, second of the day, by how many seconds (forward)
ZONE_MIN = 60  # Central European Time
DST_MIN = 60


def last_sunday(year, month, hour=1):
    """Unix time of the month's last Sunday at ``hour`` UTC (months of 31 days)."""
    days = _days(year, month, 31)
    return (days - (days + 4) % 7) * DAY_S + hour * 3600


def _days(year, month, day):
    # Days since 1970 of a date of the Gregorian calendar.
    year -= month <= 2
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def is_dst(seconds):
    """True while European summer time is in force."""
    year = 1970 + int(seconds // 31556952)
    return last_sunday(year, 3) <= seconds < last_sunday(year, 10)


def local(seconds):
    """Unix time as the meter's local clock has it."""
    return seconds + 60 * (ZONE_MIN + (DST_MIN if is_dst(seconds) else 0))


class Past:
    """The time before ``epoch`` (unix time) of a house with ``start`` totals in Wh and varh."""

    def __init__(self, epoch, start, kind="sunny", seed=1):
        self.epoch = int(epoch)
        self.start = start
        self.kind = kind
        self.seed = seed
        today = self.epoch // DAY_S * DAY_S
        # A day ends before the simulation does.
        self.outages = [
            (today - days * DAY_S + at, today - days * DAY_S + at + duration)
            for days, at, duration in OUTAGES
        ]
        days, at, by = CLOCK_SET
        self.clock_set = (today - days * DAY_S + at, by)
        # The house starts with ten outages, of which some are older than those that are known.
        self.first_outages = (10 - len(OUTAGES), 23315499 - sum(o[2] for o in OUTAGES))
        self._totals = None
        self._first = None

    def noise(self, salt, k):
        """A number from 0 to 1 that depends on the seed, ``salt`` and ``k``."""
        x = (k * 2654435761 ^ (self.seed * 131 + salt) * 40503) & 0xFFFFFFFF
        x = ((x ^ x >> 15) * 2246822519) & 0xFFFFFFFF
        x = ((x ^ x >> 13) * 3266489917) & 0xFFFFFFFF
        return (x ^ x >> 16) / 2**32

    def energies(self, slot):
        """Fwd, Rev, Import, Export of the 15 minutes that begin at ``slot`` * 900."""
        hour = slot % 96 / 4
        load = 60 + 30 * self.noise(1, slot)
        load += 180 * math.exp(-((hour - 6.5) ** 2)) + 320 * math.exp(-((hour - 18) ** 2) / 4)
        if self.noise(2, slot) < 0.06:
            load += 450
        height = math.sin(math.pi * (hour - 6) / 11) if 6 < hour < 17 else 0
        clouds = 0.15 + 0.85 * self.noise(3, slot // 96)
        power = height * clouds * (0.8 + 0.2 * self.noise(4, slot)) * 1100
        if self.kind not in ("sunny", "pv"):
            power = 0
        # L1 carries the sun, so that both directions may count in one interval.
        if self.kind == "steady":
            return (175, 0, 99, 0)
        net = load - power
        parts = (max(net, 0) + 5, max(-net, 0), 12 + 20 * self.noise(5, slot), 4)
        on = SLOT_S - self.off_seconds(slot * SLOT_S, (slot + 1) * SLOT_S)
        return tuple(int(part * on / SLOT_S) for part in parts)

    def off_seconds(self, begin, end):
        """Seconds without power between two unix times."""
        return sum(max(0, min(b, end) - max(a, begin)) for a, b in self.outages)

    def totals(self, seconds):
        """The four energies' registers at a unix time that is a multiple of 900 s."""
        if self._totals is None:
            self._build()
        i = seconds // SLOT_S - self._first
        if i >= 0:
            return self._totals[min(i, len(self._totals) - 1)]
        # Before what is known in detail: as much a day as since then.
        first, last = self._totals[0], self._totals[-1]
        size = len(self._totals) - 1
        return tuple(max(0, a + (b - a) * i // size) for a, b in zip(first, last))

    def _build(self):
        last = self.epoch // SLOT_S
        self._first = last - DAYS * 96
        totals = [tuple(self.start[:FIRST_ENERGIES])]
        for slot in range(last - 1, self._first - 1, -1):
            now = totals[-1]
            spent = self.energies(slot)
            totals.append(tuple(max(0, a - b) for a, b in zip(now, spent)))
        self._totals = totals[::-1]

    def voltages(self, seconds):
        """mV of the three phases at a moment."""
        k = seconds // 300
        wave = 1800 * math.sin(seconds / 7000)
        return tuple(int(231500 + 600 * i + wave + 900 * self.noise(10 + i, k)) for i in range(3))

    def currents(self, seconds):
        """mA of the three phases at a moment."""
        return tuple(int(600 + 9000 * self.noise(20 + i, seconds // 300) ** 4) for i in range(3))
