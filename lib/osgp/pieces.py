"""Reads a ring of blocks that the meter goes on writing: what is given was there when it was read.

The meter numbers the blocks and overwrites the oldest with each new one. After each chunk its
state is read again: a chunk of a block that is gone since is nothing, all others stand. So a log
that moves costs what it has overwritten and no more, however long the reading takes.
"""

from mep.errors import TableError
from .codec import table_name


class Ring:
    """The ``blocks`` blocks of ``size`` bytes in ``table``; ``status`` are steps.

    Those give (number of the newest block, its place, how many blocks there are, how much is in
    the newest), None if the meter does not tell. ``last``, ``oldest`` (numbers) and ``filled`` are
    what it said last. ``name``: the table it says that in, for errors.
    """

    def __init__(self, table, size, blocks, status, name):
        self.table = table
        self.size = size
        self.blocks = blocks
        self.last = None
        self.oldest = 0
        self.filled = 0
        self._status = status
        self._name = name
        self._place = 0

    def look(self):
        """Steps: read the state; True if there are blocks. TableError if it is another log."""
        found = yield from self._status()
        if found is None:
            if self.last is None:
                return False
            self._fail("cannot be read any more")
        last, place, valid, filled = found
        if valid > self.blocks or (valid and place >= self.blocks):
            self._fail("%d blocks, the last %d, of %d" % (valid, place, self.blocks))
        if self.last is not None:
            moved = last - self.last
            if moved < 0 or not valid or (self._place + moved) % self.blocks != place:
                self._fail("the log was emptied or set up anew while it was read")
        if not valid:
            return False
        self.last = last
        self.oldest = last - valid + 1
        self.filled = filled
        self._place = place
        return True

    def place(self, number):
        """Where the block is in the table."""
        return (self._place - (self.last - number)) % self.blocks

    def read(self, number, at, count):
        """Steps: ``count`` bytes from ``at`` in the block, maybe on into the blocks after it.

        Whose they are is seen by `stands`.
        """
        data = yield self.table, self.place(number) * self.size + at, count
        if data is None or len(data) < count:
            missing = count - len(data or b"")
            raise TableError(table_name(self.table), "blocks", "%d bytes missing" % missing)
        return data

    def stands(self, number):
        """Steps: True if the block was still there when this was asked."""
        yield from self.look()
        return number >= self.oldest

    def _fail(self, why):
        raise TableError(self._name, "last_sequence", why)
