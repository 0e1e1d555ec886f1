"""The load profile: BT60..BT67, ET21, ET66 (guide p. 95-98, 172-174, 231-241).

Four data sets, each a ring of blocks; block n of a set's time is at place n mod its blocks. A
block's bytes are made when they are read, from `Past` and what the house recorded since.
"""

from dataclasses import dataclass

from .layout import i32, ltime, put, record, stime, u16, u32
from .past import DAY_S, SLOT_S, is_dst, local

# What a channel holds: a source id of 8 bits (p. 204), or above 255 an extended one (p. 32).
FWD, REV, IMPORT, EXPORT, VOLTAGE_L1, OUTAGES = 0, 1, 2, 3, 15, 5
MAPPED = 112  # the first id that stands for one of ET66
WATER, HEAT = 0x4001, 0x4102  # M-Bus devices 0 and 1, data types 1 and 2 of ET57
DAY_INTERVAL = 84  # an interval time that means 24 hours
SETS_SINCE = (3, 50)

# Extended status: flags of the interval, then numbers of the channels (p. 240).
DST, POWER_FAIL, FORWARD = 1, 2, 4
OK, PARTIAL, SKIPPED, MISSING, NOT_CURRENT, PLACEHOLDER = 0, 2, 4, 10, 11, 15


@dataclass(frozen=True)
class DataSet:
    """One load profile: so many blocks of so many intervals of ``minutes``."""

    blocks: int
    intervals: int
    minutes: int
    sources: tuple

    @property
    def seconds(self):
        return DAY_S if self.minutes == DAY_INTERVAL else 60 * self.minutes

    @property
    def status_size(self):
        return (self.intervals + 7) // 8

    @property
    def header_size(self):
        return 5 + self.status_size

    @property
    def extended_size(self):
        return len(self.sources) // 2 + 1

    @property
    def interval_size(self):
        return self.extended_size + 4 * len(self.sources)

    @property
    def block_size(self):
        return self.header_size + self.intervals * self.interval_size

    @property
    def span(self):
        """Seconds of one block."""
        return self.intervals * self.seconds

    def recorded(self, now):
        """(last block with an interval in it, how many intervals it has) at a unix time."""
        whole = int(now) // self.seconds
        return (whole - 1) // self.intervals, (whole - 1) % self.intervals + 1

    def mapped(self):
        """The sources as ids of 8 bits: extended ones by their place in ET66."""
        places = [s for s in self.sources if s > 255]
        return [s if s < 256 else MAPPED + places.index(s) for s in self.sources]


def data_sets(days):
    """The four data sets of a meter that keeps so many whole days."""
    channels = (FWD, REV, IMPORT, EXPORT, VOLTAGE_L1, OUTAGES, WATER, HEAT)
    return (
        DataSet(days + 1, 96, 15, channels),
        DataSet(days + 5, 24, 60, (FWD, REV)),
        DataSet(min(days, 7) + 1, 288, 5, (15, 16, 17)),
        DataSet(min(days, 40) + 20, 1, DAY_INTERVAL, (FWD, REV, IMPORT, EXPORT)),
    )


CONFIGURATION_ID = 0x31415926
_MEMORY = 233856
_MOST = (21259, 1440, 16, 255)


