"""The gate of every write: who may, what it wears, and why the meter said no.

Interface: `judge(table, data, version, level)` says what a write needs and whether it is held;
`Ledger` counts what was written in the last hour and day; `held(judged, ledger, up, wall)` is ""
or why a write must wait; `explain(code, judged, level)` puts a refusal in words.
`firmware.writes.Writes` joins them with a ledger that outlives restarts.

The limits are the guide's (p. 51 and 258): 4 writes an hour, 100 a day, for all that the meter
keeps in its NVM. What lives in RAM only is free. Firmware before 3.40 counts every write of BT07.
"""

from mep.errors import LocalError
from shim import const
from .codec import table_name
from .procedurelist import code_of, head
from .procedurelist import version as version_of

HOUR = const(3600)
DAY = const(86400)
PER_HOUR = const(4)
PER_DAY = const(100)

_BT07 = const(7)
_EP39 = const(2087)
_HEAD = const(3)  # procedure, PSN
_PENDING = const(4096)
_EXPLAINED = (
    (0x01, "the meter does not know such a request"),
    (0x02, "the meter does not support such a request"),
    (0x04, "not possible as the meter stands now"),
    (0x05, "the meter does not have it, or not at this place and length"),
)


class Judged:
    """``name``: the table or procedure; ``level``: the lowest key that may write, None if nobody.

    ``memory``: "RAM", or "NVM" where it wears; ``why``: why it must not be sent, or "".
    """

    def __init__(self, name, level, memory, why=""):
        self.name = name
        self.level = level
        self.memory = memory
        self.why = why
        self.registered = True  # False: only a registered MEP client may


def judge(table, data, version=None, level=None):
    """What writing ``data`` to ``table`` (number) needs, as `Judged`.

    ``version``: the meter's firmware, as in `osgp.dims`; ``level``: "MBK" or "MAK" if it is known
    which key is in use. What is not known is taken at its worst.
    """
    if table == _BT07:
        found = _procedure(data, version)
    else:
        found = _table(table, version)
    if not found.why and found.level == "MAK" and level == "MBK":
        found.why = "needs the advanced key (MAK); this is the basic one (MBK)"
    if found.why:
        found.why = "%s: %s" % (found.name, found.why)
    return found


def _procedure(data, version):
    if len(data) < _HEAD:
        return Judged("BT07", "MBK", "NVM", "a call is procedure, PSN and parameters in one write")
    number = data[0] | (data[1] & 15) << 8
    code = code_of(number)
    if not 5 <= data[2] <= 9:
        return Judged(code, None, "NVM", "its PSN must be 5 to 9")
    told = head(number)
    if told is None:
        return Judged(code, None, "NVM", "no guide names this procedure")
    old = version is None or version < (3, 40)
    found = Judged(code, told[2], "NVM" if old else told[4])
    found.registered = number != _EP39
    found.why = _too_old(version, told[6])
    return found


def _table(table, version):
    from .about import about

    name = table_name(table)
    try:
        _, mbk, mak, memory, since = about(table & ~_PENDING)
    except LocalError:
        return Judged(name, None, "NVM", "no guide tells of this table")
    found = Judged(name, "MAK", "RAM" if memory == "RAM" and not table & _PENDING else "NVM")
    if "w" in mbk:
        found.level = "MBK"
    elif "w" not in mak and mak != "?":
        found.level = None
        found.why = "no key may write it"
    found.why = found.why or _too_old(version, since)
    return found


def _too_old(version, since):
    if version is None or version >= version_of(since):
        return ""
    # Modules have versions of their own from 1 on, which the declarations do not follow.
    if version < (2, 0):
        return ""
    return "came with firmware %s; this meter has %d.%02d" % (since, version[0], version[1])


def explain(code, judged, level=None):
    """The reply code of a write in words: what would give access, if anything would."""
    for known, words in _EXPLAINED:
        if code == known:
            return "%s: %s (0x%02X)" % (judged.name, words, code)
    if code != 3:
        return "%s: the meter answers 0x%02X" % (judged.name, code)
    why = "%s: no permission (0x03)" % judged.name
    if judged.level == "MAK" and level != "MAK":
        why += "; it needs the advanced key (MAK), which the owner of the meter gives out"
        return why if level else why + ". If this is the MAK: the hardware lock, as below" + _LOCK
    if not judged.registered:
        why += "; it needs a registered MEP client (ET50, bit 0 of the flags)"
    return why + "; the key would do, so it is the hardware lock" + _LOCK


_LOCK = ": it was set when the meter was made, by the country's law, and no key opens it"


class Ledger:
    """When something that wears was written. ``data``: what `dump` gave; ``up``: uptime now, in s.

    All times are in seconds: ``up`` counts since the start of this run and never jumps, ``wall``
    is the clock (since 1970) or None. ``psn`` is the last procedure sequence number.
    """

    def __init__(self, data=None, up=0):
        self.psn = None
        self._writes = []  # [clock or None, uptime, whether it is of an earlier run]
        if data is None:
            return
        try:
            words = [int(w) for w in bytes(data).decode().split()]
            self.psn = words[0] or None
            for wall in words[1:]:
                self._writes.append([wall or None, up, True])
        except (ValueError, IndexError, UnicodeError):
            self.fill(up)

    def dump(self):
        """The ledger as bytes, for `Ledger`."""
        words = [self.psn or 0] + [w[0] or 0 for w in self._writes]
        return " ".join([str(w) for w in words]).encode()

    def add(self, up, wall=None):
        """Something is about to be written."""
        ages = self._ages(up, wall)
        self._writes = [w for i, w in enumerate(self._writes) if ages[i] < DAY][-PER_DAY:]
        self._writes.append([wall and int(wall), int(up), False])

    def fill(self, up):
        """Nothing is known of the time before: as if the hour's writes had just been done."""
        for _ in range(PER_HOUR):
            self.add(up)

    def count(self, span, up, wall=None):
        """How many within the last ``span`` s."""
        return sum([age < span for age in self._ages(up, wall)])

    def wait(self, n, up, wall=None):
        """Seconds until ``n`` more may be written; 0: now. LocalError if they never may."""
        longest = 0
        ages = sorted(self._ages(up, wall))
        for most, span in ((PER_HOUR, HOUR), (PER_DAY, DAY)):
            if n > most:
                raise LocalError("%d writes at once; %d may be in %d s" % (n, most, span))
            recent = [age for age in ages if age < span]
            if len(recent) + n > most:
                # So many of the newest may still be young then.
                longest = max(longest, span - recent[most - n])
        return longest

    def _ages(self, up, wall):
        found = []
        wall = wall and int(wall)
        for w in self._writes:
            # Of this run the uptime tells. One of an earlier run is at least as old as this run.
            age = max(0, int(up) - w[1])
            if wall is not None:
                if w[2] and w[0] is not None and w[0] <= wall - age:
                    age = wall - w[0]
                else:
                    w[0] = wall - age  # there was no clock then, or another one
            found.append(age)
        return found


def held(judged, ledger, up, wall=None, n=1):
    """ "" if ``n`` such writes may be sent now, else why not. Counts nothing."""
    if judged.why:
        return judged.why
    if judged.memory == "RAM":
        return ""
    wait = ledger.wait(n, up, wall)
    if not wait:
        return ""
    hour, day = ledger.count(HOUR, up, wall), ledger.count(DAY, up, wall)
    return (
        "%s: it would wear the meter's memory: %d writes in the last hour (at most %d), %d in the "
        "last day (at most %d); the next may be in %d min"
        % (judged.name, hour, PER_HOUR, day, PER_DAY, (wait + 59) // 60)
    )
