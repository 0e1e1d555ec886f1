"""The store: the meter's verified values, each with its age. Outputs read it and nothing else.

One reply of the meter is one snapshot: `put` for each value, then `commit`. A value that fails its
source's bounds is dropped and counted; the one before stays, with its own age. What was never
read, or not for an hour, is None.
"""

import asyncio
from array import array

from shim import const

UNIT = const(0)  # what kind of value: (unit, table, low, high, monotonic, scale)
TABLE = const(1)
_LOW = const(2)
_HIGH = const(3)
_MONOTONIC = const(4)
_SCALE = const(5)

_UNKNOWN = const(0)
_LAST = const(1)  # was in the last reply of its table
_OLDER = const(2)  # was in an earlier one
_NEW = const(3)  # put, not yet committed

_EXPIRE_MS = const(3600000)  # long before tick differences become wrong (6.2 days)
# Blocks for a usual meter (66 values), made at the start, because a used heap has no large ones. A
# meter with more gets more when it is found, which is soon after the start.
_NAMES = const(1136)
_TEXT = const(2416)
_MORE = const(256)
_HEAD = const(160)  # of the text: snapshot, time, ages
_ROOM = const(17)  # for a value: quotes, colon, comma, a number of at most 13 characters
# A register that stays below its old value for so many verified replies was really set back
# (meter exchanged, register cleared); to refuse it for ever would hang the energy values.
_FALLS = const(6)


