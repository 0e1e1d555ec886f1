"""What a meter tells of itself beyond the live values: ratios, clock, sizes of the M-Bus tables.

`osgp.dims.Dims` uses it when it asks for everything.
"""

from mep.errors import TableError
from shim import const
from .codec import read_i32s, table_name

_BT15 = const(15)
_BT52 = const(52)
_ET11 = const(2059)
ORDER = (15, 52, 2059)


def wanted(dims, table):
    """Bytes to read of ``table`` from its beginning."""
    if table == _BT15:
        return 17
    if table == _BT52:
        return 7
    # ET11: fields came with firmware 3.40, 3.50, 4.0 and 4.30 (p. 79-80).
    count = 27
    for since, end in (((3, 40), 28), ((3, 50), 32), ((4, 0), 38), ((4, 30), 39)):
        if dims.version is not None and dims.version >= since:
            count = end
    return count


def learn(dims, table, data, wanted):
    """Put into ``dims`` what ``data`` of ``table`` says; TableError if it is less than wanted."""
    if table == _ET11:
        # Older firmware may have a shorter one; a reference beyond its end is found when used.
        dims.tables[_ET11] = data
        return
    if len(data) < wanted:
        last = "VT ratio" if table == _BT15 else "flags"
        raise TableError(table_name(table), last, "%d bytes missing" % (wanted - len(data)))
    if table == _BT15:
        dims.ratios_applied = bool(data[8] & 1)
        ratios = []
        read_i32s(data, 9, 8, lambda i, value: ratios.append(value))
        dims.ct_ratio, dims.vt_ratio = ratios
        return
    year, month, day, hour, minute, second = data[:6]
    if year < 100 and 1 <= month <= 12 and 1 <= day <= 31:
        if hour < 24 and minute < 60 and second < 60:
            dims.clock = (2000 + year, month, day, hour, minute, second)
