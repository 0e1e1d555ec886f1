"""A machine (see `osgp.machine`) that reads one whole table, also one that only its end measures.

Smaller than `osgp.machine.Machine`, for a module that has little memory.
"""

from mep.errors import TableError
from shim import const
from .codec import table_name

_PIECE = const(465)
# Replies to a read in the full form: too long for one packet, or not there.
_NOT_POSSIBLE = const(4)
_NO_TABLE_OPERATION = const(5)


class Fetch:
    """Reads ``table`` into ``data``, at most ``most`` bytes, and what it refers to into dims.

    ``code``: why it was refused, None if it was not. TableError for a table that is larger, or
    whose size the meter does not tell.
    """

    def __init__(self, dims, table, most):
        self.code = None
        self.data = bytearray()
        self._most = most
        self._steps = self._read(dims, table)
        self._want = None
        for want in self._steps:  # the chip's `next` knows no default
            self._want = want
            break

    def next_read(self):
        """(table, offset, count) to read next, or None when all is read."""
        return self._want

    def learn(self, table, buf, start, count):
        """Take the reply to `next_read`: ``count`` bytes at buf[start:]."""
        count = min(count, self._want[2], len(buf) - start)
        self._next(bytes(buf[start : start + count]))

    def absent(self, table):
        """The meter does not have ``table``."""
        self.refused(table, _NO_TABLE_OPERATION)

    def refused(self, table, code):
        """The meter answered ``code``."""
        self.code = code
        self._next(None)

    def _next(self, data):
        try:
            self._want = self._steps.send(data)
        except StopIteration:
            self._want = None

    def _read(self, dims, table):
        from .about import by_itself, needs

        wanted = needs(table, dims)
        open_ended = by_itself(table)
        del by_itself, needs  # this frame lives on: it would keep the module
        for other, at, count in wanted:
            data = yield other, at, count
            if data is not None:
                dims.tables[other] = data
        self.code = None  # what is missing may not matter: decoding says so if it does
        if open_ended:
            yield from self._open(table)
            return
        end = _size(table, dims)
        if not end:
            raise TableError(table_name(table), "whole table", "this meter has none of its values")
        self._check(table, end)
        while len(self.data) < end:
            at = len(self.data)
            data = yield table, at, min(_PIECE, end - at)
            if not data:
                return
            self.data += data

    def _open(self, table):
        # In the full form if it fits into one reply, else to where the meter refuses a byte more.
        data = yield table, None, _PIECE
        if data is not None:
            self.data += data
            if len(data) < _PIECE:
                return
        elif self.code not in (_NOT_POSSIBLE, _NO_TABLE_OPERATION):
            return
        first = self.code
        piece = _PIECE
        while piece:
            data = yield table, len(self.data), piece
            if data:
                self.data += data
                self._check(table, len(self.data))
            else:
                piece >>= 1
        self.code = None if self.data else first

    def _check(self, table, n):
        if n > self._most:
            why = "the table has %d bytes or more, there is room for %d" % (n, self._most)
            raise TableError(table_name(table), "whole table", why)


def _size(table, dims):
    from .sizes import size

    return size(table, dims)
