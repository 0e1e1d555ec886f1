"""Energy since local midnight, and of yesterday. Loaded for a moment, when there may be news.

The register's value at midnight lies on flash (`day`, one save a day), so a power cut loses
nothing. A count that did not begin at midnight is called partial: the module was off then, the
meter is another one, a register was set back, or the clock was. What the outputs need stays in
``store.days``: (text with two places, what was saved, index of each register, resets seen).
"""

import json

from shim import const
from .hal import clock
from .timezone import Zone

FILE = "day"
FRESH_MS = const(120000)  # a value older than that is none of this moment
_LATE_S = const(120)  # a first value so soon after midnight is midnight's
_BACK_S = const(3600)  # clocks are set right by less; by more, the day was another one
_QUARTER_S = const(900)  # offsets from UTC are multiples, everywhere

# What is saved, a list: the meter's serial, moment and both registers at the beginning (Wh; None
# for one that the meter does not have), what yesterday was (None unless both its ends are known).
_SERIAL = const(0)
_AT = const(1)
FORWARD = const(2)  # then reverse; behind them yesterday's, both as well
_BEFORE = const(4)
_LENGTH = const(6)
_NAMES = ("energy_forward", "energy_reverse")
_UNKNOWN = '"today":{"energy_forward":%s,"energy_reverse":%s,"since":null},"yesterday":null'


def follow(store, zone, storage=None):
    """Bring ``store.days`` up to date; ``zone``: a POSIX TZ. ``storage``: to keep it on flash too.

    Returns None, or in words why the flash did not take it.
    """
    now = store.now()
    zone = Zone(zone)
    at = _places(store)
    known = store.days
    kept = known[1] if known and known[1][_AT] else load(storage) if storage else None
    values = [_value(store, i) for i in at]
    if values[0] is None:
        # Nothing to begin with. What was begun today still holds.
        if kept and zone.day(now) == zone.day(kept[_AT]) and kept[_SERIAL] == _serial(store):
            store.days = _text(zone, kept), kept, at, store.resets
        else:
            store.days = _UNKNOWN, [None] * _LENGTH, at, store.resets
        return None
    back = known is not None and known[3] != store.resets
    new = _next(kept, values, _serial(store), now, zone, back)
    store.days = _text(zone, new), new, at, store.resets
    if new is not kept and storage:
        try:
            storage.save(FILE, json.dumps(new).encode())
        except storage.StorageError as e:
            return str(e)
    return None


def load(storage):
    """What was saved, or None."""
    try:
        kept = json.loads(storage.load(FILE) or b"[]")
        good = len(kept) == _LENGTH and all(
            (type(n) is int and n >= 0) or (n is None and i > FORWARD)
            for i, n in enumerate(kept)
            if i != _SERIAL
        )
        return kept if good else None
    except (ValueError, TypeError):
        return None


def midnight(zone, utc):
    """The first second (UTC) of the local day of ``utc``."""
    day = zone.day(utc)
    # Daylight saving may begin or end on this day, or at this midnight.
    at = utc - (utc + zone.offset(utc)) % 86400 - 8 * _QUARTER_S
    while zone.day(at) < day:
        at += _QUARTER_S
    return at


def _next(kept, values, serial, now, zone, back):
    # What counts from now on; ``kept`` itself if nothing is new.
    begin = midnight(zone, now)
    before = [None, None]
    if kept:
        grown = [_less(v, k) for v, k in zip(values, kept[FORWARD:])]
        fallen = [n for n in grown if n is not None and n < 0]
        if back or fallen or kept[_SERIAL] != serial or kept[_AT] - now > _BACK_S:
            return [serial, now] + values + before
        if begin <= kept[_AT]:
            return kept
        if kept[_AT] == midnight(zone, begin - 1):
            before = grown
    if now - begin <= _LATE_S:
        return [serial, begin] + values + before
    return [serial, now] + values + [None, None]


def _less(value, start):
    return None if value is None or start is None else value - start


def _places(store):
    # The registers' indexes; None for one that the meter does not have.
    names = store.names
    return [names.index(n) if n in names else None for n in _NAMES]


def _value(store, i):
    # The register, None if it was not read just now, or is not there.
    age = None if i is None else store.age_ms(i)
    return store.value(i) if age is not None and age <= FRESH_MS else None


def _serial(store):
    return store.meter["serial"]


def _text(zone, kept):
    # JSON members; %s where the counts go.
    at = kept[_AT]
    counts = '"energy_forward":%s,"energy_reverse":%s'
    if at == midnight(zone, at):
        today = '%s,"since":"%s"' % (counts, _iso(zone, at))
    else:
        none = counts.replace("%s", "null")
        today = '%s,"since":"%s","partial":{%s}' % (none, _iso(zone, at), counts)
    before = kept[_BEFORE:]
    yesterday = "null"
    if before[0] is not None:
        yesterday = "{%s}" % (counts % tuple([json.dumps(n) for n in before]))
    return '"today":{%s},"yesterday":%s' % (today, yesterday)


def _iso(zone, utc):
    offset = zone.offset(utc)
    sign = "-" if offset < 0 else "+"
    minutes = abs(offset) // 60
    local = clock.iso(utc + offset)[:-1]
    return "%s%s%02d:%02d" % (local, sign, minutes // 60, minutes % 60)
