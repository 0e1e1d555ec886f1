"""Copies of the registers: BT24, BT25, BT26, ET31, ET41 (guide p. 104, 110, 211-214)."""

import calendar
import time

from .. import registers
from .layout import ring, stime, u16
from .past import DAY_S, local

_MONTHS = 14
ONE_TIME_ENTRIES = 2
RESET_ENTRIES = 6
BIDN = 0x2A01  # the billing interface definition's number
_SEASONS = ((4, 0), (10, 1))  # month in which it begins, season


class Then:
    """A house as it was at a past moment, for `registers`."""

    def __init__(self, history, seconds):
        energies = history.energies(seconds // 900 * 900)
        self._totals = (*energies, 0, 0, 0, energies[3], 0, 0, 0, 0)
        past = [(b, e) for b, e in history.past.outages if b < seconds]
        before = history.past.first_outages
        self.outages = before[0] + len(past)
        self.outage_seconds = before[1] + sum(e - b for b, e in past)
        self.maximum = [4210, 3105, 822, 640]
        self.maximum_ms = [(seconds - 3 * DAY_S) // 900 * 900000] * 4
        self.at_maximum = [[4210, 0, 640, 0]] * 4

    def total(self, kind):
        return self._totals[kind]

    def tier_energy(self, tier, kind):
        # All that was before the start has counted in the first tier, as in `live.House`.
        return self._totals[kind] if tier == 0 else 0


def month_begin(year, month):
    """Unix time of a month's first moment in local time."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    utc = calendar.timegm((year, month, 1, 0, 0, 0))
    return utc - (local(utc) - utc)


def season_of(seconds):
    """0 from April to September, else 1."""
    month = time.gmtime(local(seconds)).tm_mon
    return 0 if _SEASONS[0][0] <= month < _SEASONS[1][0] else 1


class Reads:
    """The logs of one meter. ``house`` is the live one, for reads that are made now."""

    def __init__(self, model, history, house, epoch):
        self._model = model
        self._history = history
        self._house = house
        self.more = []  # self-reads since the start: (unix time, registers)
        self.resets = []
        self.marks = {}  # list number of BP04: how many of its entries were read
        t = time.gmtime(local(int(epoch)))
        months = [month_begin(t.tm_year, t.tm_mon - i) for i in range(_MONTHS)][::-1]
        self.months = [m for m in months if m <= epoch]
        today = int(epoch) // DAY_S * DAY_S
        self._once = [today - 40 * DAY_S + 36000, today - 6 * DAY_S + 30600]
        seasons = [m for m in self.months if time.gmtime(local(m)).tm_mon in (4, 10)]
        self.season_change = seasons[-1] if seasons else self.months[0]
        self._cache = {}

    def _then(self, seconds):
        if seconds not in self._cache:
            then = Then(self._history, seconds)
            self._cache[seconds] = registers.current_registers(self._model, then)
        return self._cache[seconds]

    def now(self):
        """BT23 as it is."""
        return registers.current_registers(self._model, self._house)

    def _head(self, seconds, bidn):
        head = u16(BIDN) if bidn and self._model.demands else b""
        return head + stime(local(seconds)) + bytes([season_of(seconds)])

    def entries(self):
        """All self-reads: (unix time, registers)."""
        return [(m, self._then(m)) for m in self.months] + self.more

    def _log(self, size, entries, mark):
        # The header of BT26 and those like it, then the ring.
        count = len(entries)
        last, data = ring(size, entries, self.entry_size)
        valid = min(count, size)
        unread = max(0, min(valid, count - self.marks.get(mark, count - 1)))
        flags = 0x04 | (0x02 if count > size else 0)
        return bytes([flags, valid, last]) + u16(17 + count) + bytes([unread]) + data

    @property
    def entry_size(self):
        """Bytes of one entry of BT26 and ET31."""
        return len(self._head(0, True)) + len(self._then(self.months[-1]))

    @property
    def reset_size(self):
        """Bytes of one entry of ET41."""
        return 11 + len(self._then(self.months[-1]))

    def tables(self):
        """``{number: function of a unix time}``."""
        counter = 1 if self._model.demands else 0
        out = {
            24: lambda now: (
                self._head(self.season_change, False) + self._then(self.season_change)[counter:]
            ),
            25: lambda now: self._head(self._reset()[0], False) + self._reset()[1],
            26: lambda now: self._self_reads(),
            2048 + 31: lambda now: self._one_time(),
            2048 + 41: lambda now: self._reset_log(),
        }
        return out

    def _reset(self):
        return self.resets[-1] if self.resets else (self.months[-1], self._then(self.months[-1]))

    def _self_reads(self):
        entries = [self._head(when, True) + data for when, data in self.entries()]
        return self._log(self._model.self_reads, entries, 2)

    def _one_time(self):
        entries = [self._head(when, True) + self._then(when) for when in self._once]
        return self._log(ONE_TIME_ENTRIES, entries, 0)

    def _reset_log(self):
        if not self._model.demands:
            return bytes(6)
        all_ = [(m, self._then(m), 0) for m in self.months[-3:]]
        all_ += [(when, data, 1) for when, data in self.resets]
        entries = [
            u16(self.reset_size - 2) + bytes([why]) + u16(BIDN) + self._head(when, False) + data
            for when, data, why in all_
        ]
        last, data = ring(RESET_ENTRIES, entries, self.reset_size)
        valid = min(len(entries), RESET_ENTRIES)
        return bytes([0x04, valid, last]) + u16(len(entries)) + bytes([1]) + data