class Readings:
    """Store for one meter. ``clock`` gives ticks_ms, ticks_diff and unix (`firmware.hal.clock`).

    ``stale_s``: without a verified reply for so long, `online` is False.
    """

    def __init__(self, clock, stale_s=30):
        self._clock = clock
        self._stale_ms = stale_s * 1000
        self.alerts = None  # dict, when the meter has sent an alert
        self.meter = {
            "manufacturer": None,
            "model": None,
            "firmware": None,
            "serial": None,
            "generation": None,
        }
        self.reason = "starting: no reply from the meter yet"
        self.line = dict  # called for the line's counters
        self.snapshot = 0
        self.dropped = 0
        self.resets = 0
        self._names = bytearray(_NAMES)
        self.buffer = bytearray(_TEXT)  # for `report.snapshot`
        self._event = asyncio.Event()
        self._replied = None  # ticks of the last verified reply
        self._offset = None  # meter's UTC clock in s minus ticks in s
        self.configure(())

    def configure(self, sources):
        """Take the meter's values; every value becomes unknown.

        ``sources``: iterable of (name, unit, table, low, high, monotonic, scale).
        """
        # One text instead of many, which would each have a header and a block of their own. 60
        # values are of some 10 kinds: one tuple for each kind, not for each value.
        names = self._names
        known = {}
        kinds = []
        end = 0
        for s in sources:
            name = s[0].encode() + b"\n"
            if end + len(name) > len(names):
                names.extend(bytes(_MORE))
            names[end : end + len(name)] = name
            end += len(name)
            kind = s[1:]
            kinds.append(known.setdefault(kind, kind))
        n = len(kinds)
        self.text = None
        if _HEAD + end + _ROOM * n > len(self.buffer):
            self.buffer = bytearray()  # its memory may be part of the new one's
            self.buffer = bytearray(_HEAD + end + _ROOM * n)
        self.kinds = kinds
        self._end = end  # of the names
        self.text_of = None
        self.days = None  # of `firmware.days`, which knows the values by their index
        self.mbus = None  # list of dicts, once `firmware.asked.mbus` has read the devices
        self._values = array("i", bytes(4 * n))
        self._times = array("i", bytes(4 * n))
        self._state = bytearray(n)
        self._falls = bytearray(n)

    def each_name(self):
        """Iterate over the names of the values, in order."""
        names = self._names
        at = 0
        while at < self._end:
            end = names.find(b"\n", at)
            yield names[at:end].decode()
            at = end + 1

    @property
    def names(self):
        """Names of the values, in order (list)."""
        return list(self.each_name())

    def same(self, sources):
        """True if ``sources`` (as for `configure`) are what the store has."""
        names = self.each_name()
        i = 0
        for s in sources:
            if i == len(self.kinds) or s[0] != next(names) or s[1:] != self.kinds[i]:
                return False
            i += 1
        return i == len(self.kinds)

    def first(self, table):
        """Index of the first value of ``table``."""
        i = 0
        while i < len(self.kinds) and self.kinds[i][TABLE] != table:
            i += 1
        return i

    @property
    def online(self):
        """True while the last verified reply is younger than ``stale_s``."""
        return (
            self._replied is not None
            and self._clock.ticks_diff(self._clock.ticks_ms(), self._replied) < self._stale_ms
        )

    def put(self, i, value):
        """Offer register ``i`` (int as sent). Returns False if it fails its bounds.

        What has scale 0, its unit being unknown, stays unknown.
        """
        source = self.kinds[i]
        if not source[_SCALE]:
            return False
        if not source[_LOW] <= value <= source[_HIGH]:
            self.dropped += 1
            return False
        if source[_MONOTONIC] and self._state[i] != _UNKNOWN and value < self._values[i]:
            self._falls[i] += 1
            if self._falls[i] < _FALLS:
                self.dropped += 1
                return False
            self.resets += 1
        self._falls[i] = 0
        self._values[i] = value
        self._state[i] = _NEW
        return True

    def commit(self, table):
        """The reply of ``table`` is complete: publish what was put, together."""
        now = self._clock.ticks_ms()
        state = self._state
        for i, kind in enumerate(self.kinds):
            if state[i] == _NEW:
                state[i] = _LAST
                self._times[i] = now
            elif kind[TABLE] == table and state[i] == _LAST:
                state[i] = _OLDER
        self.replied()
        self.reason = ""
        self.snapshot += 1
        event = self._event
        self._event = asyncio.Event()
        event.set()

    def replied(self):
        """A verified reply of any table came in."""
        self._replied = self._clock.ticks_ms()

    async def wait(self, snapshot):
        """Return when `snapshot` is another than the one given."""
        while self.snapshot == snapshot:
            await self._event.wait()

    def value(self, i):
        """Value ``i`` in its unit (int), or None."""
        if self._state[i] == _UNKNOWN:
            return None
        return self._values[i] * self.kinds[i][_SCALE]

    def fresh(self, i):
        """Value ``i`` if it was in the last reply of its table, else None."""
        return self.value(i) if self._state[i] == _LAST else None

    def age_ms(self, i):
        """Milliseconds since value ``i`` was read, or None."""
        if self._state[i] == _UNKNOWN:
            return None
        return self._clock.ticks_diff(self._clock.ticks_ms(), self._times[i])

    def table_ages(self):
        """dict of table number to the age of its last reply in ms."""
        ages = {}
        for i, kind in enumerate(self.kinds):
            if self._state[i] == _LAST:
                ages[kind[TABLE]] = self.age_ms(i)
        return ages

    def expire(self):
        """Forget what is older than an hour. To be called every minute or so."""
        for i in range(len(self._state)):
            if self._state[i] != _UNKNOWN and self.age_ms(i) > _EXPIRE_MS:
                self._state[i] = _UNKNOWN
        replied = self._replied
        if replied is not None:
            if self._clock.ticks_diff(self._clock.ticks_ms(), replied) > _EXPIRE_MS:
                self._replied = None

    def set_clock(self, seconds):
        """The meter's clock now shows ``seconds`` since 1970 (UTC)."""
        self._offset = (seconds, self._clock.ticks_ms())

    def now(self):
        """Seconds since 1970 by our clock, else by the meter's, else None."""
        seconds = self._clock.unix()
        if seconds is None and self._offset is not None:
            then, ticks = self._offset
            passed = self._clock.ticks_diff(self._clock.ticks_ms(), ticks)
            if 0 <= passed < 24 * _EXPIRE_MS:
                seconds = then + passed // 1000
        return seconds
