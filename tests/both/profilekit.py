"""A load profile that goes on, laid out by hand from the guide's offsets (p. 95, 231-241)."""

import gc
import sys

from machinekit import laid, le, meter
from osgpkit import GEN3

DAY = 1699920000  # 2023-11-14 00:00 UTC
ET21, ET57, ET66 = 2069, 2105, 2114
NO_TIME = bytes(5)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def stime(seconds):
    """yy mm dd hh mm of a unix time, counted day by day."""
    days, rest = seconds // 86400, seconds % 86400
    year, month = 1970, 0
    while days >= 365 + (year % 4 == 0):
        days -= 365 + (year % 4 == 0)
        year += 1
    while days >= _DAYS[month] + (month == 1 and year % 4 == 0):
        days -= _DAYS[month] + (month == 1 and year % 4 == 0)
        month += 1
    return bytes([year - 2000, month + 1, days + 1, rest // 3600, rest // 60 % 60])


def value(end, channel):
    """What the channel had at that time."""
    return (end // 60 * 16 + channel) & 0x7FFFFFFF


class Recorder:
    """Data set ``number`` of a meter; `record` adds an interval, `pass_by` what is not recorded.

    ``truth``: its keys are the ends of all that was ever recorded. ``wide``: bytes of an entry
    of ET21, 0 for none.
    """

    def __init__(self, blocks=5, intervals=8, sources=(0, 1, 15), minutes=15, number=1, **more):
        self.blocks = blocks
        self.intervals = intervals
        self.sources = sources
        self.minutes = minutes
        self.seconds = 86400 if minutes == 84 else 60 * minutes
        self.number = number
        self.wide = more.get("wide", 131)
        self.scaled = more.get("scaled")  # (scalar, divisor) of all channels
        self.format = more.get("format", 32)
        self.gap = more.get("gap", 0)  # bytes between blocks
        self.version = more.get("version", GEN3)
        self.config = 0x31415926
        n = len(sources)
        self.header = 5 + (intervals + 7) // 8
        self.interval = n // 2 + 1 + 4 * n
        self.size = self.header + intervals * self.interval + self.gap
        self.memory = bytearray(b"\xee" * (blocks * self.size))
        self.truth = {}
        self.now = DAY
        self.sequence = 0xFFFE  # the number of the newest block
        self.place = -1
        self.valid = self.filled = 0
        self.begun = None  # when the newest block began
        self.extra = {}
        self.hidden = ()
        self.reads = []

    def dims(self):
        return meter(self.version)

    def _enter(self, begin):
        self.place = (self.place + 1) % self.blocks
        self.sequence += 1
        self.valid = min(self.valid + 1, self.blocks)
        self.begun = begin
        at = self.place * self.size
        self.memory[at : at + self.header] = bytes(self.header)

    def record(self, n=1, common=0, statuses=(), values=None):
        """The next ``n`` intervals are recorded."""
        span = self.seconds * self.intervals
        for i in range(n):
            if i % 64 == 63:
                gc.collect()  # a small heap falls to pieces
            begin = self.now - (self.now - DAY) % span
            if begin != self.begun:
                self._enter(begin)
            i = (self.now - begin) // self.seconds
            self.now += self.seconds
            self.filled = i + 1
            status = [common] + list(statuses) + [0] * len(self.sources)
            status = status[: len(self.sources) + 1]
            have = values or [value(self.now, k) for k in range(len(self.sources))]
            status.append(0)
            data = bytes([status[2 * k] << 4 | status[2 * k + 1] for k in range(len(status) // 2)])
            for v in have:
                data += v if isinstance(v, bytes) else le(v, 4)
            assert len(data) == self.interval
            at = self.place * self.size
            self.memory[at : at + 5] = stime(self.now)
            self.memory[at + 5 + i // 8] |= 1 << i % 8
            at += self.header + i * self.interval
            self.memory[at : at + self.interval] = data
            # None for what is the same everywhere: a small heap holds many of those.
            plain = not any(status) and values is None
            self.truth[self.now] = None if plain else (bytes(status[:-1]), list(have))

    def true(self, end):
        """(status, values) as recorded."""
        n = len(self.sources)
        return self.truth[end] or (bytes(n + 1), [value(end, k) for k in range(n)])

    def pass_by(self, n=1):
        """The meter has no power for ``n`` intervals."""
        self.now += n * self.seconds

    def clear(self):
        """The profile is set up anew."""
        self.valid = self.filled = 0
        self.sequence, self.place, self.begun = 0, -1, None
        self.config += 1

    # -- the tables

    def _rows(self):
        row = le(self.blocks, 2) + le(self.intervals, 2)
        return row + bytes([len(self.sources), self.minutes])

    def bytes_of(self, table):
        """All of a table, None if the meter does not have it."""
        k = self.number - 1
        n = len(self.sources)
        if table in self.extra:
            return self.extra[table]
        if table == 60 or table == 61:
            flags = 0x0C00 | (64 << k if self.scaled else 0)
            other = le(3, 2) + le(2, 2) + bytes([2, 30])
            rows = other * k + self._rows()
            if table == 60:
                rows = (le(9999, 2) + le(1440, 2) + b"\x10\xff") * (k + 1)
            return le(100000, 4) + le(flags, 2) + b"\x20" + rows
        if table == 62:
            data = bytes([0, 0, 0, 0, 1, 0, 32]) * k
            for source in self.sources:
                data += bytes([0, source, 0])
            data += bytes([self.format])
            if self.scaled:
                data += le(self.scaled[0], 2) * n + le(self.scaled[1], 2) * n
            return data
        if table == 63:
            parts = {0: 0x26, 1: le(self.valid, 2), 3: le(max(self.place, 0), 2)}
            parts[5] = le(self.sequence, 4)
            parts[11] = le(self.filled, 2)
            return bytes(13) * k + laid(13, parts)
        if table == ET21 and self.wide:
            parts = {8: le(self.size, 4), 12: le(self.header, 2), 14: le(self.valid, 2)}
            parts[22] = 5
            parts[25] = self.interval
            parts[26] = n // 2 + 1
            parts[28] = bytes([n, self.minutes])
            parts[78] = le(self.config, 4)
            if self.wide > 83 and self.begun is not None:
                parts[83] = stime(self.begun)
            return bytes(self.wide * k) + laid(self.wide, parts)
        if table == 63 + self.number:
            return self.memory
        return None

    def answer(self, machine):
        """Answer one `next_read` of ``machine``; False if it wants nothing more."""
        want = machine.next_read()
        if want is None:
            return False
        assert machine.next_read() == want
        table, offset, count = want
        assert 0 < count <= 465
        self.reads.append(want)
        data = None if table in self.hidden else self.bytes_of(table)
        if data is None:
            machine.refused(table, 5)
        else:
            data = bytes(memoryview(data)[offset : offset + count])
            machine.learn(table, b"\xee" + data + b"\xee", 1, len(data))
        return True

    def run(self, machine, change=None):
        """All that ``machine`` gives; ``change(n)`` is called before the n-th answer."""
        if sys.implementation.name != "cpython":
            gc.collect()
        found = []
        self.reads = []
        for n in range(2000):
            if change:
                change(n)
            if not self.answer(machine):
                assert machine.done == machine.total or not found
                return found
            found.extend(machine.take())
        raise AssertionError("it does not end")

    def check(self, found, begin=None, end=None):
        """Each is as it was recorded, in order, and none is there twice; the ends are returned."""
        ends = [f[0] for f in found]
        assert all(a < b for a, b in zip(ends, ends[1:])), ends
        for at, status, values in found:
            assert begin is None or at > begin
            assert end is None or at <= end
            if status is None:
                assert at not in self.truth and set(values) == {None}
            else:
                assert (status, values) == self.true(at), at
        return [f[0] for f in found if f[1] is not None]

    def kept(self):
        """The ends of the intervals that the meter still has."""
        span = self.seconds * self.intervals
        blocks = sorted({(t - self.seconds - DAY) // span for t in self.truth})[-self.valid :]
        return [t for t in sorted(self.truth) if (t - self.seconds - DAY) // span in blocks]
