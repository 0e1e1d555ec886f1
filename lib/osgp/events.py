"""The event logs BT74 and ET79 as one list, with names and what the arguments mean.

`Events(dims, newest=None)` is a machine (`osgp.machine`); when it is done ``events`` holds
dicts, newest first: log, sequence, time (UTC), event (number), name, user, argument (number)
and detail (text, "" if the argument says nothing). ``headers`` has each log's header by table
name. The guides leave the numbers to the meter's manual: these are from Echelon's public "ANSI
Electric Meter User's Guide" v3.1, p. 32-43; others are called event_<number>.
`osgp.eventwords` has them.
"""

from .machine import Log, Machine

LOGS = (74, 2127)
_USERS = {65533: "mep", 65534: "remote", 65535: ""}


class Events(Machine):
    """Reads the ``newest`` events of each log (None: all)."""

    def __init__(self, dims, newest=None):
        self.events = []
        self.headers = {}
        super().__init__(dims, self._read(dims, newest))

    def _read(self, dims, newest):
        from .codec import table_name
        from .eventwords import detail, name_of

        for table in LOGS:
            v = dims.version
            if table != LOGS[0] and v < (3, 70) and not (1, 20) <= v < (2, 0):
                break
            log = Log(table, "log")
            if not (yield from log.read(self, newest)) or log.header is None:
                continue
            title = table_name(table)
            self.headers[title] = log.header
            last = log.header["last_sequence"]
            for entry in log.entries:
                # Two bytes of the sequence number; the header has all four of the last one.
                entry["sequence"] = last - (last - entry["sequence"] & 0xFFFF)
                entry["log"] = title
                entry["name"], kind = name_of(entry["event"])
                entry["user"] = _USERS.get(entry["user"], str(entry["user"]))
                entry["argument"] = argument = _number(entry["argument"])
                entry["detail"] = detail(kind, argument)
            self.events += log.entries
        self.events.sort(key=lambda e: -e["sequence"])


def _number(digits):
    # Hex digits, LSB first.
    value = 0
    for i in range(len(digits) - 2, -2, -2):
        value = value << 8 | int(digits[i : i + 2], 16)
    return value
