"""Time for all three runtimes: MicroPython's ``ticks_*`` and ``sleep_ms``, made up on CPython.

Ticks wrap (2**30 ms = 12.4 days on the chip), so only ``ticks_diff`` may compare them.
"""

import time

try:
    from time import ticks_add, ticks_diff, ticks_ms

    from asyncio import sleep_ms
except ImportError:  # CPython; the same period as the chip, so that a wrap is met in tests
    import asyncio

    _PERIOD = 1 << 30
    _HALF = _PERIOD >> 1

    def ticks_ms():
        """Milliseconds on a wrapping counter of period 2**30."""
        return (time.monotonic_ns() // 1000000) & (_PERIOD - 1)

    def ticks_diff(later, earlier):
        """Milliseconds from ``earlier`` to ``later``, right for spans under 6.2 days."""
        return ((later - earlier + _HALF) & (_PERIOD - 1)) - _HALF

    def ticks_add(ticks, delta):
        """The tick value ``delta`` ms after ``ticks``."""
        return (ticks + delta) & (_PERIOD - 1)

    def sleep_ms(delay):
        """Awaitable pause of ``delay`` ms."""
        return asyncio.sleep(delay / 1000)


# ESP32 counts from 2000, the unix port and CPython from 1970.
EPOCH = 946684800 if time.gmtime(0)[0] == 2000 else 0
_NOT_SET = 1704067200  # 2024-01-01: an earlier clock was never set


def unix():
    """Seconds since 1970-01-01 UTC, or None while the clock has never been set."""
    now = int(time.time()) + EPOCH
    return now if now >= _NOT_SET else None


def iso(seconds):
    """``seconds`` since 1970 as ``YYYY-MM-DDThh:mm:ssZ``, None for None."""
    if seconds is None:
        return None
    t = time.gmtime(seconds - EPOCH)
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % (t[0], t[1], t[2], t[3], t[4], t[5])


def seconds_of(buf, at):
    """Seconds since 1970 of the LTIME_DATE at ``buf[at:at + 6]`` (guide, data types), or None.

    Six bytes: year of the century, month, day, hour, minute, second, as BT52 has them.
    """
    year, month, day = buf[at], buf[at + 1], buf[at + 2]
    hour, minute, second = buf[at + 3], buf[at + 4], buf[at + 5]
    if not (24 <= year < 100 and 1 <= month <= 12 and 1 <= day <= 31):
        return None  # also a clock that was never set: it starts in 2000
    if hour > 23 or minute > 59 or second > 59:
        return None
    return days(2000 + year, month, day) * 86400 + hour * 3600 + minute * 60 + second


def days(year, month, day):
    """Days from 1970-01-01 to the date."""
    # With March as the first month, so that a leap day comes last.
    y = year - (month < 3)
    return (
        365 * y + y // 4 - y // 100 + y // 400 + (153 * ((month + 9) % 12) + 2) // 5 + day - 719469
    )
