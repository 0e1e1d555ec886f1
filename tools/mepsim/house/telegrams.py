"""Answers of M-Bus meters: the variable data structure of EN 13757-3, made by hand."""

import time

from .layout import bcd, i32, u16
from .past import DAY_S, local

NO_ENCRYPTION = 0


def maker(letters):
    """The manufacturer's three letters as the 16 bits of a header."""
    a, b, c = (ord(letter) - 64 for letter in letters)
    return u16(a * 1024 + b * 32 + c)


def date_time(seconds):
    """Type F: minute, hour, day and month with the year's bits."""
    t = time.gmtime(local(seconds))
    year = t.tm_year % 100
    return bytes([t.tm_min, t.tm_hour]) + _date(t, year)


def date(seconds):
    """Type G: day and month with the year's bits."""
    t = time.gmtime(local(seconds))
    return _date(t, t.tm_year % 100)


def _date(t, year):
    return bytes([t.tm_mday | (year & 7) << 5, t.tm_mon | (year >> 3) << 4])


def telegram(meter, when):
    """Header (12 bytes) and records of ``meter`` (of `devices`) at a unix time."""
    access = when // 3600 & 0xFF
    header = bcd(meter.ident, 8) + maker(meter.maker)
    header += bytes([meter.version, meter.medium, access, 0]) + u16(NO_ENCRYPTION)
    return header + _RECORDS[type(meter).__name__](meter, when)


def _month_begin(when):
    t = time.gmtime(when)
    return when // DAY_S * DAY_S - (t.tm_mday - 1) * DAY_S


def _water(meter, when):
    month = _month_begin(when)
    flow = max(0, meter.volume(when) - meter.volume(when - 600)) * 6
    return (
        b"\x0c\x13"
        + bcd(meter.volume(when), 8)  # litres
        + b"\x02\x3b"
        + u16(flow)  # litres an hour
        + b"\x4c\x13"
        + bcd(meter.volume(month), 8)
        + b"\x42\x6c"
        + date(month)
        + b"\x01\xfd\x17\x00"  # error flags
        + b"\x04\x6d"
        + date_time(when)
    )


def _heat(meter, when):
    month = _month_begin(when)
    power = meter.power(when)
    return (
        b"\x04\x06"
        + i32(meter.energy(when))  # kWh
        + b"\x04\x14"
        + i32(meter.energy(when) * 3)  # 0.01 m3
        + b"\x04\x2b"
        + i32(power)  # W
        + b"\x02\x3b"
        + u16(power * 86 // 3500)  # litres an hour
        + b"\x02\x5a"
        + u16(682)  # 0.1 degrees
        + b"\x02\x5e"
        + u16(331)
        + b"\x02\x62"
        + u16(351)  # 0.1 K
        + b"\x44\x06"
        + i32(meter.energy(month))
        + b"\x42\x6c"
        + date(month)
        + b"\x04\x6d"
        + date_time(when)
        + b"\x0f\x01\x02\x03"  # for its maker only
    )


_RECORDS = {"Water": _water, "Heat": _heat}
