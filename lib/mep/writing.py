"""Requests that write (guide, table 2.6), loaded with the first of them: a reader sends none."""

from .errors import LocalError
from .requests import OVERHEAD, WRITE, WRITE_PART, u16, u24


def write(buf, at, table, data, offset=None):
    """Body of a write of ``data``, full without an ``offset``. Returns its length."""
    u16(buf, at + 1, table)
    head = 3
    buf[at] = WRITE
    if offset is not None:
        buf[at] = WRITE_PART
        u24(buf, at + 3, offset)
        head = 6
    n = len(data)
    if at + head + 2 + n + OVERHEAD - 2 > len(buf):
        raise LocalError("write of %d bytes does not fit into one request" % n)
    u16(buf, at + head, n)
    at += head + 2
    for i in range(n):
        buf[at + i] = data[i]
    return head + 2 + n
