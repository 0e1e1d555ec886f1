"""A machine (see `osgp.machine`) that finds the newest kept reading of each M-Bus device.

The first reading of a device and those on demand are in ET16, the scheduled ones in the rings ET74
(since firmware 3.60) and ET45. A reading is what one reply holds, 465 bytes. Much smaller than
`osgp.devices`, for a module that has little memory (MEP guide p. 27, 84-95, 119, 176).
"""

from shim import const

_ET11 = const(2059)
_ET14 = const(2062)
_ET16 = const(2064)
_ET36 = const(2084)
_ET45 = const(2093)
_ET54 = const(2102)
_ET74 = const(2122)

_DEVICES = const(4)  # places for M-Bus; behind them are the MEP clients
_REPLY = const(465)
_LOOKS = const(12)  # entries of a ring that are looked at
_DONE = const(4)  # result of a read
_END = const(0xFFFFFF)  # offsets have three bytes


class Last:
    """Reads; ``places`` is in the end a list of [place from 1, handle, reading as in ET16].

    The reading is b"" if there is none. None instead of the list: the meter gives no ET14.
    """

    def __init__(self):
        self.places = None
        self._steps = self._read()
        self._want = next(self._steps)

    def next_read(self):
        """(table, offset, count) to read next, or None when all is read."""
        return self._want

    def learn(self, table, buf, start, count):
        """Take the reply to `next_read`: ``count`` bytes at buf[start:]."""
        count = min(count, self._want[2], len(buf) - start)
        self._next(bytes(buf[start : start + count]))

    def absent(self, table):
        """The meter does not have ``table``."""
        self._next(b"")

    def refused(self, table, code):
        """The meter answered ``code``."""
        self._next(b"")

    def _next(self, data):
        try:
            self._want = self._steps.send(data)
        except StopIteration:
            self._want = None

    def _read(self):
        sizes = yield _ET11, 0, 7
        if len(sizes) < 7:
            return
        entry = sizes[2]
        n = min(sizes[0], _DEVICES)
        states = yield _ET14, 6, min(n * entry, _REPLY)
        if not states:
            return
        self.places = places = []
        size = _u16(sizes, 5)
        for i in range(n):
            state = states[i * entry : (i + 1) * entry]
            if len(state) < 14 or state[2] not in (1, 2):
                continue
            place = [i + 1, _u16(state, 0), b""]
            places.append(place)
            count = _u16(state, 4)
            if not 8 <= count <= size:
                count = size if any(state[10:14]) else 0
            if count:
                place[2] = yield _ET16, i * size, min(count, _REPLY)
        if places:
            yield from self._ring(_ET45, 1)
            yield from self._ring(_ET74, 2)

    def _ring(self, table, width):
        # The scheduled reads: each place takes its newest if that is newer than what it has.
        head = yield table, 1, 2 * width
        if len(head) < 2 * width or not head[0]:
            return
        count, last = (head[0], head[1]) if width == 1 else (_u16(head, 0), _u16(head, 2))
        dims = yield _ET36, 71, 6
        if len(dims) < 6:
            return
        size = _u16(dims, 0)
        most = _u16(dims, 4)
        if width == 2:
            dims = yield _ET54, 69, 2
            most = _u16(dims, 0) if len(dims) == 2 else 0
        if last >= most or count > most or size < 16 or most * size > _END:
            return
        seen = []
        for _ in range(min(count, _LOOKS)):
            at = 4 * width + 1 + (width == 1) + last * size
            last = (last or most) - 1
            lead = yield table, at, 14
            if len(lead) < 14:
                return
            for place in self.places:
                if place[1] == _u16(lead, 4) and place[0] not in seen and lead[7] == _DONE:
                    seen.append(place[0])
                    # It counts the handle and what follows. Times have their year first.
                    n = min(_u16(lead, 0) - 4, size - 8, _REPLY)
                    if n >= 8 and lead[8:] > place[2][:6]:
                        place[2] = (yield table, at + 8, n) or place[2]
            if len(seen) == len(self.places):
                return


def _u16(data, at):
    return data[at + 1] << 8 | data[at]
