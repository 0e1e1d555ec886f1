"""Power outages: the log ET81, or where a meter has none the last few that ET09 tells.

`Outages(dims, newest=None)` is a machine (`osgp.machine`); when it is done ``outages`` holds
dicts, newest first: began, ended (None: not known), seconds (None: not known), cause (text, ""
in ET81), and ``table`` where they are from. The times are the meter's local time in ET81, UTC
in ET09 (``utc`` is True), as the guide has it (MEP guide p. 67 and 185).
"""

from mep.errors import TableError
from .machine import Log, Machine, needed

_ET81 = 2129
_ET09 = 2057
_ET04 = 2052  # how many outages ET09 keeps


class Outages(Machine):
    """Reads the ``newest`` outages (None: all)."""

    def __init__(self, dims, newest=None):
        self.outages = []
        self.table = None
        self.utc = False
        super().__init__(dims, self._read(dims, newest))

    def _read(self, dims, newest):
        log = Log(_ET81, "log")
        v = dims.version
        if v >= (3, 70) or (1, 20) <= v < (2, 0):
            if (yield from log.read(self, newest, self._entry)) and log.most:
                self.table = "ET81"
                self.outages = log.entries
                return
        if not (yield from needed(dims, _ET09)):
            return
        sizes = dims.tables[_ET04]
        if len(sizes) < 54:
            raise TableError("ET04", "outages", "%d bytes missing" % (54 - len(sizes)))
        most = sizes[53]
        if not most:
            return
        data = yield _ET09, 6, 18 * most
        if data is None:
            return
        self.table = "ET09"
        self.utc = True
        from .about import words

        causes = words(_ET09, "CAUSE")
        found = []
        for at in range(0, len(data) - 17, 18):
            found.append(self._short(data, at, causes))
        found = [f for f in found if f["began"]]
        found.sort(key=lambda f: f["began"], reverse=True)
        self.outages = found[:newest]

    def _entry(self, buf, at, count):
        if count < 12:
            raise TableError("ET81", "log[].end", "%d bytes missing" % (12 - count))
        return _outage(_time(buf, at), _time(buf, at + 6), "")

    def _short(self, data, at, causes):
        # When it came on, why, when it had gone off, for how long.
        found = _outage(_time(data, at + 8), _time(data, at), "")
        found["cause"] = causes.get(data[at + 6], str(data[at + 6])).replace("_", " ")
        if found["seconds"] is None:
            seconds = 0
            for i in range(17, 13, -1):
                seconds = seconds << 8 | data[at + i]
            found["seconds"] = seconds
        return found


def _outage(began, ended, cause):
    seconds = None
    if began and ended:
        seconds = seconds_of(ended) - seconds_of(began)
        if seconds < 0:
            seconds = None
    return {"began": began, "ended": ended, "seconds": seconds, "cause": cause}


def _time(buf, at):
    from .kinds import text_of

    return text_of(bytes(buf[at : at + 6]), "ltime")


def seconds_of(text):
    """Seconds from 2000-01-01 to the time in the ISO text."""
    y, m, d = [int(p) for p in text[:10].split("-")]
    # Years that begin in March have the leap day at their end.
    y -= 2000 + (m < 3)
    days = 365 * y + y // 4 - y // 100 + y // 400 + (153 * ((m + 9) % 12) + 2) // 5 + d + 59
    hms = [int(p) for p in text[11:].split(":")]
    return ((days * 24 + hms[0]) * 60 + hms[1]) * 60 + hms[2]
