"""The inverse of `osgp.kinds`: the bytes of what is no plain number, for `osgp.writer`."""

from binascii import unhexlify

from mep.errors import LocalError
from .kinds import text_of

_WRITE = {
    "chars": "ASCII text of %d bytes",
    "raw": "hex digits of %d bytes",
    "ltime": "a time like 2024-03-28T16:20:00",
    "stime": "a time like 2024-03-28T16:20",
    "time": "a time of day like 16:20:00",
    "ldate": "a date like 2024-03-28",
    "date": "a date like 2024-03-28",
    "version": "a version like 3.84.06",
}


def data_of(value, kind, n, length):
    """Bytes for what `osgp.kinds.value` gives; LocalError for anything else."""
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
            out[i + 1 >> 1] |= v << 4 * (i & 1)
    return out


def _one(text, kind, length):
    found = None
    try:
        found = _bytes(text, kind, length)
        shown = text and kind != "chars" and kind != "raw"
        if len(found) != length or (shown and text_of(found, kind) != text):
            found = None
    except (ValueError, IndexError, AttributeError, TypeError):
        pass
    if found is None:
        how = _WRITE.get(kind) or "%s digits" % kind[3:]
        raise LocalError("write " + (how % length if "%d" in how else how))
    return found


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
