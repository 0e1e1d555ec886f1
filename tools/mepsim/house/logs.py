"""The event logs BT74 and ET79, the outages ET81, and what sizes them (guide p. 181-186, 241).

Both event logs number their entries together; what happens often is in the alternate one.
"""

from .layout import ltime, record, ring, u16, u32
from .past import DAY_S, is_dst, last_sunday, local

PRIMARY, ALTERNATE, OUTAGES = 100, 50, 20
ARGUMENT = 2
NOBODY, REMOTE, MEP = 0xFFFF, 0xFFFE, 0xFFFD
ET79_SINCE = (3, 70)

# Event numbers of ANSI C12.19 and, from 64 on, by the bits of BT03.
POWER_DOWN, POWER_UP, CLOCK_BEFORE, CLOCK_AFTER = 1, 2, 3, 4
CALLED, WRITTEN, PROGRAMMED, DEMAND_RESET, SELF_READ = 9, 10, 11, 20, 21
DST_ON, DST_OFF, SEASON, TARIFF = 22, 23, 24, 27
PHASE_LOSS, PASSWORD, DISCOVERED, MEP_ALARM, MEP_STATUS, SAG, SWELL = 68, 72, 82, 81, 96, 98, 99
_OFTEN = (TARIFF, WRITTEN, CALLED, MEP_ALARM)
_FIRST_NUMBER = 4100

# What else has happened: days ago, second of the day, event, argument, user.
_STORY = (
    (420, 32400, PROGRAMMED, 0, 2),
    (419, 33000, DISCOVERED, 0, NOBODY),
    (419, 33060, MEP_STATUS, 0 << 13 | 0, NOBODY),
    (419, 33120, MEP_STATUS, 1 << 13 | 0, NOBODY),
    (301, 3604, PHASE_LOSS, 0x07, NOBODY),
    (130, 51234, SAG, 187 << 2 | 1, NOBODY),
    (130, 51300, PHASE_LOSS, 0x02, NOBODY),
    (77, 44100, PASSWORD, 0, NOBODY),
    (33, 47000, SWELL, 259 << 2 | 0, NOBODY),
    (12, 60010, SAG, 196 << 2 | 2, NOBODY),
    (8, 50400, MEP_ALARM, 1 << 13 | 4, NOBODY),
)


class Logs:
    """The logs of one meter; ``reads``: its self-reads."""

    def __init__(self, model, history, reads, epoch):
        self._history = history
        self._model = model
        self._epoch = int(epoch)
        self._reads = reads
        self.both = model.firmware[:2] >= ET79_SINCE
        self.more = []  # since the start: (unix time, event, argument, user)
        self.marks = {}
        self._past = None

    def add(self, unix, event, argument=0, user=MEP):
        """Something happens now."""
        self.more.append((unix, event, argument, user))

    def events(self, now):
        """All events up to a unix time, in order: (time, event, argument, user)."""
        if self._past is None:
            self._past = self._before()
        out = self._past + self.more + self._tariffs(self._epoch, now)
        return sorted(out, key=lambda event: event[0])

    def _before(self):
        past = self._history.past
        today = self._epoch // DAY_S * DAY_S
        out = [(today - days * DAY_S + at, *rest) for days, at, *rest in _STORY]
        for begin, end in past.outages:
            out += [(begin, POWER_DOWN, 0, NOBODY), (end, POWER_UP, 3, NOBODY)]
        when, by = past.clock_set
        out += [(when, CLOCK_BEFORE, 0, REMOTE), (when + by, CLOCK_AFTER, 0, REMOTE)]
        year = 1970 + self._epoch // 31556952
        for y in (year - 1, year):
            out += [
                (last_sunday(y, 3), DST_ON, 0, NOBODY),
                (last_sunday(y, 10), DST_OFF, 0, NOBODY),
            ]
        out += [(m, SELF_READ, 0, NOBODY) for m in self._reads.months]
        out.append((self._reads.season_change, SEASON, is_dst(self._epoch) ^ 1, NOBODY))
        first = self._epoch - 420 * DAY_S
        out += self._tariffs(self._epoch - 45 * DAY_S, self._epoch)
        return [event for event in out if first <= event[0] <= self._epoch]

    def _tariffs(self, begin, end):
        # As `live.House` has it: the day's tier from 6 to 22 UTC.
        out = []
        for day in range(int(begin) // DAY_S, int(end) // DAY_S + 1):
            for hour, tier in ((6, 0), (22, 1)):
                when = day * DAY_S + hour * 3600
                if begin < when <= end:
                    out.append((when, TARIFF, tier, NOBODY))
        return out

    def _log(self, now, size, alternate):
        entries, number = [], _FIRST_NUMBER
        for when, event, argument, user in self.events(now):
            number += 1
            if self.both and (event in _OFTEN) != alternate:
                continue
            head = ltime(when) + u16(number) + u16(user) + u16(event)
            entries.append(head + argument.to_bytes(ARGUMENT, "little"))
        last, data = ring(size, entries, 12 + ARGUMENT)
        numbers = [int.from_bytes(e[6:8], "little") for e in entries]
        valid = min(len(entries), size)
        read = self.marks.get(alternate, len(entries) - 5)
        return (
            record(
                11,
                (0, 0x04 | (0x02 if len(entries) > size else 0)),
                (1, u16(valid)),
                (3, u16(last)),
                (5, u32(numbers[-1] if numbers else 0)),
                (9, u16(max(0, min(valid, len(entries) - read)))),
            )
            + data
        )

    def _outages(self, now):
        times = [(local(b), local(e)) for b, e in self._history.past.outages]
        entries = [ltime(b) + ltime(e) for b, e in times]
        last, data = ring(OUTAGES, entries, 12)
        return bytes([0x04, len(entries), last]) + u16(len(entries)) + bytes([2]) + data

    def tables(self):
        """``{number: function of a unix time}``."""
        sizes = bytes([0x06, 14, 0, ARGUMENT, 0]) + u16(PRIMARY) + u16(0)
        most = bytes([0x06, 14, 0, ARGUMENT, 0]) + u16(250) + u16(0)
        channels = self.channel_change_size
        return {
            70: lambda now: most,
            71: lambda now: sizes,
            74: lambda now: self._log(now, PRIMARY, False),
            2048 + 75: lambda now: bytes([0, 0, 0]) + u16(0) + bytes(1 + 2 * channels),
            2048 + 79: lambda now: self._log(now, ALTERNATE, True),
            2048 + 81: self._outages,
        }

    @property
    def channel_change_size(self):
        """Bytes of an entry of ET75."""
        return 45 + 2 + 16 * (7 if self._model.gen4 else 6)
