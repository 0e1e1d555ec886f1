"""What a data set of the load profile holds: its sizes, and the names and units of its channels.

`read(dims, number)` are steps (`osgp.machine`) that give a `DataSet`. Sources: BT60 to BT62 (MEP
guide p. 231-236), ET21 p. 95, ET66 p. 173, ET57 p. 163; the ids of M-Bus channels p. 32.
"""

from mep.errors import TableError
from shim import const

_BT60 = const(60)
_BT61 = const(61)
_BT62 = const(62)
_ET11 = const(2059)
_ET21 = const(2069)
_ET57 = const(2105)
_ET66 = const(2114)

_ROW = const(6)  # bytes of a set in BT60 and BT61, after 7
_A_DAY = const(84)  # minutes that stand for a day
_MAPPED = const(112)  # first of the ids whose meaning is in ET66
_MAPPED_END = const(164)
_U32 = const(4)
_I32 = const(32)
_NI_FMAT1 = const(64)
_TO_START = const(91)  # bytes of ET21 up to the start of the block
_PLAIN = b"\1\2\3\4\5\6\7\x09\x0a\x0b\x0c\x0e"  # kinds of M-Bus data of which 4 bytes say enough


class DataSet:
    """Sizes in bytes: ``block``, ``header``, ``interval``; where things are in block and interval.

    ``grid``: unix time at which some block began, None if not known; ``ident`` changes when the
    profile is configured anew, ``ident_at``: where that is in ET21.
    """


class Channel:
    """A value: ``times`` / ``per`` of what is sent is in ``unit``; ``times`` 0: not known.

    ``header``: of M-Bus (bytes), which says how the number is written; None for others.
    """

    def __init__(self, source, name, unit, times=1, per=1, header=None):
        self.source = source
        self.name = name
        self.unit = unit
        self.times = times
        self.per = per
        self.header = header
        self.signed = True

    def value(self, buf, at):
        """What the four bytes at buf[at:] say: int; of M-Bus also float, text or None."""
        if self.header:
            from .mbus import records

            data = self.header + bytes(buf[at : at + 4]) + b"\0\0\0\0"
            return next(records(data, 0, len(data)))["value"]
        high = buf[at + 3]
        if self.signed and high & 0x80:
            high -= 0x100
        return high << 24 | buf[at + 2] << 16 | buf[at + 1] << 8 | buf[at]


def read(dims, number):
    """Steps: the `DataSet` ``number`` (1 to 4) with its ``channels``, None if refused.

    Raises TableError if there is none of that number.
    """
    row = 7 + _ROW * (number - 1)
    data = yield _BT61, 0, row + _ROW
    if data is None and number > 1:
        # Before 3.50 there is only one: what lies behind it is refused.
        data = yield _BT61, 0, 7 + _ROW
    if data is None:
        return None
    if len(data) < 13:
        _need(data, 13, "BT61", "sets")
    if len(data) < row + _ROW or 0 in (_u16(data, row), _u16(data, row + 2), data[row + 4]):
        raise TableError("BT61", "sets", "data set %d is not in use in this meter" % number)
    s = DataSet()
    s.number = number
    s.table = 63 + number
    s.blocks = _u16(data, row)
    s.intervals = _u16(data, row + 2)
    s.count = data[row + 4]
    minutes = data[row + 5]
    _sizes(s, data[4] | data[5] << 8)
    ansi = yield from _internal(s, dims)
    s.seconds = 86400 if minutes == _A_DAY and not ansi else 60 * minutes
    if not s.seconds:
        raise TableError("BT61", "interval_time", "0 is none")
    if s.header + s.interval > 465:  # the guide has 1440 intervals a block at most
        raise TableError("BT61", "intervals", "%d in a block are too many" % s.intervals)
    flags = yield _BT60, 0, 12
    known = flags is not None and len(flags) == 12
    scaled = (flags[4] | flags[5] << 8) if known else data[4] | data[5] << 8
    ids, factors, signed = yield from _control(s, data, scaled >> 6)
    if ids is not None:
        yield from _name(s, dims, ids, factors, (known and flags[11]) or 16)
        for channel in s.channels:
            channel.signed = signed
    return s if ids is not None else None


