"""The periodic line in the log that says how the module is."""

import gc

from shim import const

EVERY_S = const(600)
# The largest block anything here asks for at once is a few KB. Asking for more would make the
# ESP32 port grow its heap at the expense of Wi-Fi's.
_LARGEST = const(16384)
_SMALLEST = const(512)


def largest_block():
    """Bytes in one piece that can be had now: a power of two up to 16384; None on CPython."""
    if not hasattr(gc, "mem_free"):
        return None
    n = _LARGEST
    while n >= _SMALLEST:
        try:
            bytearray(n)
            return n
        except MemoryError:
            n >>= 1
    return 0


def line(uptime_s, counters, restarts, rssi=None):
    """One line of text: uptime, heap, signal, the line's counters that matter, restarted tasks."""
    parts = ["up %d:%02d h" % (uptime_s // 3600, uptime_s // 60 % 60)]
    block = largest_block()
    if block is not None:
        gc.collect()
        parts.append("heap free %d, block %d" % (gc.mem_free(), block))
    if rssi is not None:
        parts.append("signal %d dBm" % rssi)
    for name in ("verified", "retries", "failed", "dropped"):
        if name in counters:
            parts.append("%s %d" % (name, counters[name]))
    for name in restarts:
        if restarts[name]:
            parts.append("%s restarted %d times" % (name, restarts[name]))
    return ", ".join(parts)
