"""Machines that read tables: what to ask for next, what was answered, and in the end the results.

`next_read()` gives (table, offset, count) until all is read, then None. `learn(table, buf, start,
count)` takes the verified reply, `absent(table)` and `refused(table, code)` say that the meter
does not give it. After a fault the same `next_read` is asked again: nothing read is lost.
"""

from mep.errors import LocalError, TableError
from shim import const
from .codec import decode, size, table_name

_REPLY = const(465)  # data bytes in one reply
_TRIES = const(4)  # times that a log is read from its header on, if it grows meanwhile


class Machine:
    """Runs ``steps``, a generator that yields (table, offset, count) and is sent the bytes.

    It is sent None for what the meter does not give; ``missing`` (dict of table name to reply
    code, None if not told) lists those. ``done`` counts the bytes read, ``total`` those that are
    known to be wanted.
    """

    def __init__(self, dims, steps):
        self.dims = dims
        self.missing = {}
        self.done = self.total = 0
        self._steps = steps
        self._table = None
        self._advance(None)

    def next_read(self):
        """(table, offset, count) to read next, or None when all is read."""
        if self._table is None:
            return None
        got = self._got
        return self._table, self._offset + got, min(_REPLY, len(self._data) - got)

    def learn(self, table, buf, start, count):
        """Take the reply to `next_read`: ``count`` bytes at buf[start:].

        A short one ends what was asked for. Raises TableError for what makes no sense.
        """
        self._expect(table)
        asked = self.next_read()[2]
        n = min(count, asked, len(buf) - start)
        got = self._got
        self._data[got : got + n] = buf[start : start + n]
        self._got = got = got + n
        self.done += n
        if n < asked:
            self._advance(self._data[:got])
        elif got == len(self._data):
            self._advance(self._data)

    def absent(self, table):
        """The meter does not have ``table``."""
        self.refused(table, None)

    def refused(self, table, code):
        """The meter answered ``code`` when it was asked for ``table``."""
        self._expect(table)
        self.missing[table_name(table)] = code
        self._advance(None)

    def _expect(self, table):
        if table != self._table:
            raise LocalError("%s was not asked for" % table_name(table))

    def _advance(self, data):
        self._table = None
        try:
            want = self._steps.send(data)
        except StopIteration:
            return
        if want is None:
            return  # what comes next is no read (`osgp.ondemand`)
        self._table, self._offset, count = want
        self._data = bytearray(count)
        self._got = 0
        self.total = max(self.total, self.done + count)


def needed(dims, table):
    """Steps: read what the declaration of ``table`` refers to; False if the meter lacks it."""
    from .about import needs

    for other, at, count in needs(table, dims):
        data = yield other, at, count
        if data is None:
            return False
        dims.tables[other] = bytes(data)
    return True


def whole(dims, table):
    """Steps: a table's values as a dict, None if the meter does not have it."""
    if not (yield from needed(dims, table)):
        return None
    count = size(table, dims)
    if not count:
        return None
    data = yield table, 0, count
    if data is None:
        return None
    return decode(table, data, 0, len(data), dims)


class Log:
    """A log: the records ``name`` of ``table``, where its declaration says that they lie.

    After `read`: ``header`` (dict) and ``entries``, newest first. ``entry`` and ``most`` are the
    size of an entry and their number, if the declaration does not tell them.
    """

    def __init__(self, table, name, entry=None, most=None):
        self.table = table
        self.name = name
        self.entry = entry
        self.most = most
        self.header = None
        self.entries = []

    def read(self, machine, newest=None, make=None):
        """Steps: read the ``newest`` entries (None: all); True if the meter has the log.

        An entry is what ``make(buf, start, count)`` returns, by default its values as a dict. The
        header is read again at the end; if the log has grown the reading starts once more.
        """
        if not (yield from needed(machine.dims, self.table)):
            return False
        self._measure(machine.dims)
        if not self.most:
            return True
        for _ in range(_TRIES):
            self.entries = []
            self.header = yield from self._header(machine.dims)
            if self.header is None:
                return False
            if not (yield from self._entries(machine, newest, make or self.values)):
                return False
            again = yield from self._header(machine.dims)
            if again is not None and _place(again) == _place(self.header):
                return True
        raise TableError(table_name(self.table), "header", "changes again and again while read")

    def values(self, buf, start, count):
        """The values of the entry at buf[start:]."""
        from .fields import Reader

        return self._part(Reader(self.table, self._dims, buf, start, count), self._body)

    def _part(self, reader, text):
        reader.text = text
        values = {}
        reader.block(0, 0, values)
        return values

    def _measure(self, dims):
        # Loaded here: the load profile needs nothing of the declarations.
        from .fields import Reader, declaration
        from .sizes import Measure

        text = declaration(table_name(self.table)).FIELDS
        self._dims = dims
        at = text.rfind("\n", 0, text.find("]  " + self.name)) + 1
        stop = text.find("\n", at)
        end = Reader(self.table, dims).skip(stop + 1)
        self._head = text[:at]
        self._body = text[stop + 1 : text.rfind("end", 0, end)]
        measure = Measure(self.table, dims)
        if self.most is None:
            many = text[at:stop].split("[")[1].split("]")[0]
            self.most = measure.total(many[int(many[0] == "*") :], self.name, {})
        self.first = int(text[at:].split()[0])
        if self.entry is None and self.most:
            measure.text = self._body
            self.entry = measure.block(0, 0, {})[1]

    def _header(self, dims):
        from .fields import Reader

        data = yield self.table, 0, self.first
        if data is None:
            return None
        header = self._part(Reader(self.table, dims, data, 0, len(data)), self._head)
        if header["entries"] > self.most or header["last"] >= self.most:
            why = "%d of %d, the last %d" % (header["entries"], self.most, header["last"])
            raise TableError(table_name(self.table), "entries", why)
        return header

    def _entries(self, machine, newest, make):
        # Backwards from the last one, as many as fit into a reply; the log is a ring.
        size = self.entry
        wanted = self.header["entries"]
        if newest is not None:
            wanted = min(wanted, newest)
        machine.total = machine.done + wanted * size + self.first
        at = self.header["last"]
        while wanted:
            n = min(_REPLY // size or 1, wanted, at + 1)
            data = yield self.table, self.first + (at + 1 - n) * size, n * size
            if data is None:
                return False
            for i in range(n - 1, -1, -1):
                have = min(size, len(data) - i * size)
                self.entries.append(make(data, i * size, max(have, 0)))
            wanted -= n
            at -= n
            if at < 0:
                at = self.most - 1
        return True


def _place(header):
    return header["entries"], header["last"], header["last_sequence"]
