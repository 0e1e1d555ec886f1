"""The two errors of the protocol code: ours (`LocalError`) and the meter's data (`TableError`).

Bytes from the line never raise: the session turns them into events.
"""


class MepError(Exception):
    """Base of every error raised by `mep` and `osgp`."""


class LocalError(MepError):
    """The caller asked for something that cannot be: a bad key, a second request at a time."""


class TableError(MepError):
    """A verified reply that does not fit its table's declaration."""

    def __init__(self, table, field, why):
        super().__init__("%s, %s: %s" % (table, field, why))
        self.table = table
        self.field = field
        self.why = why
