"""Reads tables by their declarations: one text a table, read line by line in use.

A text is the smallest form on the device: 60 fields take 1.7 KB, as tuples 7 KB.
The notation is the guide's own. A line is `offset type name`, then what applies of `unit U`,
`per N`, `is LIST`, `if condition` (no condition on records: their number says it):

    0             u8           demand_resets  if BT21.0.2
    +             i32[BT21.3]  sums           unit Wh
    +             u16          factor         unit % per 10
    +             bits0-2      mode           is MODE

offset     from the beginning of the table or record; `+`: right after what came before;
           `=`: where the field before begins (another bit of the same byte).
           Offset, size and condition are sums of products, as in 181+4*BT20.7.
BT21.3     the byte at offset 3 of BT21; BT21.0.2: bit 2 of the byte at 0 (1 or 0);
           ET11.5w: two bytes, ET11.5d: four. The table's own earlier bytes may be meant.
V3.70      1 if the meter's firmware is that or newer, else 0
!BT21.0.2  1 if it is 0, else 0; !V4.0: before 4.0
*          as a size: as many as the bytes at hand hold (the last field only)
u8..u64 i8..i64   integer      bitN   bit N: bool        bitsA-B   bits A to B: integer
chars[n]   ASCII               raw[n] hex digits         flags[n]  n bits: list of bool
u4[n]      n numbers of 4 bits, low half first           bcdN      N digits, LSB first: text
ltime      yy mm dd hh mm ss, stime without ss, time hh mm ss, date 16 bits (ANSI_DATE):
           ISO text, None if it is none
version    firmware version, two bytes, MSB first
rec[n]     n records of the lines up to `end`: list of dicts
name `-`   reserved: not in the dict, written as zeros

Unit, divisor and the words of a LIST are for display, `osgp.about` knows them: values stay
integers as the meter sends them.
"""

from binascii import hexlify

from mep.errors import TableError
from shim import const
from .codec import read_text, table_name

_REST = const(-1)  # the number of a field whose size is `*`
_LENGTHS = {"ltime": 6, "stime": 5, "time": 3, "date": 2, "version": 2}


def decode(table, buf, start, count, dims):
    """See `osgp.codec.decode`."""
    out = {}
    _Reader(table, dims, buf, start, count).block(0, 0, out)
    return out


def size(table, dims):
    """See `osgp.codec.size`."""
    return Walk(table, dims).block(0, 0, {})[1]


def _number(name):
    return int(name[2:]) + (2048 if name[0] == "E" else 0)


def _declaration(table):
    name = "osgp.tables." + table_name(table).lower()
    try:
        return __import__(name, None, None, ("FIELDS",)).FIELDS
    except ImportError:
        from .names import undeclared

        undeclared(table)


class Walk:
    """Goes through a declaration and measures it; `_Reader` and `osgp.writer` use it."""

    def __init__(self, table, dims):
        self.number = table
        self.table = table_name(table)
        self.text = _declaration(table)
        self.dims = dims
        self.path = ""

    def block(self, at, base, values):
        """Take the lines from text[at:] to the block's end; (text position, end offset)."""
        text = self.text
        end = last = base
        while at < len(text):
            stop = text.find("\n", at)
            words = text[at:stop].split()
            at = stop + 1
            if not words:
                continue
            if words[0] == "end":
                break
            where, kind, name = words[:3]
            kind, n = self._kind(kind, name)
            if len(words) > 3 and words[-2] == "if" and not self._sum(words[-1], name):
                continue
            if where == "+":
                offset = end
            else:
                offset = last if where == "=" else base + self._sum(where, name)
            last = offset
            if n == _REST:
                n = self.rest(values, name, kind, at, offset)
            if kind == "rec":
                at, offset = self._all(at, offset, n, name, values)
            else:
                length = length_of(kind, n)
                self.field(values, name, kind, n, offset, length)
                offset += length
            end = max(end, offset)
        return at, end

    def field(self, values, name, kind, n, offset, length):
        """One field of ``length`` bytes at ``offset``; ``n`` is None if it is no array."""

    def records(self, name, n, values):
        """Iterate over the dicts of ``n`` records."""
        return range(n)

    def rest(self, values, name, kind, at, offset):
        """How many of a field whose size is `*`; ``at``: the text position of its records."""
        return 0

    def own(self):
        """Bytes of this table from its beginning, as far as they are known."""
        return self.dims and self.dims.tables.get(self.number)

    def fail(self, name, why):
        """Raise the TableError for the field ``name`` of the present record."""
        raise TableError(self.table, self.path + name, why)

    def _all(self, at, offset, n, name, values):
        path = self.path
        after = None
        for i, record in enumerate(self.records(name, n, values)):
            self.path = "%s%s[%d]." % (path, name, i)
            after, offset = self.block(at, offset, record)
        self.path = path
        return self._skip(at) if after is None else after, offset

    def _skip(self, at):
        # Text position after the `end` of the records that begin at ``at``.
        depth = 1
        while depth:
            stop = self.text.find("\n", at)
            words = self.text[at:stop].split()
            if words and words[0] == "end":
                depth -= 1
            elif len(words) > 1 and words[1].startswith("rec["):
                depth += 1
            at = stop + 1
        return at

    def _kind(self, kind, name):
        bracket = kind.find("[")
        if bracket < 0:
            return kind, None
        if kind[bracket + 1] == "*":
            return kind[:bracket], _REST
        return kind[:bracket], self._sum(kind[bracket + 1 : -1], name)

    def _sum(self, expression, name):
        total = 0
        for part in expression.split("+"):
            product = 1
            for factor in part.split("*"):
                product *= int(factor) if factor.isdigit() else self._reference(factor, name)
            total += product
        return total

    def _reference(self, text, name):
        if text[0] == "!":
            return int(not self._reference(text[1:], name))
        parts = text.split(".")
        if text[0] == "V":
            version = self.dims and self.dims.version
            if not version:
                self.fail(name, "depends on the firmware version in BT01, which is not known")
            return int(version >= (int(parts[0][1:]), int(parts[1])))
        table = _number(parts[0])
        data = self.own() if table == self.number else self.dims and self.dims.tables.get(table)
        width = {"w": 2, "d": 4}.get(parts[1][-1], 1)
        at = int(parts[1] if width == 1 else parts[1][:-1])
        if not data or at + width > len(data):
            self.fail(name, "depends on %s, which is not known" % text)
        value = 0
        for i in range(width):
            value |= data[at + i] << 8 * i
        return value >> int(parts[2]) & 1 if len(parts) > 2 else value


