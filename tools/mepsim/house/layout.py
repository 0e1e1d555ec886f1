"""Little-endian numbers and the guide's date forms as bytes (p. 39-41)."""

import time


def u16(value):
    return (value & 0xFFFF).to_bytes(2, "little")


def u32(value):
    return (value & 0xFFFFFFFF).to_bytes(4, "little")


def i32(value):
    """INT32 and NI_FMAT1."""
    return (value & 0xFFFFFFFF).to_bytes(4, "little")


def ltime(seconds):
    """LTIME_DATE of a unix time: yy mm dd hh mm ss; zeros for None."""
    if seconds is None:
        return bytes(6)
    t = time.gmtime(seconds)
    return bytes((t.tm_year % 100, t.tm_mon, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec))


def stime(seconds):
    """STIME_DATE: the same without seconds."""
    return ltime(seconds)[:5]


def put(table, offset, data):
    """Write ``data`` (bytes) into ``table`` (bytearray) at ``offset``."""
    assert offset >= 0 and offset + len(data) <= len(table)
    table[offset : offset + len(data)] = data


def record(size, *parts):
    """``size`` bytes of zeros with (offset, bytes or one byte's value) put in."""
    out = bytearray(size)
    for offset, data in parts:
        put(out, offset, bytes([data]) if isinstance(data, int) else data)
    return bytes(out)


def bits(*numbers):
    """An integer with these bits set."""
    return sum(1 << n for n in set(numbers))


def bcd(value, digits):
    """A number as packed digits, the lowest first (M-Bus)."""
    return bytes.fromhex(("%0*d" % (digits, value))[-digits:])[::-1]


def ring(size, entries, entry_size):
    """(place of the last, bytes) of a circular list with room for ``size`` of all ``entries``."""
    out = bytearray(size * entry_size)
    count = len(entries)
    for number in range(max(0, count - size), count):
        put(out, number % size * entry_size, entries[number][:entry_size])
    return (count - 1) % size if count and size else 0, bytes(out)
