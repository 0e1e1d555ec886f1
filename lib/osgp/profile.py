"""The load profile: intervals of any data set, for a range of time, as they come from the meter.

`Profile(dims, number, begin, end)` is a machine (`osgp.machine`). Between its reads `take()` gives
what has arrived: (end, status, values), oldest first. The end of an interval is unix time: the
meter keeps the profile in UTC, the change to summer time moves nothing and is only a flag. Status
are bytes: the flags of the interval, then a number for each channel (`words` tells them); None for
an interval that the meter did not record, as in a long outage. Values are what the meter sent
(``channels``: `osgp.channels.Channel`), None where the status says that there is none.

`state()` is a dict of numbers and text, to be kept with what was taken: `Profile(..., state=kept)`
goes on there, after any end of the program, without a gap and with nothing twice. ``lost`` counts
blocks that the meter overwrote before they were read, ``undated`` intervals of blocks without a
valid time, which are left out (MEP guide p. 29-33, 95-98, 231-241).
"""

from mep.errors import TableError
from shim import const
from .channels import read, unix
from .machine import Machine
from .pieces import Ring

_BT63 = const(63)
_ET21 = const(2069)
_PIECE = const(465)
_ROW = const(13)  # bytes of a set in BT63
_ALL = const(1 << 28)

# Status of a channel that has no value: skipped, not decrypted, no device, opted out, placeholder.
NO_VALUE = b"\x04\x08\x0a\x0c\x0f"
_FLAGS = ("dst", "power_fail", "clock_forward", "clock_backward")


def words(status, names=None):
    """The status of an interval as a list of words; channels count from 1: "2:skipped".

    ``names``: the list STATUS of BT64, for who asks for many.
    """
    if status is None:
        return ["not_recorded"]
    if names is None:
        from .about import words as listed

        names = listed(64, "STATUS")
    found = [_FLAGS[i] for i in range(4) if status[0] >> i & 1]
    for k in range(1, len(status)):
        if status[k]:
            found.append("%d:%s" % (k, names.get(status[k], status[k])))
    return found


class _Head:
    # A block's header: when its intervals began, which were recorded, how many it knows of.

    def __init__(self, number, start, bits, known):
        self.number = number
        self.start = start  # unix time, None if the meter did not know it
        self.bits = bits  # None: all
        self.known = known

    def has(self, i):
        return self.bits is None or self.bits[i >> 3] >> (i & 7) & 1


