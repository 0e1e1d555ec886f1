"""Local time from a POSIX TZ text such as ``CET-1CEST,M3.5.0,M10.5.0/3``.

Only what Europe and its neighbours need: two offsets and, for daylight saving, two rules of the
form Mm.w.d (POSIX.1-2017, chapter 8.3). West of Greenwich is positive there, so CET is -1.
"""

from .hal.clock import days


class ZoneError(ValueError):
    """The text is no zone; the message is one line that says what to write."""


class Zone:
    """``text``: a POSIX TZ. Raises ZoneError."""

    def __init__(self, text):
        self.text = text
        try:
            self._parse(text)
        except (ValueError, IndexError):
            raise ZoneError(
                "time zone %s: write a POSIX one, like UTC0 or CET-1CEST,M3.5.0,M10.5.0/3"
                % text[:40]
            )

    def offset(self, utc):
        """Seconds to add to ``utc`` (seconds since 1970) for local time."""
        if self._summer is None:
            return self._standard
        year = _date(utc // 86400)[0]
        begin = _moment(year, self._begin) - self._standard
        end = _moment(year, self._end) - self._summer
        if begin < end:
            inside = begin <= utc < end
        else:  # the southern half of the world
            inside = not end <= utc < begin
        return self._summer if inside else self._standard

    def day(self, utc):
        """The local day as a number that grows by one at local midnight."""
        return (utc + self.offset(utc)) // 86400

    def local(self, utc):
        """Local (year, month, day, hour, minute, second)."""
        seconds = utc + self.offset(utc)
        y, m, d = _date(seconds // 86400)
        s = seconds % 86400
        return y, m, d, s // 3600, s // 60 % 60, s % 60

    def _parse(self, text):
        parts = text.split(",")
        at = _name(text, 0)
        at, seconds = _time(parts[0], at)
        self._standard = -seconds
        self._summer = None
        if at == len(parts[0]):
            if len(parts) != 1:
                raise ValueError
            return
        at = _name(parts[0], at)
        self._summer = self._standard + 3600
        if at < len(parts[0]):
            at, seconds = _time(parts[0], at)
            self._summer = -seconds
        if at != len(parts[0]) or len(parts) != 3:
            raise ValueError
        self._begin = _rule(parts[1])
        self._end = _rule(parts[2])


def _name(text, at):
    begin = at
    if text[at] == "<":
        at = text.index(">", at)
        return at + 1
    while at < len(text) and text[at].isalpha():
        at += 1
    if at - begin < 3:
        raise ValueError
    return at


def _time(text, at):
    # [+-]hh[:mm[:ss]] from ``at``; the index after it and the seconds.
    sign = 1
    if text[at] in "+-":
        sign = -1 if text[at] == "-" else 1
        at += 1
    end = at
    while end < len(text) and (text[end].isdigit() or text[end] == ":"):
        end += 1
    total = 0
    unit = 3600
    for part in text[at:end].split(":"):
        total += int(part) * unit
        unit //= 60
    if total > 24 * 3600:
        raise ValueError
    return end, sign * total


def _rule(text):
    # Mm.w.d[/time] as (month, week, weekday, seconds after midnight).
    date, _, time = text.partition("/")
    if date[0] != "M":
        raise ValueError
    month, week, weekday = [int(p) for p in date[1:].split(".")]
    if not (1 <= month <= 12 and 1 <= week <= 5 and 0 <= weekday <= 6):
        raise ValueError
    seconds = 7200
    if time:
        end, seconds = _time(time, 0)
        if end != len(time):
            raise ValueError
    return month, week, weekday, seconds


def _moment(year, rule):
    # The rule's moment in ``year``, in seconds of the clock before the change.
    month, week, weekday, seconds = rule
    first = days(year, month, 1)
    day = first + (weekday - (first + 4)) % 7 + 7 * (week - 1)  # 1970-01-01 was a Thursday
    nxt = days(year + month // 12, month % 12 + 1, 1)
    while day >= nxt:  # week 5 is the last one
        day -= 7
    return day * 86400 + seconds


def _date(number):
    # (year, month, day) of a count of days since 1970-01-01.
    number += 719468
    era, rest = divmod(number, 146097)
    y = (rest - rest // 1460 + rest // 36524 - rest // 146096) // 365
    rest -= 365 * y + y // 4 - y // 100
    m = (5 * rest + 2) // 153
    day = rest - (153 * m + 2) // 5 + 1
    month = m + 3 if m < 10 else m - 9
    return y + era * 400 + (month < 3), month, day
