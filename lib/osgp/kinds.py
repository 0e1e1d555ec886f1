"""Fields that are no plain numbers: text, flags, halves of bytes, times, versions, BCD."""

from binascii import hexlify

from .codec import read_text

_LENGTHS = {"time": 3, "ldate": 3, "ltime": 6, "stime": 5, "date": 2, "version": 2}


def length_of(kind, n):
    """Bytes of a field; ``n`` is None if it is no array."""
    if kind == "chars" or kind == "raw":
        return n
    if kind == "flags":
        return n + 7 >> 3
    if kind == "u4":
        return (n >> 1) + 1
    one = _LENGTHS.get(kind) or int(kind[3:]) >> 1
    return one if n is None else n * one


def value(buf, at, kind, n, length):
    """What `osgp.fields` puts into the dict for ``length`` bytes at buf[at:]."""
    if kind == "chars":
        return read_text(buf, at, length)
    if kind == "raw":
        return hexlify(bytes(buf[at : at + length])).decode()
    if kind == "flags":
        return [bool(buf[at + (i >> 3)] >> (i & 7) & 1) for i in range(n)]
    if kind == "u4":
        return [buf[at + (i + 1 >> 1)] >> 4 * (i & 1) & 15 for i in range(n)]
    if n is None:
        return text_of(bytes(buf[at : at + length]), kind)
    one = length_of(kind, None)
    return [text_of(bytes(buf[i : i + one]), kind) for i in range(at, at + length, one)]


def text_of(t, kind):
    """The text of the bytes ``t``; None if they are no time or date."""
    if kind == "version":
        v = t[0] << 8 | t[1]
        return "%d.%02d.%02d" % (v >> 12, v >> 5 & 127, v & 31)
    if kind[0] == "b":
        return "".join(["%02x" % t[-1 - i] for i in range(len(t))])
    day = ""
    if kind == "date":
        v = t[1] << 8 | t[0]
        t = bytes((v & 127, v >> 7 & 15, v >> 11))
    if kind != "time":
        if t[0] > 99 or not 1 <= t[1] <= 12 or not 1 <= t[2] <= 31:
            return None
        day = "20%02d-%02d-%02d" % (t[0], t[1], t[2])
        t = t[3:]
    if t:
        if t[0] > 23 or max(t) > 59:
            return None
        day += ("T" if day else "") + ":".join(["%02d" % x for x in t])
    return day
