"""Display, calendar and local clock: BT30, BT33, BT50, BT53..BT55, ET47, ET61, ET62.

Guide p. 122, 166-172, 220-230.
"""

import time

from .layout import ltime, record, u16, u32
from .past import DST_MIN, ZONE_MIN, is_dst, local
from .reads import season_of

_SEASONS, _SPECIAL = 12, 2
_ONCE, _YEARLY, _SWITCHES = 25, 23, 200
_CALENDAR_ID = 0x20240115
_SUNDAY, _NO_WEEKDAY = 0, 7
_LAST_OF_MONTH = 6  # "postpone to the last weekday of the month on or after" (p. 40)
_DST_ON, _DST_OFF, _SEASON_0, _SEASON_1, _SELF_READ = 1, 2, 3, 4, 0x40
_DISPLAYED = (0x2000, 0x2001, 0x0000, 0x0001, 0x0008)


def _each_year(month, day, action, offset=0, weekday=_NO_WEEKDAY):
    # RDATE: month, offset, weekday, day; then the action.
    return u16(month | offset << 4 | weekday << 8 | day << 11) + bytes([action])


def _calendar():
    out = bytes(3 * _ONCE)
    # Daylight saving time from the last Sunday of March to that of October, seasons, self-reads.
    dates = [
        _each_year(3, 1, _DST_ON, _LAST_OF_MONTH, _SUNDAY),
        _each_year(10, 1, _DST_OFF, _LAST_OF_MONTH, _SUNDAY),
        _each_year(4, 1, _SEASON_0),
        _each_year(10, 1, _SEASON_1),
    ]
    # The self-reads are those of each month's first day.
    dates += [_each_year(month, 1, _SELF_READ) for month in range(1, 13)]
    out += b"".join(dates).ljust(3 * _YEARLY, b"\x00")
    # Schedule 0: tier 0 from 07:00, tier 1 from 23:00 (winter's local time of 6 and 22 UTC).
    switches = [u16(tier | hour << 11) + b"\x00" for hour, tier in ((7, 0), (23, 1))]
    out += b"".join(switches).ljust(3 * _SWITCHES, b"\x00")
    out += bytes(3 + _SPECIAL) * _SEASONS
    return bytearray(out + u32(_CALENDAR_ID))


def _codes(gen4, outages):
    # ET62: codes of the display, each with a byte of its points.
    width = 5 if gen4 else 4

    def code(text):
        return text.ljust(width).encode() + b"\x00"

    out = b"\x01" + code("P01") + code("DATE") + code("TIME") + code("STAT")
    for channel in range(1, 17):
        out += code("CH%02d" % channel) + bytes([0x80 | 7 << 3])
    return bytearray(out + (code("") + code("NUM") if outages else b""))


class Clockwork:
    """What follows the calendar."""

    def __init__(self, model):
        self._gen4 = model.gen4
        relays = 2 if model.firmware >= (4, 30) else 1
        self.memory = {
            33: bytearray(
                bytes([0x06, 0x10, len(_DISPLAYED)])
                + b"".join(u16(s) for s in _DISPLAYED).ljust(2 * 30, b"\x00")
            ),
            53: bytearray(bytes([2, 0, 0, DST_MIN]) + u16(ZONE_MIN)),
            54: _calendar(),
            2048 + 47: bytearray(bytes([255]) + bytes(11) + u32(_CALENDAR_ID)),
            2048 + 61: bytearray(2 * 80 * relays),
            2048 + 62: _codes(model.gen4, model.firmware >= (3, 70)),
        }

    def tables(self):
        """``{number: function of a unix time}``."""
        return {
            30: lambda now: bytes([0x01]) + u16(962) + bytes([2]) + u16(30) + bytes([1, 0, 0, 0]),
            50: lambda now: (
                bytes([0x03, 0x18, _SEASONS | _SPECIAL << 4, _ONCE, _YEARLY])
                + u16(_SWITCHES)
                + u16(len(self.memory[54]))
            ),
            55: self._local_clock,
        }

    def _local_clock(self, now):
        here = local(now)
        weekday = (time.gmtime(here).tm_wday + 1) % 7
        tier = 0 if 6 <= now // 3600 % 24 < 22 else 1
        state = tier | season_of(now) << 12
        flags = weekday | (0x08 if is_dst(now) else 0) | 0x60
        return record(9, (0, ltime(here)), (6, flags), (7, u16(state)))
