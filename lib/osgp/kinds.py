"""Fields that are shown as text (times, dates, versions, BCD), read and written."""

from mep.errors import LocalError

WRITE = {
    "chars": "ASCII text",
    "raw": "hex digits",
    "ltime": "a time like 2024-03-28T16:20:00",
    "stime": "a time like 2024-03-28T16:20",
    "time": "a time of day like 16:20:00",
    "date": "a date like 2024-03-28",
    "version": "a version like 3.84.06",
}


def text_of(buf, at, kind, length):
    """The text of ``length`` bytes at buf[at:], None if they are no time or date."""
    t = bytes(buf[at : at + length])
    if kind == "version":
        v = t[0] << 8 | t[1]
        return "%d.%02d.%02d" % (v >> 12, v >> 5 & 127, v & 31)
    if kind[0] == "b":
        return "".join(["%02x" % t[-1 - i] for i in range(length)])
    day = clock = ""
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
        clock = ":".join(["%02d" % x for x in t])
    return "T".join([part for part in (day, clock) if part])


def bytes_of(text, kind, length):
    """The inverse of `text_of`; LocalError for a text that it would not give."""
    data = None
    try:
        data = _bytes(text, kind, length)
    except (ValueError, IndexError, AttributeError, TypeError):
        pass
    if data is None or len(data) != length or (text and text_of(data, 0, kind, length) != text):
        raise LocalError("write %s" % (WRITE.get(kind) or "%d digits" % (2 * length)))
    return data


def _bytes(text, kind, length):
    if text is None and kind != "version" and kind[0] != "b":
        return bytes(length)  # a time that is not set
    if kind == "version":
        major, minor, build = [int(p) for p in text.split(".")]
        return bytes([major << 4 | minor >> 3, (minor & 7) << 5 | build])
    if kind[0] == "b":
        return bytes([int(text[i : i + 2], 16) for i in range(2 * length - 2, -2, -2)])
    parts = [int(p) for p in text.replace("T", "-").replace(":", "-").split("-")]
    if kind == "date":
        v = parts[0] - 2000 | parts[1] << 7 | parts[2] << 11
        return bytes([v & 255, v >> 8])
    if kind != "time":
        parts[0] -= 2000
    return bytes(parts)
