"""The ledger of writes to the meter, kept through restarts and power cuts; on demand only.

Interface: `Writes(path, version, level)`; ask `allow(table, offset, data)` before each write:
True, or why not (text). What wears is counted and on the flash before it is allowed, so that a cut
can only make it seem more. `look` says the same and counts nothing, for a dry run. `last` is the
PSN for the next `osgp.calls.Call`.
"""

from mep.writing import write
from osgp.writes import Ledger, held, judge
from . import storage
from .hal import clock

NAME = "writes"
_BT07 = 7


def body(table, offset, data):
    """The exact bytes of a write before sequence number and digest are put on, for a dry run."""
    buf = bytearray(len(data) + 32)
    return bytes(buf[: write(buf, 0, table, data, offset)])


class Writes:
    """``path``: where the ledger is; ``version``, ``level``: see `osgp.writes.judge`."""

    def __init__(self, path=NAME, version=None, level=None):
        self.version = version
        self.level = level
        self._path = path
        self._up = 0
        self._ms = 0
        self._ticks = clock.ticks_ms()
        data = storage.load(path)
        self._ledger = Ledger(data)
        if data is None and storage.damaged(path):
            self._ledger.fill(0)

    @property
    def last(self):
        """The last procedure sequence number, None if it is not known."""
        return self._ledger.psn

    def look(self, table, offset, data, n=1):
        """(`osgp.writes.Judged`, "" or why ``n`` such writes may not be sent now)."""
        judged = judge(table, data, self.version, self.level)
        return judged, held(judged, self._ledger, self.up(), clock.unix(), n)

    def allow(self, table, offset, data):
        """True if the write may be sent now, which counts it; else why not (str)."""
        judged, why = self.look(table, offset, data)
        if why:
            return why
        if table == _BT07:
            self._ledger.psn = data[2]
        if judged.memory != "RAM":
            self._ledger.add(self.up(), clock.unix())
            try:
                storage.save(self._path, self._ledger.dump())
            except storage.StorageError as e:
                return "%s: the ledger of writes cannot be kept (%s)" % (judged.name, e)
        return True

    def up(self):
        """Seconds of this run. Ticks wrap: after days without a call it is less than true."""
        now = clock.ticks_ms()
        passed = clock.ticks_diff(now, self._ticks)
        self._ticks = now
        if passed > 0:
            self._ms += passed
            self._up += self._ms // 1000
            self._ms %= 1000
        return self._up