def _sizes(s, flags):
    # As BT61 alone has them.
    n = s.count
    s.bits_at = 5 + (4 * n if flags & 0x10 else 0)
    s.header = s.bits_at + (s.intervals + 7 >> 3 if flags & 0x800 else 0)
    s.values_at = (n >> 1) + 1 if flags & 0x400 else 0
    s.interval = s.values_at + 4 * n
    s.block = s.header + s.intervals * s.interval
    s.simple = s.header > s.bits_at
    s.grid = s.ident = None


def _internal(s, dims):
    # ET21 says the same of the meter's memory; True for ANSI. The guide: read before each reading.
    v = dims.version
    module = v < (2, 0)
    size = 131 if v >= (3, 50) or (module and v >= (1, 20)) else 107
    if v < (3, 30) and not module:
        size = 94 if v >= (3, 10) else 83
    at = size * (s.number - 1)
    data = yield _ET21, at, min(size, 94)
    if data is None or len(data) < 83:
        return False
    s.ident_at = at + 78
    s.ident = bytes(data[78:82])
    block, header = _u32(data, 8), _u16(data, 12)
    interval, values_at = data[25], data[26]
    if header + s.intervals * interval > block or values_at + 4 * s.count > interval:
        why = "%d bytes, with a header of %d and %d intervals of %d" % (
            block,
            header,
            s.intervals,
            interval,
        )
        raise TableError("ET21", "block_size", why)
    s.block, s.header, s.interval, s.values_at = block, header, interval, values_at
    if s.simple:
        s.bits_at = data[22]
        if s.bits_at + (s.intervals + 7 >> 3) > header:
            raise TableError("ET21", "simple_status_offset", "%d is too much" % s.bits_at)
    if len(data) >= _TO_START:
        s.grid = unix(data, 83)
    return len(data) > 93 and data[93] & 8 > 0


def _control(s, bt61, scaled):
    # (ids of 8 bits, [(times, per)], whether the values have a sign) from BT62.
    at = 0
    for k in range(s.number - 1):
        n = bt61[11 + _ROW * k]
        at += 3 * n + 1 + (4 * n if scaled >> k & 1 else 0)
    n = s.count
    scaled = scaled >> s.number - 1 & 1
    size = 3 * n + 1 + (4 * n if scaled else 0)
    data = yield _BT62, at, size
    if data is None:
        return None, None, None
    _need(data, size, "BT62", "set_%d" % s.number)
    form = data[3 * n]
    if form not in (_I32, _NI_FMAT1, _U32):
        raise TableError("BT62", "format", "%d is not one of 4 bytes" % form)
    factors = [(1, 1)] * n
    if scaled:
        # The meter multiplied by the scalar and divided by the divisor.
        at = 3 * n + 1
        pairs = [(_u16(data, at + 2 * (n + i)), _u16(data, at + 2 * i)) for i in range(n)]
        factors = [(per or 1, times or 1) for per, times in pairs]
    return [data[3 * i + 1] for i in range(n)], factors, form != _U32


def _name(s, dims, ids, factors, places):
    # The channels; extended ids come from ET66, what M-Bus they are from ET57.
    mapped = b""
    if any(_MAPPED <= i < _MAPPED_END for i in ids):
        mapped = (yield _ET66, 2 * places * (s.number - 1), 2 * places) or b""
    sources = []
    for i in ids:
        at = 2 * (i - _MAPPED)
        known = _MAPPED <= i < _MAPPED_END and at + 1 < len(mapped)
        sources.append(_u16(mapped, at) if known else i)
    types = None
    if any(i >> 12 == 4 for i in sources):
        types = yield from _types(dims)
    from .sources import describe

    s.channels = []
    seen = []
    names = []
    for source, (times, per) in zip(sources, factors):
        if source < 256:
            found = next(describe(23, bytes([source]), 1, dims.energy_unit or 0, seen))
            channel = Channel(source, found[0], found[1], times * found[6], per)
        else:
            channel = _extended(source, types, times, per)
            names.append(channel.name)
            if names.count(channel.name) > 1:
                channel.name += "_%d" % names.count(channel.name)
        s.channels.append(channel)


