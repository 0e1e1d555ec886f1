"""Why the meter sends its alert sequence: the flags of its MEP client in ET13 (MEP guide p. 82).

A machine: `next_read` says what to read, `learn` takes the verified reply. It only reads.
"""

from mep.errors import TableError
from shim import const

_ET11 = const(2059)
_ET13 = const(2061)
_FLAGS = const(8)  # in the client's entry

MBUS = const(0x08)
DELTA = const(0x10)

_NAMES = ("scheduled_read", "on_demand_request", "bit_2", "mbus_change", "delta_data")


def causes(flags):
    """Names of the bits set in ``flags`` (list of str)."""
    return [_NAMES[i] if i < 5 else "bit_%d" % i for i in range(8) if flags >> i & 1]


class Alerts:
    """Reads the flags. ``entry`` of ET13: 4 for MEP client 1, 5 for client 2.

    ``at``: where they are in ET13, if an earlier one found out. ``flags`` is None until they are
    known, and stays None if the meter does not tell.
    """

    def __init__(self, at=None, entry=4):
        self.at = at
        self.flags = None
        self._entry = entry
        self._done = False

    def next_read(self):
        """(table, offset, count) to read next, or None when all is known."""
        if self._done:
            return None
        return (_ET11, 0, 2) if self.at is None else (_ET13, self.at, 1)

    def learn(self, table, buf, start, count):
        """Take ``count`` bytes of ``table`` at buf[start:]. Raises TableError."""
        if table == _ET13:
            if count < 1:
                raise TableError("ET13", "alert_flags", "1 byte missing")
            self.flags = buf[start]
            self._done = True
            return
        if count < 2:
            raise TableError("ET11", "config_entry_size", "%d bytes missing" % (2 - count))
        size = buf[start + 1]
        if buf[start] <= self._entry or size <= _FLAGS:
            self._done = True  # no entry for a MEP client
        else:
            self.at = self._entry * size + _FLAGS

    def absent(self, table):
        """The meter does not have ``table``."""
        self._done = True

    def refused(self, table, code):
        """The meter answered ``code`` when it was asked for ``table``."""
        self._done = True
