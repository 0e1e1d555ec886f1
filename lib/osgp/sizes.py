"""Measures tables by their declarations: `osgp.fields` without bytes; and what is open-ended."""

from mep.errors import TableError
from .fields import Reader, length_of


def size(table, dims):
    """See `osgp.codec.size`."""
    return Measure(table, dims).block(0, 0, {})[1]


class Measure(Reader):
    """Goes through a declaration by itself; the first of all records stands for the others."""

    def field(self, values, name, kind, n, offset, length):
        """There are no bytes."""

    def records(self, at, offset, n, name, values):
        """Text position and offset after ``n`` records."""
        if not n:
            return self.skip(at), offset
        at, end = self.block(at, offset, {})
        return at, offset + n * (end - offset)

    def rest(self, most, values, name, kind, at, offset):
        """All that there may be."""
        return most or 0

    def until(self, limit, values, name, kind, at, offset):
        """Only the bytes tell."""
        return 0


def fitting(reader, most, name, kind, at, offset):
    """How many of the open-ended field ``name`` the bytes of a `Reader` hold from ``offset``."""
    n = (reader.count - offset) // (length_of(kind, 1) if kind != "rec" else 1)
    if most is None or most > n:
        most = max(n, 0)
    if kind != "rec":
        return most
    # Records may have sizes of their own: they are tried one after the other.
    trial = _trial(reader, name, reader.count)
    for n in range(most):
        try:
            offset = trial.block(at, offset, {})[1]
        except TableError as e:
            if "missing" in e.why:
                return n
            raise
    return most


def between(reader, limit, name, at, offset):
    """How many records lie from ``offset`` up to ``limit``; TableError if the last is cut."""
    trial = _trial(reader, name, min(limit, reader.count))
    n = 0
    while offset < limit:
        offset = trial.block(at, offset, {})[1]
        n += 1
    return n


def _trial(reader, name, count):
    # Reads the same bytes up to ``count`` and keeps nothing.
    trial = Reader(reader.number, reader.dims, reader.buf, reader.start, count)
    trial.top = reader.top
    trial.path = reader.path + name + "[]."
    return trial
