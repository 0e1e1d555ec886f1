"""The clock of the fault timeline, which never waits, and what is compared by it."""

import time

WRAP = 1 << 30
BEGIN = 1795222800  # 2026-11-21T01:00:00Z
_OFF_2000 = 946684800  # what a chip's clock counts from
_EPOCH = _OFF_2000 if time.gmtime(0)[0] == 2000 else 0
_DOG_MS = 500


class Clock:
    """Time in ms since the power came first, and what the chip makes of it."""

    gmtime = staticmethod(time.gmtime)

    def __init__(self, ticks):
        self.now = 0
        self.born = -ticks  # when the ticks were 0
        self.set = None  # (seconds since 1970, ms): the chip's clock, once it is set
        self.queue = []  # (ms, function), in order
        self.due = 0
        self.dog_at = 0
        self.bite = None  # called every half second

    def ticks_ms(self):
        return (self.now - self.born) % WRAP

    def ticks_add(self, a, b):
        return (a + b) % WRAP

    def ticks_diff(self, a, b):
        return (a - b + WRAP // 2) % WRAP - WRAP // 2

    def time(self):
        """As `time.time` of the chip: seconds since the interpreter's epoch."""
        seconds, since = self.set or (_OFF_2000, self.born)
        return seconds + (self.now - since) // 1000 - _EPOCH

    def advance(self, ms):
        """Let ``ms`` pass; what is due happens, and may end the life."""
        end = self.now + ms
        while self.due <= end:
            self.now = max(self.now, self.due)
            if self.now >= self.dog_at:
                self.dog_at = self.now + _DOG_MS
                self.bite()
            while self.queue and self.queue[0][0] <= self.now:
                self.queue.pop(0)[1]()
            self._plan()
        self.now = end

    def at(self, ms, function):
        """Call ``function`` at the moment ``ms``."""
        place = len(self.queue)
        while place and self.queue[place - 1][0] > ms:
            place -= 1
        self.queue.insert(place, (ms, function))
        self._plan()

    def _plan(self):
        self.due = min(self.dog_at, self.queue[0][0]) if self.queue else self.dog_at


def fits(value, expected):
    """Is ``value`` as expected: a text that is part of it, (least, most), or itself."""
    if isinstance(expected, str):
        return value is not None and expected in value if expected else not value
    if isinstance(expected, tuple):
        return value is not None and expected[0] <= value <= expected[1]
    if isinstance(expected, dict):
        return (
            value is not None
            and len(value) == len(expected)
            and all(name in value and fits(value[name], expected[name]) for name in expected)
        )
    return value == expected


def clock_text(ms):
    """``ms`` as h:mm:ss."""
    s = ms // 1000
    return "%d:%02d:%02d" % (s // 3600, s // 60 % 60, s % 60)
