"""Which MEP client we are on this meter, and where procedures answer (MEP guide p. 23, 51).

Interface: `Port(version)` is a machine (`next_read`, `learn`, `absent`, `refused`); when
`next_read` is None, ``client`` is 1 or 2 and ``answers`` the tables to read answers from, best
first. Asked on demand, never by the live poll.
"""

from mep.errors import LocalError
from shim import const
from .codec import table_name

_BT08 = const(8)
_ET11 = const(2059)
_ET50 = const(2098)
_ET54 = const(2102)
_ET59 = const(2107)
_ET70 = const(2118)
_ET85 = const(2133)

_CHANNEL = const(142)  # ET70: 1 or 2
_SEVERAL = const(1)  # ET54: bit 8 of its first two bytes is bit 0 of the second
_FLAGS = const(30)  # ET50, in the client's entry
_SOURCES = const(22)  # ET11: MEP data sources, of 6 bytes each in an entry of ET50
_ENTRY = const(35)  # ET50: an entry without them
_REGISTERED = const(0x01)
_BY_ET59 = const(0x02)


class Port:
    """``version``: firmware as in `osgp.dims.Dims.version`, None if it is not known.

    ``several``: two MEP clients may be connected. ``flags``: the client's byte ET50.30, None if
    the meter does not give it; ``flags_at``: where in ET50 it is. ``sure``: the meter told.
    """

    def __init__(self, version):
        self.client = 1
        self.several = False
        self.flags = None
        self.flags_at = _FLAGS
        self.sure = True
        self.answers = (_ET59, _BT08)
        # Before 4.0 there is one MEP client, and modules count from 1 again.
        old = version is not None and version < (4, 0)
        self._read = (_ET50, _FLAGS, 1) if old else (_ET70, _CHANNEL, 1)

    @property
    def registered(self):
        """True if the meter knows a MEP client here, None if it did not tell."""
        return None if self.flags is None else bool(self.flags & _REGISTERED)

    @property
    def entry(self):
        """Number of this client's entry in ET13, ET14 and ET34: the first four are M-Bus."""
        return 3 + self.client

    def next_read(self):
        """(table, offset, count) to read next, or None when all is known."""
        return self._read

    def learn(self, table, buf, start, count):
        """Take ``count`` bytes of ``table`` at buf[start:]; LocalError if it was not asked for."""
        self._expect(table)
        if count < 1:
            return self._unknown(table)
        value = buf[start]
        if table == _ET70:
            if value == 2:
                self.client = 2
                self.several = True
                self.answers = (_ET85,)
                self._read = (_ET11, _SOURCES, 1)
            elif value == 1:
                self._read = (_ET54, _SEVERAL, 1)
            else:
                self._unknown(table)
        elif table == _ET54:
            self.several = bool(value & 1)
            self._read = (_ET50, _FLAGS, 1)
        elif table == _ET11:
            self.flags_at = _ENTRY + 6 * value + _FLAGS
            self._read = (_ET50, self.flags_at, 1)
        else:
            self.flags = value
            if self.client == 1:
                self.answers = (_ET59, _BT08) if value & _BY_ET59 else (_BT08,)
            self._read = None

    def absent(self, table):
        """The meter does not have ``table``."""
        self._expect(table)
        self._unknown(table)

    def refused(self, table, code):
        """The meter answered ``code`` when it was asked for ``table``."""
        self.absent(table)

    def _expect(self, table):
        if self._read is None or table != self._read[0]:
            raise LocalError("%s was not asked for" % table_name(table))

    def _unknown(self, table):
        # The guide's older rules hold where the meter does not tell.
        self.sure = False
        at_end = table == _ET50 or table == _ET11
        self._read = None if at_end else (_ET50, _FLAGS, 1)