class _Reader(Walk):
    def __init__(self, table, dims, buf, start, count):
        Walk.__init__(self, table, dims)
        self._buf = buf
        self._start = start
        self._count = min(count, len(buf) - start)

    def rest(self, values, name, kind, at, offset):
        one = 0
        if kind != "rec":
            one = length_of(kind, 1)
        elif self._count > offset:
            one = Walk(self.number, self.dims).block(at, 0, {})[1]
        return max(0, self._count - offset) // one if one else 0

    def own(self):
        return memoryview(self._buf)[self._start : self._start + self._count]

    def records(self, name, n, values):
        # One by one: a number may be any, and the bytes end long before.
        values[name] = found = []
        for _ in range(n):
            found.append({})
            yield found[-1]

    def field(self, values, name, kind, n, offset, length):
        missing = offset + length - self._count
        if missing > 0:
            self.fail(name, "%d bytes missing" % missing)
        if name == "-":
            return
        buf = self._buf
        at = self._start + offset
        if kind == "chars":
            value = read_text(buf, at, length)
        elif kind == "raw":
            value = hexlify(bytes(buf[at : at + length])).decode()
        elif kind == "flags":
            value = [bool(buf[at + i // 8] >> i % 8 & 1) for i in range(n)]
        elif n is None:
            value = get_value(buf, at, kind, length)
        elif kind == "u4":
            value = [buf[at + i // 2] >> 4 * (i % 2) & 15 for i in range(n)]
        else:
            one = length_of(kind, None)
            value = [get_value(buf, at + i * one, kind, one) for i in range(n)]
        values[name] = value


def bits_of(kind, length):
    # (lowest bit, number of bits) of an integer kind.
    if kind.startswith("bits"):
        low, high = kind[4:].split("-")
        return int(low), int(high) - int(low) + 1
    if kind.startswith("bit"):
        return int(kind[3:]), 1
    return 0, 8 * length


def length_of(kind, n):
    # Bytes of a field; ``n`` is None if it is no array.
    if kind == "flags":
        return (n + 7) // 8
    if kind == "u4":
        return (n + 1) // 2
    if kind == "chars" or kind == "raw":
        return n
    if kind.startswith("bit"):
        one = int(kind[3:] if kind[3] != "s" else kind[kind.find("-") + 1 :]) // 8 + 1
    elif kind.startswith("bcd"):
        one = int(kind[3:]) // 2
    else:
        one = _LENGTHS.get(kind) or int(kind[1:]) // 8
    return one if n is None else n * one


def is_text(kind):
    return kind in _LENGTHS or kind.startswith("bcd")


def get_value(buf, at, kind, length):
    if is_text(kind):
        from .kinds import text_of

        return text_of(buf, at, kind, length)
    value = 0
    for i in range(length):
        value |= buf[at + i] << 8 * i
    low, bits = bits_of(kind, length)
    value = value >> low & (1 << bits) - 1
    if kind[0] == "i" and value >> bits - 1:
        value -= 1 << bits
    return bool(value) if kind.startswith("bit") and kind[3] != "s" else value
