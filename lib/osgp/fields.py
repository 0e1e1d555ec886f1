"""Reads tables by their declarations: one text a table, read line by line in use.

A text is the smallest form on the device: 60 fields take 1.7 KB, as tuples 7 KB.
The notation is the guide's own. A line is `offset type name [if condition]` (no condition on
records: their number says it):

    0             u8           demand_resets  if BT21.0.2
    +             i32[BT21.3]  sums

offset     from the beginning of the table or record; `+`: right after what came before.
           Offset, size and condition are sums of products, as in 181+4*BT20.7.
BT21.3     the byte at offset 3 of BT21; BT21.0.2: bit 2 of the byte at 0 (1 or 0)
V3.70      1 if the meter's firmware is that or newer, else 0
u8..u32 i8..i32   integer      bitN   bit N: bool        bitsA-B   bits A to B: integer
chars[n]   ASCII               raw[n] hex digits         flags[n]  n bits: list of bool
ltime      yy mm dd hh mm ss, stime without ss: ISO text, None if it is no date
version    firmware version, two bytes, MSB first
rec[n]     n records of the lines up to `end`: list of dicts
name `-`   reserved: not in the dict, written as zeros
"""

from binascii import hexlify

from mep.errors import LocalError, TableError
from .codec import read_text, table_name
from .tables import DECLARED


def decode(table, buf, start, count, dims):
    """See `osgp.codec.decode`."""
    out = {}
    _Reader(table, dims, buf, start, count).block(0, 0, out)
    return out


def size(table, dims):
    """See `osgp.codec.size`."""
    return Walk(table, dims).block(0, 0, {})[1]


def table_number(name):
    """See `osgp.codec.table_number`."""
    wanted = name.strip().upper()
    declared = DECLARED.split()
    if wanted in declared:
        return _number(wanted)
    near = sorted(declared, key=lambda d: (-_likeness(d, wanted), d))[:3]
    raise LocalError(
        "there is no table %r; did you mean %s or %s? Known: %s"
        % (name, ", ".join(near[:2]), near[2], DECLARED)
    )


def _number(name):
    return int(name[2:]) + (2048 if name[0] == "E" else 0)


def _likeness(a, b):
    # Characters at their place count more than those elsewhere: BT82 is like BT28 and BT22.
    here = sum([a[i] == b[i] for i in range(min(len(a), len(b)))])
    return 2 * here + sum([c in b for c in a]) - abs(len(a) - len(b))


def _declaration(table):
    name = table_name(table)
    if name not in DECLARED.split():
        raise LocalError("%s is not declared; known are %s" % (name, DECLARED))
    name = "osgp.tables." + name.lower()
    return getattr(__import__(name, None, None, ("FIELDS",)), "FIELDS")  # noqa: B009


class Walk:
    """Goes through a declaration and measures it; `_Reader` and `osgp.writer` use it."""

    def __init__(self, table, dims):
        self.table = table_name(table)
        self.text = _declaration(table)
        self.dims = dims
        self.path = ""

    def block(self, at, base, values):
        """Take the lines from text[at:] to the block's end; (text position, end offset)."""
        text = self.text
        end = base
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
            if len(words) > 3 and not self._sum(words[4], name):
                continue
            offset = end if where == "+" else base + self._sum(where, name)
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
        """The dicts of ``n`` records."""
        return ({},) * n

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
        parts = text.split(".")
        if text[0] == "V":
            version = self.dims and self.dims.version
            if not version:
                self.fail(name, "depends on the firmware version in BT01, which is not known")
            return int(version >= (int(parts[0][1:]), int(parts[1])))
        data = self.dims and self.dims.tables.get(_number(parts[0]))
        at = int(parts[1])
        if not data or at >= len(data):
            self.fail(name, "depends on %s, which is not known" % text)
        return data[at] >> int(parts[2]) & 1 if len(parts) > 2 else data[at]


class _Reader(Walk):
    def __init__(self, table, dims, buf, start, count):
        Walk.__init__(self, table, dims)
        self._buf = buf
        self._start = start
        self._count = min(count, len(buf) - start)

    def records(self, name, n, values):
        values[name] = found = [{} for _ in range(n)]
        return found

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
    if kind == "chars" or kind == "raw":
        return n
    if kind.startswith("bit"):
        one = int(kind[3:] if kind[3] != "s" else kind[kind.find("-") + 1 :]) // 8 + 1
    else:
        one = {"ltime": 6, "stime": 5, "version": 2}.get(kind) or int(kind[1:]) // 8
    return one if n is None else n * one


def get_value(buf, at, kind, length):
    if kind == "version":
        v = buf[at] << 8 | buf[at + 1]
        return "%d.%02d.%02d" % (v >> 12, v >> 5 & 127, v & 31)
    if kind == "ltime" or kind == "stime":
        t = bytes(buf[at : at + length])
        if t[0] > 99 or not 1 <= t[1] <= 12 or not 1 <= t[2] <= 31 or t[3] > 23 or max(t[4:]) > 59:
            return None
        return "20%02d-%02d-%02dT%02d:%02d" % tuple(t[:5]) + (":%02d" % t[5] if length > 5 else "")
    value = 0
    for i in range(length):
        value |= buf[at + i] << 8 * i
    low, bits = bits_of(kind, length)
    value = value >> low & (1 << bits) - 1
    if kind[0] == "i" and value >> bits - 1:
        value -= 1 << bits
    return bool(value) if kind.startswith("bit") and kind[3] != "s" else value
