"""Writes tables by their declarations: the inverse of `osgp.fields`, loaded when it is needed."""

from mep.errors import LocalError
from .fields import Reader, bits_of, is_text, length_of
from .textdata import data_of


def encode(table, values, dims):
    """See `osgp.codec.encode`."""
    writer = _Writer(table, dims)
    writer.block(0, 0, values)
    return bytes(writer.buf)


class _Writer(Reader):
    def __init__(self, table, dims):
        Reader.__init__(self, table, dims)
        self.buf = bytearray()
        self._used = None

    def block(self, at, base, values):
        if not isinstance(values, dict):
            self.wrong("", "must be fields by name")
        outer = self._used
        self._used = set()
        result = Reader.block(self, at, base, values)
        for name in values:
            if name not in self._used:
                self.wrong(name, "there is no such field in this meter's table")
        self._used = outer
        return result

    def records(self, at, offset, n, name, values):
        path = self.path
        after = None
        for i, record in enumerate(self._list(values, name, n)):
            self.path = "%s%s[%d]." % (path, name, i)
            after, offset = self.block(at, offset, record)
        self.path = path
        return after or self.skip(at), offset

    def rest(self, most, values, name, kind, at, offset):
        found = values.get(name)
        n = len(found) if isinstance(found, (list, tuple, str)) else 0
        return n // 2 if kind == "raw" else n

    def until(self, limit, values, name, kind, at, offset):
        return self.rest(None, values, name, kind, at, offset)

    def field(self, values, name, kind, n, offset, length):
        buf = self.buf
        if len(buf) < offset + length:
            buf.extend(bytes(offset + length - len(buf)))
        if name == "-":
            return
        if is_text(kind):
            value = self._value(values, name)
            try:
                buf[offset : offset + length] = data_of(value, kind, n, length)
            except LocalError as e:
                self.wrong(name, str(e))
        elif n is None:
            self._put(name, self._value(values, name), kind, offset, length)
        else:
            one = length_of(kind, None)
            for i, value in enumerate(self._list(values, name, n)):
                self._put(name, value, kind, offset + i * one, one)

    def wrong(self, name, why):
        """Raise the LocalError for the field ``name`` of the present record."""
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

    def _put(self, name, value, kind, at, length):
        low, bits = bits_of(kind, length)
        least = -(1 << bits - 1) if kind[0] == "i" else 0
        if not isinstance(value, (int, bool)) or not least <= value < least + (1 << bits):
            self.wrong(name, "write %d..%d" % (least, least + (1 << bits) - 1))
        value = (int(value) & (1 << bits) - 1) << low
        for i in range(length):
            self.buf[at + i] |= value & 0xFF
            value >>= 8
