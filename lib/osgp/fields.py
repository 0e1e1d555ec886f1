"""Reads and writes tables by their declarations: one text a table, read line by line in use.

A text is the smallest form on the device: the 41 fields of a table take 1 KB, as tuples 4 KB.
The notation is the guide's own. A line is `offset type name [if condition]`:

    0             u8           demand_resets  if BT21.0.2
    +             i32[BT21.3]  sums

offset     from the beginning of the table or record; `+`: right after what came before.
           Offset, size and condition are sums of products, as in 181+4*BT20.7.
BT21.3     the byte at offset 3 of BT21; BT21.0.2 a bit of it (1 or 0); ET11.5w two bytes
V3.70      1 if the meter's firmware is that or newer, else 0
u8..u32 i8..i32   integer      bitN   bit N: bool        bitsA-B   bits A to B: integer
chars[n]   ASCII               raw[n] hex digits         flags[n]  n bits: list of bool
ltime      yy mm dd hh mm ss, stime without ss: ISO text, None if it is no date
version    firmware version, two bytes, MSB first
rec[n]     n records of the lines up to `end`: list of dicts
name `-`   reserved: not in the dict, written as zeros
"""

from binascii import hexlify, unhexlify

from mep.errors import LocalError, TableError
from .codec import read_text, table_name
from .tables import DECLARED


def decode(table, buf, start, count, dims):
    """See `osgp.codec.decode`."""
    out = {}
    _Reader(table, dims, buf, start, count).block(0, 0, out)
    return out


def encode(table, values, dims):
    """See `osgp.codec.encode`."""
    writer = _Writer(table, dims)
    writer.block(0, 0, values)
    return bytes(writer.buf)


def size(table, dims):
    """See `osgp.codec.size`."""
    return _Walk(table, dims).block(0, 0, {})[1]


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


class _Walk:
    """Goes through a declaration and measures it; the sub-classes read and write on the way."""

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
                if kind == "rec":
                    at = self._skip(at)
                continue
            offset = end if where == "+" else base + self._sum(where, name)
            if kind == "rec":
                at, offset = self._all(at, offset, n, name, values)
            else:
                length = _length(kind, n)
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
        wide = parts[1].endswith("w")
        at = int(parts[1][:-1] if wide else parts[1])
        if not data or at + wide >= len(data):
            self.fail(name, "depends on %s, which is not known" % text)
        if wide:
            return data[at] | data[at + 1] << 8
        return data[at] >> int(parts[2]) & 1 if len(parts) > 2 else data[at]


class _Reader(_Walk):
    def __init__(self, table, dims, buf, start, count):
        _Walk.__init__(self, table, dims)
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
            value = _get(buf, at, kind, length)
        else:
            one = _length(kind, None)
            value = [_get(buf, at + i * one, kind, one) for i in range(n)]
        values[name] = value


class _Writer(_Walk):
    def __init__(self, table, dims):
        _Walk.__init__(self, table, dims)
        self.buf = bytearray()
        self._used = None

    def block(self, at, base, values):
        if not isinstance(values, dict):
            self.wrong("", "must be fields by name")
        outer = self._used
        self._used = set()
        result = _Walk.block(self, at, base, values)
        for name in values:
            if name not in self._used:
                self.wrong(name, "there is no such field in this meter's table")
        self._used = outer
        return result

    def records(self, name, n, values):
        return self._list(values, name, n)

    def field(self, values, name, kind, n, offset, length):
        buf = self.buf
        if len(buf) < offset + length:
            buf.extend(bytes(offset + length - len(buf)))
        if name == "-":
            return
        if kind == "chars" or kind == "raw":
            data = self._bytes(self._value(values, name), name, kind, length)
            buf[offset : offset + len(data)] = data
        elif kind == "flags":
            for i, flag in enumerate(self._list(values, name, n)):
                self._put(name, flag, "bit%d" % i, offset, length)
        elif n is None:
            self._put(name, self._value(values, name), kind, offset, length)
        else:
            one = _length(kind, None)
            for i, value in enumerate(self._list(values, name, n)):
                self._put(name, value, kind, offset + i * one, one)

    def wrong(self, name, why):
        raise LocalError("%s, %s: %s" % (self.table, self.path + name, why))

    def _value(self, values, name):
        if name not in values:
            self.wrong(name, "has no value")
        self._used.add(name)
        return values[name]

    def _list(self, values, name, n):
        found = self._value(values, name)
        if not isinstance(found, (list, tuple)) or len(found) != n:
            self.wrong(name, "must be a list of %d" % n)
        return found

    def _bytes(self, value, name, kind, length):
        data = None
        if isinstance(value, str):
            try:
                data = unhexlify(value) if kind == "raw" else _ascii(value)
            except ValueError:
                pass
        if data is None or len(data) > length or (kind == "raw" and len(data) < length):
            self.wrong(name, "write %s of %d bytes" % (_WRITE[kind], length))
        return data

    def _put(self, name, value, kind, at, length):
        low, bits = _bits(kind, length)
        if kind == "ltime" or kind == "stime" or kind == "version":
            try:
                data = _version(value) if kind == "version" else _time(value, length)
            except (ValueError, IndexError, AttributeError, TypeError):
                self.wrong(name, "write %s" % _WRITE[kind])
            self.buf[at : at + length] = data
            return
        least = -(1 << bits - 1) if kind[0] == "i" else 0
        if not isinstance(value, (int, bool)) or not least <= value < least + (1 << bits):
            self.wrong(name, "write %d..%d" % (least, least + (1 << bits) - 1))
        value = (int(value) & (1 << bits) - 1) << low
        for i in range(length):
            self.buf[at + i] |= value & 0xFF
            value >>= 8


_WRITE = {
    "chars": "ASCII text",
    "raw": "hex digits",
    "ltime": "a time like 2024-03-28T16:20:00",
    "stime": "a time like 2024-03-28T16:20",
    "version": "a version like 3.84.06",
}


def _ascii(text):
    for c in text:
        if not 32 <= ord(c) < 127:
            raise ValueError
    return text.encode()


def _bits(kind, length):
    # (lowest bit, number of bits) of an integer kind.
    if kind.startswith("bits"):
        low, high = kind[4:].split("-")
        return int(low), int(high) - int(low) + 1
    if kind.startswith("bit"):
        return int(kind[3:]), 1
    return 0, 8 * length


def _length(kind, n):
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


def _get(buf, at, kind, length):
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
    low, bits = _bits(kind, length)
    value = value >> low & (1 << bits) - 1
    if kind[0] == "i" and value >> bits - 1:
        value -= 1 << bits
    return bool(value) if kind.startswith("bit") and kind[3] != "s" else value


def _time(text, length):
    # None, an unset time, is all zeros.
    if text is None:
        return bytes(length)
    date, clock = text.split("T")
    parts = [int(p) for p in date.split("-") + clock.split(":")]
    data = bytes([parts[0] - 2000] + parts[1:])
    if len(data) != length or _get(data, 0, "ltime" if length > 5 else "stime", length) != text:
        raise ValueError
    return data


def _version(text):
    major, minor, build = [int(p) for p in text.split(".")]
    if not (0 <= major < 16 and 0 <= minor < 128 and 0 <= build < 32):
        raise ValueError
    return bytes([major << 4 | minor >> 3, (minor & 7) << 5 | build])
