"""Fields that are no plain numbers: text, flags, halves of bytes, times, versions, BCD."""

from binascii import hexlify, unhexlify

from mep.errors import LocalError
from .codec import read_text

_LENGTHS = {"time": 3, "ltime": 6, "stime": 5, "date": 2, "version": 2}
_WRITE = {
    "chars": "ASCII text of %d bytes",
    "raw": "hex digits of %d bytes",
    "ltime": "a time like 2024-03-28T16:20:00",
    "stime": "a time like 2024-03-28T16:20",
    "time": "a time of day like 16:20:00",
    "date": "a date like 2024-03-28",
    "version": "a version like 3.84.06",
}


def length_of(kind, n):
    """Bytes of a field; ``n`` is None if it is no array."""
    if kind == "chars" or kind == "raw":
        return n
    if kind == "flags":
        return n + 7 >> 3
    if kind == "u4":
        return n + 1 >> 1
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
        return [buf[at + (i >> 1)] >> 4 * (~i & 1) & 15 for i in range(n)]
    if n is None:
        return _text(bytes(buf[at : at + length]), kind)
    one = length_of(kind, None)
    return [_text(bytes(buf[i : i + one]), kind) for i in range(at, at + length, one)]


def data(value, kind, n, length):
    """The inverse of `value`: bytes; LocalError for what is not what `value` gives."""
    if kind == "flags" or kind == "u4":
        return _packed(value, kind, n, length)
    if n is None or kind == "chars" or kind == "raw":
        return _one(value, kind, length)
    if not isinstance(value, (list, tuple)) or len(value) != n:
        raise LocalError("must be a list of %d" % n)
    return b"".join([_one(v, kind, length // n) for v in value])


def _packed(values, kind, n, length):
    if not isinstance(values, (list, tuple)) or len(values) != n:
        raise LocalError("must be a list of %d" % n)
    out = bytearray(length)
    most = 1 if kind == "flags" else 15
    for i, v in enumerate(values):
        if not isinstance(v, (int, bool)) or not 0 <= v <= most:
            raise LocalError("write 0..%d" % most)
        if most == 1:
            out[i >> 3] |= int(v) << (i & 7)
        else:
            out[i >> 1] |= v << 4 * (~i & 1)
    return out


def _one(text, kind, length):
    found = None
    try:
        found = _bytes(text, kind, length)
        if len(found) != length or (text and kind in _LENGTHS and _text(found, kind) != text):
            found = None
    except (ValueError, IndexError, AttributeError, TypeError):
        pass
    if found is None:
        how = _WRITE.get(kind) or "%s digits" % kind[3:]
        raise LocalError("write " + (how % length if "%d" in how else how))
    return found


def _text(t, kind):
    # None if it is no time or date.
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


def _bytes(text, kind, length):
    if kind == "chars":
        for c in text:
            if not 32 <= ord(c) < 127:
                raise ValueError
        return text.encode() + bytes(length - len(text))
    if kind == "raw":
        return unhexlify(text)
    if kind == "version":
        major, minor, build = [int(p) for p in text.split(".")]
        return bytes([major << 4 | minor >> 3, (minor & 7) << 5 | build])
    if kind[0] == "b":
        return bytes([int(text[i : i + 2], 16) for i in range(2 * length - 2, -2, -2)])
    if text is None:
        # A time that is not set; midnight is a time of day.
        return (b"\xff" if kind == "time" else b"\0") * length
    parts = [int(p) for p in text.replace("T", "-").replace(":", "-").split("-")]
    if kind != "time":
        parts[0] -= 2000
    if kind == "date":
        v = parts[0] | parts[1] << 7 | parts[2] << 11
        return bytes([v & 255, v >> 8])
    return bytes(parts)
