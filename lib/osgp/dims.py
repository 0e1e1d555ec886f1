"""What a meter must tell before its values can be read: identity, sizes, order, units.

`Dims.next_read` says what to read, `learn` takes the reply, `absent` a refusal, until `next_read`
returns None. All but BT01 and BT21 may be refused: then the guide's defaults hold. Sources: MEP
guide, BT01 p. 199, BT15 p. 200, BT21 p. 201, BT22 p. 203, BT27 p. 214, ET11 p. 77, ET55 p. 158.
"""

from mep.errors import LocalError, TableError
from shim import const
from .codec import read_text, table_name

_BT01 = const(1)
_BT20 = const(20)
_BT21 = const(21)
_BT22 = const(22)
_BT23 = const(23)
_BT27 = const(27)
_BT28 = const(28)
_ET03 = const(2051)
_ET55 = const(2103)

# Later reads need what the earlier ones say. `osgp.survey` knows more.
_ORDER = (_BT01, _ET03, _BT20, _BT21, _BT22, _BT27, _ET55)
_SIZES = b"\x10\x1e\x0a\x0a\0\0\0"  # bytes to read; 0: depends on others
# The last field that is read of each: the one that a short reply lacks in any case.
_LAST = (
    "firmware version;serial;present values;present values;summation select;"
    "present value sources;energy register unit"
)

# So many values of 4 bytes fit into one reply of 465. The guide knows 84 present values and 19
# sums; whatever a meter has beyond the limit is not read.
_MOST_VALUES = const(116)
_MOST_PRESENT = const(244)
_MOST_SUMS = const(64)
_MOST_DEMANDS = const(8)


class Dims:
    """One meter's answers. Attributes are None (ratios: 1) until they are learned.

    ``firmware`` is text, ``version`` the same as (major, minor, build); ``tables`` keeps the raw
    bytes of BT20, BT21 and ET11, to which the tables' declarations refer. With ``live`` only what
    BT23 and BT28 need is asked for.
    """

    def __init__(self, live=False):
        self._order = _ORDER
        if not live:
            from .survey import ORDER

            self._order += ORDER
        self.manufacturer = self.model = self.firmware = self.serial = None
        self.version = self.generation = None
        self.energy_unit = None  # Wh
        self.ct_ratio = self.vt_ratio = 1
        self.ratios_applied = False
        self.clock = None  # (year, month, day, hour, minute, second) UTC, when it was read
        self.sum_ids = self.value_ids = None
        self.tables = {}
        self.bt23_offset = self.bt23_count = 0
        self.bt28_offset = self.bt28_count = 0
        self._done = set()

    def next_read(self):
        """(table, offset, count) to read next, or None when all is known."""
        for table in self._order:
            if table not in self._done:
                offset, count = self._wanted(table)
                if count:
                    return table, offset, count
                self._done.add(table)
        return None

    def learn(self, table, buf, start, count):
        """Take the reply to `next_read`: ``count`` bytes at buf[start:].

        Raises TableError if they are too few or make no sense.
        """
        if table not in self._order:
            raise LocalError("%s says nothing about dimensions" % table_name(table))
        wanted = self._wanted(table)[1]
        data = bytes(buf[start : start + min(count, wanted)])
        if table not in _ORDER:
            from .survey import learn

            learn(self, table, data, wanted)
        else:
            if len(data) < wanted:
                _fail(table, _last(table), "%d bytes missing" % (wanted - len(data)))
            self._take(table, data)
        self._done.add(table)

    def absent(self, table):
        """The meter refuses ``table``. Raises TableError if nothing can be read without it."""
        if table == _BT01 or table == _BT21:
            _fail(table, "whole table", "the meter refuses it, nothing can be read without it")
        self._done.add(table)

    def selection(self):
        """What `osgp.sources.layout` wants to know: for BT28 and BT23 (table, ids, count, unit).

        ``ids`` are the meter's source ids (bytes), None if it does not tell them; ``unit`` is 0 if
        the meter has several and does not tell which.
        """
        return (
            (_BT28, self.value_ids, self.bt28_count // 4, 1),
            (_BT23, self.sum_ids, self.bt23_count // 4, self.energy_unit or 0),
        )

    def layout(self):
        """Iterate over all values: see `osgp.sources.layout`."""
        from .sources import layout

        return layout(self.selection())

    def _wanted(self, table):
        # (offset, count) to read of ``table``; count 0 if this meter does not have it.
        if table == _BT22 or table == _BT27:
            bt21 = self.tables.get(_BT21)
            if bt21 is None:
                _fail(table, _last(table), "its size is in BT21, which comes first")
            return 0, bt21[3] if table == _BT22 else bt21[8] + bt21[9]
        if table == _ET55:
            return self._unit_at()
        if table not in _ORDER:
            from .survey import wanted

            return 0, wanted(self, table)
        return 0, _SIZES[_ORDER.index(table)]

    def _unit_at(self):
        bt20 = self.tables.get(_BT20)
        v = self.version
        if v is None or bt20 is None or not _has_unit(v):
            return 0, 0
        return 146 + (1 if v >= (4, 0) else 0) + 4 * (bt20[7] - 1) + 39, 1

    def _identity(self, data):
        version = data[14] << 8 | data[15]
        major = version >> 12
        minor = version >> 5 & 127
        if version == 0 or major > 9 or minor > 99:
            _fail(_BT01, "firmware version", "%04X is none" % version)
        self.manufacturer = read_text(data, 0, 4)
        self.model = read_text(data, 4, 8)
        self.version = (major, minor, version & 31)
        self.firmware = "%d.%02d.%02d" % self.version
        if not _has_unit(self.version):
            self.energy_unit = 1
        self.generation = 4 if major >= 4 else 2 if major == 2 else 3

    def _take(self, table, data):
        if table == _BT01:
            self._identity(data)
        elif table == _ET03:
            self.serial = read_text(data, 0, 30)
        elif table == _BT20:
            self.tables[_BT20] = data
        elif table == _BT21:
            self._sizes(data)
        elif table == _BT22:
            self.sum_ids = data
        elif table == _BT27:
            demands = self.tables[_BT21][8]
            self.value_ids = data[demands : demands + self.bt28_count // 4]
        else:
            # A meter without a choice of units may have 0 here.
            if data[0] not in (0, 1, 10, 100):
                _fail(_ET55, "energy register unit", "%d is not 1, 10 or 100" % data[0])
            self.energy_unit = data[0] or 1

    def _sizes(self, data):
        # Numbers of what BT23 and BT28 hold (BT21).
        for at, most, least, field in _LIMITS:
            if not least <= data[at] <= most:
                _fail(_BT21, field, "%d is not in %d..%d" % (data[at], least, most))
        self.tables[_BT21] = data
        self.bt23_offset = data[0] >> 2 & 1  # the demand reset counter comes first
        self.bt23_count = 4 * data[3]
        # Each present demand: its value and, if the meter tells it, the time remaining.
        self.bt28_offset = data[8] * (7 if data[0] & 0x40 else 4)
        self.bt28_count = 4 * min(data[9], _MOST_VALUES)


def _has_unit(version):
    # The Energy Register Unit exists from firmware 3.70 on, in CPM modules from 1.20 on.
    return version >= (3, 70) or (1, 20) <= version < (2, 0)


_LIMITS = (
    (3, _MOST_SUMS, 1, "summations"),
    (8, _MOST_DEMANDS, 0, "present demands"),
    (9, _MOST_PRESENT, 1, "present values"),
)


def _last(table):
    return _LAST.split(";")[_ORDER.index(table)]


def _fail(table, field, why):
    raise TableError(table_name(table), field, why)