class Profile(Machine):
    """Reads data set ``number`` after ``begin`` up to ``end`` (unix times; None: all there is).

    ``pieces``: so many replies, of 465 bytes, are read before it is seen whether they still stand;
    they wait in memory. ``done`` and ``total`` are bytes.
    """

    def __init__(self, dims, number=1, begin=None, end=None, state=None, pieces=8):
        self.channels = []
        self.seconds = 0
        self.lost = self.undated = 0
        self.set = None  # `osgp.channels.DataSet`
        self._number = number
        self._range = begin, end
        self._chunk = _PIECE * pieces
        self._ready = []
        self._at = None  # (block, interval, end of the last one) that was taken
        self._head = None
        super().__init__(dims, self._read(state))

    def take(self):
        """Iterate over the intervals that have been read: (end, status, values)."""
        ready = self._ready
        while ready:
            run = ready[0]
            head, i, stop, data, at = run
            if i == stop:
                ready.pop(0)
                continue
            run[1] = i + 1
            run[4] = at + self.set.interval
            end = head.start + (i + 1) * self.seconds
            self._at = head.number, i + 1, end
            yield self._interval(head, i, end, data, at)

    def state(self):
        """What goes on after the last interval taken, None if none was."""
        if self._at is None:
            return None
        ident = self.set.ident
        number, interval, end = self._at
        return {
            "set": self._number,
            "config": None if ident is None else "%02x%02x%02x%02x" % tuple(ident),
            "block": number,
            "interval": interval,
            "end": end,
        }

    def _interval(self, head, i, end, data, at):
        s = self.set
        if not head.has(i):
            return end, None, [None] * s.count
        if s.values_at:
            # Four bits each, the high half first.
            status = bytes([data[at + (k >> 1)] >> 4 * (~k & 1) & 15 for k in range(s.count + 1)])
        else:
            status = bytes(s.count + 1)
        at += s.values_at
        values = []
        for k in range(s.count):
            none = status[k + 1] in NO_VALUE
            values.append(None if none else self.channels[k].value(data, at + 4 * k))
        return end, status, values

    # -- the steps

    def _read(self, state):
        s = yield from read(self.dims, self._number)
        if s is None:
            return
        self.set = s
        self.channels = s.channels
        self.seconds = s.seconds
        ring = Ring(s.table, s.block, s.blocks, self._status, "BT63")
        if not (yield from ring.look()):
            return
        place = yield from self._begin(ring, state)
        while place:
            place = yield from self._on(ring, *place)
        if s.ident is not None:
            data = yield _ET21, s.ident_at, 4
            if data is not None and bytes(data) != s.ident:
                _changed()
        self.total = self.done

    def _status(self):
        data = yield _BT63, _ROW * (self._number - 1), _ROW
        if data is None:
            return None
        if len(data) < _ROW:
            raise TableError("BT63", "valid_intervals", "%d bytes missing" % (_ROW - len(data)))
        if data[0] & 0x11:
            raise TableError("BT63", "order", "descending is not known")
        last = data[8] << 24 | data[7] << 16 | data[6] << 8 | data[5]
        filled = min(data[12] << 8 | data[11], self.set.intervals)
        return last, data[4] << 8 | data[3], data[2] << 8 | data[1], filled

    def _begin(self, ring, state):
        # Where to begin: (block, interval), None if there is nothing.
        begin = self._range[0]
        if state is not None:
            if self._unlike(state):
                _changed()
            # What was taken stands for itself, until something was taken after it.
            self._at = state["block"], state["interval"], state["end"]
            if begin is None or begin < state["end"]:
                begin = state["end"]
            block, interval = state["block"], state["interval"]
            if block < ring.oldest:
                self.lost = ring.oldest - block
                return ring.oldest, 0
            if block <= ring.last:
                yield from self._see(ring, block)
                head = self._head
                if head.start is not None and self._end(interval - 1) == state["end"]:
                    return block, interval
        if begin is None:
            if self._range[1] is not None:
                yield from self._see(ring, ring.oldest)  # the end may be in it
            return ring.oldest, 0
        number = yield from self._find(ring, begin)
        if self._head.number != number:
            yield from self._see(ring, number)
        start = self._head.start
        if start is None or start >= begin:
            return number, 0
        return number, (begin - start) // self.seconds

    def _unlike(self, state):
        ident = self.set.ident
        mine = None if ident is None else "%02x%02x%02x%02x" % tuple(ident)
        return state["set"] != self._number or state["config"] != mine

    def _find(self, ring, begin):
        # The first block that ends after ``begin``: reckoned from the last, then by halves.
        yield from self._see(ring, ring.last)
        span = self.set.intervals * self.seconds
        low, high = ring.oldest, ring.last
        start = self._head.start
        if start is None or begin >= start:
            return high
        guess = high - (start - begin + span - 1) // span
        tries = 2
        while low < high:
            middle = max(low, min(guess, high - 1)) if tries else (low + high) // 2
            tries -= tries > 0
            yield from self._see(ring, middle)
            if middle < ring.oldest:
                low = high = ring.oldest  # it moved on meanwhile
            elif self._head.start is not None and self._end(self._head.known - 1) > begin:
                high = middle
                guess = middle - 1
            else:
                low = middle + 1
                guess = low
        return low

    def _end(self, i):
        return self._head.start + (i + 1) * self.seconds

    def _see(self, ring, number):
        # Read the header of a block; it is undated if the block is gone.
        data = yield from ring.read(number, 0, self.set.header)
        head = self._header(ring, number, data, 0)
        there = yield from ring.stands(number)
        self._head = head if there else _Head(number, None, None, 0)

    def _header(self, ring, number, data, at):
        # The time in the header is the end of the last interval that was recorded, or of the last
        # one there is room for: the meter's grid tells which.
        s = self.set
        whole = number < ring.last
        highest = there = s.intervals if whole else ring.filled
        bits = None
        if s.simple:
            bits = bytes(data[at + s.bits_at : at + s.header])
            highest = s.intervals
            while highest and not bits[highest - 1 >> 3] >> (highest - 1 & 7) & 1:
                highest -= 1
        end = unix(data, at)
        n = highest or there
        if end is not None and s.grid is not None and n < s.intervals:
            k, rest = divmod(end - s.grid, s.seconds)
            k = (k - 1) % s.intervals + 1
            if not rest and k > highest:
                n = k
        start = None if end is None else end - n * s.seconds
        # Of the newest block, what is not recorded yet may still be.
        return _Head(number, start, bits, n if whole else highest)

    def _on(self, ring, number, interval):
        # One chunk from there on; gives where the next begins, None at the end.
        if number < ring.oldest:
            self.lost += ring.oldest - number
            return ring.oldest, 0
        newest = number == ring.last
        after = None if newest else (number + 1, 0)
        if interval >= (ring.filled if newest else self.set.intervals):
            return after
        head = self._head
        if interval and (head.number != number or head.known <= interval):
            yield from self._see(ring, number)
            if self._head.known <= interval:
                return (number, interval) if number < ring.oldest else after
        parts = self._plan(ring, number, interval)
        if not parts:
            return None
        s = self.set
        count = sum([n * s.interval + (0 if first else s.header) for _, first, n in parts])
        at = s.header + interval * s.interval if interval else 0
        data = yield from ring.read(number, at, count)
        runs = self._runs(ring, parts, data)
        if not (yield from ring.stands(number)):
            return number, interval
        self._head = runs[-1][0]
        return self._keep(runs)

    def _plan(self, ring, number, interval):
        # What one chunk takes: [(block, first interval, how many)], in one piece of the table.
        s = self.set
        left = self._left(number, interval)
        more = (ring.last - number) * s.intervals + ring.filled - interval
        more = min(left, more)
        self.total = self.done + more * s.interval + (more // s.intervals + 1) * s.header
        room = self._chunk
        parts = []
        while left > 0 and number <= ring.last:
            if not interval:
                room -= s.header
            there = ring.filled if number == ring.last else s.intervals
            if interval:
                there = min(there, self._head.known)
            n = min(there - interval, room // s.interval, left)
            if n <= 0:
                break
            parts.append((number, interval, n))
            room -= n * s.interval
            left -= n
            gap = s.block - s.header - s.intervals * s.interval
            if interval + n < s.intervals or gap or ring.place(number) + 1 == s.blocks:
                break
            number += 1
            interval = 0
        return parts

    def _left(self, number, interval):
        # How many intervals there can be up to the end of the range.
        end = self._range[1]
        head = self._head
        if end is None or head is None or head.start is None:
            return _ALL
        blocks = number - head.number
        return (end - head.start) // self.seconds - interval - blocks * self.set.intervals

    def _runs(self, ring, parts, data):
        # Each part as [header, first interval, after the last, bytes, where it begins in them].
        s = self.set
        runs = []
        at = 0
        for number, first, n in parts:
            head = self._head
            if not first:
                head = self._header(ring, number, data, at)
                at += s.header
            runs.append([head, first, first + n, data, at])
            at += n * s.interval
        return runs

    def _keep(self, runs):
        # What was read, up to the end of the range, is to be taken; where the next begins.
        end = self._range[1]
        for run in runs:
            head, first, stop = run[:3]
            if head.start is None:
                self.undated += stop - first
                continue
            run[2] = min(stop, head.known)
            over = end is not None and (end - head.start) // self.seconds < run[2]
            if over:
                run[2] = (end - head.start) // self.seconds
            if run[2] > first:
                self._ready.append(run)
            if over:
                return None
        if run[2] == self.set.intervals:
            return head.number + 1, 0
        return head.number, run[2]


def _changed():
    raise TableError("ET21", "config_id", "the load profile was set up anew; read all of it again")