def _extended(source, types, times, per):
    if source >> 12 != 4:
        return Channel(source, "source_%04x" % source, "", times, per)
    name = "mbus_%d_" % ((source >> 8 & 15) + 1)
    headers = types.get(source & 31) or ()
    meanings = [_meaning(header) for header in headers]
    # Several headers may be one type: the meter does not say which of them it found.
    if not meanings or None in meanings or meanings.count(meanings[0]) != len(meanings):
        return Channel(source, name + "type_%d" % (source & 31), "", times, per)
    what, unit, exponent, _ = meanings[0]
    if exponent > 0:
        times *= 10**exponent
    elif exponent:
        per *= 10**-exponent
    return Channel(source, name + what, unit, times, per, headers[0])


def _meaning(header):
    # (quantity, unit, exponent, how the number is written) of an M-Bus header, None if unclear.
    from .mbus import records

    if header[0] & 15 not in _PLAIN:
        return None
    # Whatever follows a header that is complete are zeros: fillers.
    data = header + bytes(8)
    try:
        found = next(records(data, 0, len(data)))
    except TableError:
        return None
    name = "_".join([found["name"]] + found["notes"])
    return name, found["unit"], found["exponent"], header[0] & 15


def _types(dims):
    # Steps: dict of data type to its M-Bus headers, without the zeros at their ends.
    sizes = dims.tables.get(_ET11)
    if sizes is None:
        sizes = yield _ET11, 0, 27
    if not sizes or len(sizes) < 26 or not sizes[25]:
        return {}
    data = (yield _ET57, 0, 4 * sizes[25]) or b""
    entries = []
    for at in range(0, len(data) - 3, 4):
        kind = data[at] & 3
        drh = bytes(data[at + 1 : at + 4])
        if kind == 3 and entries:
            entries[-1] = (entries[-1][0], entries[-1][1] + drh)
        elif kind == 1:
            entries.append((data[at] >> 2 & 31, drh))
        elif kind == 2:
            entries.append((None, drh))
    found = {}
    for number, drh in entries:
        found.setdefault(number, []).append(drh[: _header_size(drh)])
    return found


def _header_size(drh):
    # A header says itself where it ends: bit 7 of a DIF or VIF means that one more follows.
    at = 0
    for _ in range(2):
        while at < len(drh) - 1 and drh[at] & 0x80:
            at += 1
        at += 1
    return at


def unix(buf, at):
    """Unix time of yy mm dd hh mm at buf[at:] (UTC), None if it is no time."""
    y, m, d, hour, minute = buf[at], buf[at + 1], buf[at + 2], buf[at + 3], buf[at + 4]
    if y > 99 or not 1 <= m <= 12 or not 1 <= d <= 31 or hour > 23 or minute > 59:
        return None
    # Years that begin in March have the leap day at their end; 10957 days from 1970 to 2000.
    if m < 3:
        y -= 1
    days = 365 * y + y // 4 + (153 * ((m + 9) % 12) + 2) // 5 + d + 59 + 10957
    return ((days * 24 + hour) * 60 + minute) * 60


def _need(data, size, table, field):
    if len(data) < size:
        raise TableError(table, field, "%d bytes missing" % (size - len(data)))


def _u16(data, at):
    return data[at + 1] << 8 | data[at]


def _u32(data, at):
    return _u16(data, at + 2) << 16 | _u16(data, at)