class Blocks:
    """One data set's table: as long as all its blocks, made piece by piece."""

    def __init__(self, profile, index, now):
        self._profile = profile
        self._set = profile.sets[index]
        self._index = index
        self._now = now

    def __len__(self):
        return self._set.blocks * self._set.block_size

    def __getitem__(self, key):
        start, stop, _ = key.indices(len(self))
        size = self._set.block_size
        out = b""
        for place in range(start // size, -(-stop // size)):
            out += self._profile.block(self._index, place, self._now)
        return out[start % size :][: max(0, stop - start)]


class Profile:
    """The profile of one meter. ``history`` gives registers at any past moment."""

    def __init__(self, model, history, devices):
        self.sets = data_sets(model.days)[: 4 if model.firmware[:2] >= SETS_SINCE else 1]
        self.firmware = model.firmware[:2]
        self._history = history
        self._devices = devices
        self._kept = {}

    def block(self, index, place, now):
        """The bytes of the block at ``place`` of data set ``index``."""
        data_set = self.sets[index]
        last, count = data_set.recorded(now)
        number = last - (last - place) % data_set.blocks
        if number < last:
            count = data_set.intervals
        key = (index, number, count)
        kept = self._kept.get((index, place))
        if not kept or kept[0] != key:
            kept = self._kept[index, place] = (key, self._build(data_set, number, count))
        return kept[1]

    def _build(self, data_set, number, count):
        out = bytearray(data_set.block_size)
        begin = number * data_set.span
        put(out, 0, stime(begin + count * data_set.seconds))
        valid = 0
        for i in range(count):
            end = begin + (i + 1) * data_set.seconds
            if self._history.powered(end):
                valid |= 1 << i
                at = data_set.header_size + i * data_set.interval_size
                put(out, at, self._interval(data_set, end))
        put(out, 5, valid.to_bytes(data_set.status_size, "little"))
        return bytes(out)

    def _interval(self, data_set, end):
        begin = end - data_set.seconds
        past = self._history.past
        common = DST if is_dst(begin) else 0
        if past.off_seconds(begin, end):
            common |= POWER_FAIL
        moved = begin <= past.clock_set[0] < end
        if moved:
            common |= FORWARD
        nibbles, values = [common], b""
        for source in data_set.sources:
            value, status = self._channel(source, end)
            nibbles.append(status or (PARTIAL if moved else OK))
            values += value
        nibbles.append(0)
        pairs = zip(nibbles[::2], nibbles[1::2])
        packed = bytes(high << 4 | low for high, low in pairs)
        return packed[: data_set.extended_size] + values

    def _channel(self, source, end):
        # (four bytes, status) of a source at the end of an interval.
        if source > 255:
            return self._devices.interval(source >> 8 & 15, source & 31, end)
        history = self._history
        if source < 4:
            return i32(history.energies(end)[source]), OK
        if source == OUTAGES:
            return i32(history.outages(end)), OK
        return i32(history.voltages(end)[source - 15]), OK

    # -- the tables

    def tables(self):
        """``{number: function of a unix time}`` of all that is the load profile's."""
        out = {
            60: lambda now: _dimensions(len(self.sets), [_MOST] * 4, _MEMORY),
            61: lambda now: self._actual(),
            62: lambda now: self._control(),
            63: self._status,
            2048 + 21: self._internal,
            2048 + 66: lambda now: self._mapping(),
        }
        for i in range(len(self.sets)):
            out[64 + i] = lambda now, i=i: Blocks(self, i, now)
        return out

    def memory(self):
        """Bytes that the blocks of all data sets take."""
        return sum(s.blocks * s.block_size for s in self.sets)

    def _actual(self):
        rows = [(s.blocks, s.intervals, len(s.sources), s.minutes) for s in self.sets]
        return _dimensions(len(rows), rows, self.memory())

    def _control(self):
        # BT62: three bytes a channel, then the format: 32 is INT32.
        out = b""
        for data_set in self.sets:
            out += b"".join(bytes([0, s, 0]) for s in data_set.mapped()) + bytes([32])
        return out

    def _status(self, now):
        out = b""
        for data_set in self.sets:
            last, count = data_set.recorded(now)
            first = self._history.installed // data_set.span
            out += record(
                13,
                (0, 0x20 | 0x02 | 0x04),  # active, has overflowed, circular
                (1, u16(data_set.blocks)),
                (3, u16(last % data_set.blocks)),
                (5, u32(last - first)),
                (9, u16(min(data_set.blocks, 3))),
                (11, u16(count)),
            )
        return out

    def _internal(self, now):
        out, address = b"", 0x8000
        size = next(size for since, size in _ET21_SIZES if self.firmware >= since)
        for data_set in self.sets:
            whole = self._internal_set(data_set, address, now)
            out += whole[:size]
            address += data_set.blocks * data_set.block_size
        return out

    def _internal_set(self, s, address, now):
        last, count = s.recorded(now)
        block = address + last % s.blocks * s.block_size
        mapped = bytes(s.mapped())
        mbus = [i for i, source in enumerate(s.sources) if source > 255]
        begin = last * s.span
        end = begin + count * s.seconds
        parts = [
            (0, u32(block)),
            (4, u32(block + s.header_size + (count - 1) * s.interval_size)),
            (8, u32(s.block_size)),
            (12, u16(s.header_size)),
            (14, u16(s.blocks)),
            (16, u16(count)),
            (18, u16(last % s.blocks)),
            (20, u16(count - 1)),
            (22, bytes([5, s.status_size, s.header_size, s.interval_size, s.extended_size])),
            (27, (DST if is_dst(now) else 0) << 4),
            (28, bytes([len(s.sources), s.minutes])),
            (30, mapped[:8]),
            (70, mapped[8:16]),
            (78, u32(CONFIGURATION_ID)),
            (82, mbus[0] if mbus else len(s.sources)),
            (83, ltime(begin)),
            (94, ltime(end)),
            (101, ltime(local(end))),
            (107, u32(_MEMORY)),
        ]
        for i in mbus:
            value, _ = self._channel(s.sources[i], end // SLOT_S * SLOT_S)
            parts.append((38 + 4 * i, value))
        return record(131, *parts)

    def _mapping(self):
        # ET66: 16 places a set (BT60.11), the first is source 112.
        out = b""
        for data_set in self.sets:
            places = [s for s in data_set.sources if s > 255]
            out += b"".join(u16(s) for s in places) + bytes(2 * (_MOST[2] - len(places)))
        return out


# What ET21's entry of one data set has grown to.
_ET21_SIZES = (((3, 50), 131), ((3, 30), 107), ((3, 10), 94), ((0, 0), 83))


def _dimensions(count, rows, memory):
    # BT60 and BT61: only INT32, extended and simple status.
    out = u32(memory) + u16(0x0C00) + bytes([0x20])
    for blocks, intervals, channels, minutes in list(rows)[:count]:
        out += u16(blocks) + u16(intervals) + bytes([channels, minutes])
    return out
