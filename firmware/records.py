"""Readings kept for later, 18 bytes each, in a ring that is made once; the oldest go first."""

import json

from shim import const
from .hal import clock

SIZE = const(18)  # time 4, energy forward 5, reverse 5, power 4; low byte first
_NONE_5 = b"\xff" * 5
_NONE_4 = b"\xff" * 4  # 4294967295 W are no power
_HALF = const(0x40000000)  # added to the power, which may be negative


class Ring:
    """At most ``most`` records; ``lost`` counts those that had to make room."""

    def __init__(self, most):
        self._buf = bytearray(SIZE * most)
        self._most = most
        self._first = 0
        self.count = 0
        self.lost = 0

    def put(self, time, forward, reverse, power):
        """Keep a reading: seconds since 1970 (0: unknown), Wh, Wh and W; None is unknown.

        What does not fit into its place is None too.
        """
        if self.count == self._most:
            self.drop(1)
            self.lost += 1
        at = (self._first + self.count) % self._most * SIZE
        buf = self._buf
        buf[at : at + 4] = _bytes(time, 4, b"\0\0\0\0")
        buf[at + 4 : at + 9] = _bytes(forward, 5, _NONE_5)
        buf[at + 9 : at + 14] = _bytes(reverse, 5, _NONE_5)
        buf[at + 14 : at + 18] = _bytes(None if power is None else power + _HALF, 4, _NONE_4)
        self.count += 1

    def get(self, i):
        """Record ``i``, the oldest is 0: (time, forward, reverse, power)."""
        at = (self._first + i) % self._most * SIZE
        raw = bytes(self._buf[at : at + SIZE])
        power = _number(raw[14:], _NONE_4)
        return (
            int.from_bytes(raw[:4], "little"),
            _number(raw[4:9], _NONE_5),
            _number(raw[9:14], _NONE_5),
            None if power is None else power - _HALF,
        )

    def drop(self, n):
        """Forget the ``n`` oldest."""
        n = min(n, self.count)
        self._first = (self._first + n) % self._most
        self.count -= n

    def text(self, i):
        """Record ``i`` as the JSON of a late reading."""
        time, forward, reverse, power = self.get(i)
        values = (json.dumps(clock.iso(time or None)),)
        values += tuple([json.dumps(n) for n in (forward, reverse, power)])
        return (
            '{"time":%s,"late":true,"values":{"energy_forward":%s,"energy_reverse":%s,"power":%s}}'
        ) % values

    def pack(self):
        """All records as bytes, oldest first."""
        cut = min(self._first + self.count, self._most) * SIZE
        rest = (self._first + self.count) * SIZE - cut
        return bytes(self._buf[self._first * SIZE : cut]) + bytes(self._buf[:rest])

    def unpack(self, data):
        """Take what `pack` gave; of more than fits, the newest."""
        self._first = 0
        self.count = min(len(data) // SIZE, self._most)
        self._buf[: self.count * SIZE] = data[len(data) - self.count * SIZE :]


def reading(store, most_ms=None):
    """(energy forward, energy reverse, power) of ``store`` now, each None if it is not known.

    With ``most_ms`` what is older is not known.
    """
    names = store.names
    found = []
    for name in ("energy_forward", "energy_reverse", "power_forward", "power_reverse"):
        i = names.index(name) if name in names else None
        age = None if i is None else store.age_ms(i)
        old = age is None or (most_ms is not None and age > most_ms)
        found.append(None if old else store.value(i))
    forward, reverse, power, back = found
    return forward, reverse, None if power is None else power - (back or 0)


def _bytes(value, size, none):
    if value is None or not 0 <= value < (1 << 8 * size) - 1:
        return none
    return value.to_bytes(size, "little")


def _number(raw, none):
    return None if raw == none else int.from_bytes(raw, "little")
