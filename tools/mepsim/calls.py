"""What the procedures do; those that the guide only names take parameters as in ANSI C12.19.

A procedure is a function (context, parameters) that gives a result code, or (code, data), or
`Later`. The context is a `Caller`.
"""

from .access import MAK, MBK, NOBODY
from .delta import FLAG as DELTA_FLAG
from .house.logs import CLOCK_AFTER, CLOCK_BEFORE

ET = 2048

# Result codes in the answer (p. 52).
DONE, NOT_FULLY, BAD_PARAMETER, CONFLICT, TIMING, NO_AUTHORITY, UNKNOWN = range(7)
QUEUE_FULL = 7

REGISTERED, ET59_RESPONSE = 0x01, 0x02
_ALL = 0xFFFF  # every device
_SCHEDULED, _ON_DEMAND, _MBUS = 0x01, 0x02, 0x08
_REMOVAL_MS = 3000
_LOCK_MS = 10000


class Later:
    """The result comes after ``ms``; until then the answer is "not fully completed"."""

    def __init__(self, ms, finish):
        self.ms = ms
        self.finish = finish  # function that gives the result


class Caller:
    """Who calls: key level, the tables, the time in ms."""

    def __init__(self, tables, level, ms):
        self.tables = tables
        self.site = tables.site
        self.level = level
        self.ms = ms

    @property
    def unix(self):
        return int(self.tables.epoch + self.ms / 1000)


def _number(data):
    return int.from_bytes(data, "little")


def _accept(_c, _p):
    return DONE


def _not_simulated(_c, _p):
    # The meter has it, but its parameters are in no guide (our choice of the answer).
    return CONFLICT


def _lists(c, p):
    # BP04: list. BP05: list, entries that have been read.
    if not p or (p[0] > 8 and p[0] != 255):
        return BAD_PARAMETER
    c.site.mark_read(p[0], _number(p[1:3]) if len(p) >= 3 else None, c.unix)
    return DONE


def _remote_reset(c, p):
    # BP09: bit 0 demand reset, bit 1 self-read; the answer tells which could not be done.
    if not p or p[0] & ~0x03:
        return BAD_PARAMETER
    demand = c.tables.model.demands > 0
    if p[0] & 0x02:
        c.site.self_read(c.unix)
    if p[0] & 0x01 and demand:
        c.site.demand_reset(c.unix)
    failed = p[0] & 0x01 if not demand else 0
    return DONE, bytes([failed])


def _change_clock(c, p):
    # EP16: seconds, signed; our choice, the guide tells the name only.
    if len(p) < 2:
        return BAD_PARAMETER
    c.site.logs.add(c.unix, CLOCK_BEFORE)
    c.tables.clock_ahead += int.from_bytes(p[:4], "little", signed=True)
    c.site.logs.add(c.unix, CLOCK_AFTER)
    return DONE


def _remove(c, p):
    # EP17: action, handle.
    if len(p) < 3 or p[0] > 1:
        return BAD_PARAMETER
    handle = _number(p[1:3])
    tables = c.tables
    own = handle == tables.model.handle + 1000 * (tables.client - 1)
    place = c.site.place_of(handle)
    if own or handle == _ALL:
        tables.client_flags &= ~REGISTERED & 0xFF
        if own:
            return DONE
    elif place is None:
        return CONFLICT
    if c.level < MAK:
        return DONE if handle == _ALL else NO_AUTHORITY

    def gone():
        c.site.remove(place, c.unix)
        return DONE

    return Later(_REMOVAL_MS, gone)


def _clear_alarms(c, p):
    # EP18: handle, our choice; without one those of all devices.
    c.site.clear_device_alarms(_number(p[:2]) if len(p) >= 2 else _ALL)
    return DONE


def _request(c, p):
    # EP19: transaction, handle or group, type, then what is to be written.
    if len(p) < 5 or p[4] not in (1, 2, 3, 4, 5, 6, 9, 10):
        return BAD_PARAMETER
    kind, target, data = p[4], _number(p[2:4]), b""
    if kind in (4, 6, 10):
        if len(p) < 6 or len(p) < 6 + p[5] or (kind != 6 and p[5] > 24):
            return BAD_PARAMETER
        data = p[6 : 6 + p[5]]
    entry = c.site.request(_number(p[:2]), target, kind, data, c.unix, c.ms)
    if entry is None:
        return CONFLICT
    return QUEUE_FULL if entry < 0 else (DONE, bytes([entry]))


def _post(c, p):
    # EP39: type, status, size, data. Type 4 is a scheduled read with alarms; 12 clears the delta
    # data alert (p. 35). The number that clears the M-Bus alert is 11, our choice.
    tables = c.tables
    if not tables.client_flags & REGISTERED:
        return CONFLICT  # only a registered client may (p. 36)
    if len(p) < 4 or len(p) < 4 + _number(p[2:4]):
        return BAD_PARAMETER
    clears = {3: _SCHEDULED, 4: _SCHEDULED, 5: _ON_DEMAND, 11: _MBUS, 12: DELTA_FLAG}
    if p[0] not in clears:
        return BAD_PARAMETER
    tables.alert_flags &= ~clears[p[0]] & 0xFF
    return DONE


def _lock(c, p):
    # EP61: 1 locks the transaction tables for this client, for 10 s; 0 frees them.
    if not p or p[0] > 1:
        return BAD_PARAMETER
    owner, until = c.site.status.lock
    held = owner and c.ms < until
    if held and owner != c.tables.client:
        return CONFLICT
    c.site.status.lock = (c.tables.client, c.ms + _LOCK_MS) if p[0] else (0, 0)
    return DONE


# number: key level, function. The levels are those of table C.2, MAK where it says nothing.
_BASIC = {1: (MAK, _accept), 4: (MAK, _lists), 5: (MAK, _lists), 9: (MAK, _remote_reset)}
_BASIC.update({10: (MAK, _not_simulated), 12: (MAK, _accept), 13: (MAK, _not_simulated)})
_EXTENDED = {
    3: (MAK, _accept),
    16: (MBK, _change_clock),
    17: (MBK, _remove),
    18: (MAK, _clear_alarms),
    19: (MAK, _request),
    26: (MAK, _accept),
    39: (MBK, _post),
    61: (MBK, _lock),
}
_KNOWN = (2, 4, 6, 11, 32, 33, 37, 41, 50, 52, 62, 64)

PROCEDURES = dict(_BASIC)
PROCEDURES.update({ET + n: (MAK, _not_simulated) for n in _KNOWN})
PROCEDURES.update({ET + n: entry for n, entry in _EXTENDED.items()})
_GEN4 = (ET + 61, ET + 62, ET + 64)
NUMBERS = tuple(sorted(PROCEDURES))


def find(number, gen4):
    """(key level, function) of a procedure, or (NOBODY, None) if this meter does not know it."""
    if number in _GEN4 and not gen4:
        return NOBODY, None
    return PROCEDURES.get(number, (NOBODY, None))
