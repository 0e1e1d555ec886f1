"""C12.18 requests as the MEP port takes them (guide, tables 2.6 and 2.7), and the reply codes.

Every number of a request's head is most significant byte first; table data is the other way round
and passes through here untouched.
"""

from shim import const
from .errors import LocalError

READ = const(0x30)
READ_PART = const(0x3F)
WRITE = const(0x40)
WRITE_PART = const(0x4F)

OK = const(0x00)
NO_PERMISSION = const(0x03)
NOT_POSSIBLE = const(0x04)
NO_TABLE_OPERATION = const(0x05)
AUTHENTICATION = const(0x0B)
SEQUENCE = const(0x0C)

MAX_DATA = const(465)  # what fits into one reply: 476 - code - count - digest
OVERHEAD = const(14)  # length, sequence number, digest around a request's body

# From 0x01, one text: tuples and strings of their own would take three times as much of the heap.
_NAMES = (
    "unrecognised request,unsupported request,no permission,operation not possible,"
    "table operation not possible,,,,,no TLS session,authentication failed,wrong sequence number"
)


def code_name(code):
    """The name of a reply code (int)."""
    names = _NAMES.split(",")
    name = names[code - 1] if 0 < code <= len(names) else ""
    return name or "unknown code 0x%02X" % code


def read_full(buf, at, table, count):
    """Body of a full read; ``count`` is the largest reply wanted. Returns its length."""
    buf[at] = READ
    _u16(buf, at + 1, table)
    _u16(buf, at + 3, count)
    return 5


def read_part(buf, at, table, offset, count):
    """Body of a partial read of ``count`` bytes from ``offset``. Returns its length."""
    buf[at] = READ_PART
    _u16(buf, at + 1, table)
    _u24(buf, at + 3, offset)
    _u16(buf, at + 6, count)
    return 8


def write_full(buf, at, table, data):
    """Body of a full write. Returns its length."""
    buf[at] = WRITE
    _u16(buf, at + 1, table)
    return _data(buf, at, 3, data)


def write_part(buf, at, table, offset, data):
    """Body of a write of ``data`` at ``offset``. Returns its length."""
    buf[at] = WRITE_PART
    _u16(buf, at + 1, table)
    _u24(buf, at + 3, offset)
    return _data(buf, at, 6, data)


def read(buf, at, table, count, offset=None):
    """Body of a read, full without an ``offset``. Returns its length."""
    if offset is None:
        return read_full(buf, at, table, count)
    return read_part(buf, at, table, offset, count)


def write(buf, at, table, data, offset=None):
    """Body of a write, full without an ``offset``. Returns its length."""
    if offset is None:
        return write_full(buf, at, table, data)
    return write_part(buf, at, table, offset, data)


def seal(buf, size, high, low, digest):
    """Complete the packet whose body of ``size`` bytes is at ``buf[2:]``; returns its length.

    The sequence number comes as two halves of 16 bits, because a 32-bit number would live on the
    chip's heap. ``digest`` (a `mep.digest.Digest`) is left marked, ready to go on over the reply.
    """
    _u16(buf, 0, size + 12)
    at = 2 + size
    _u16(buf, at, high)
    _u16(buf, at + 2, low)
    digest.reset()
    digest.update(buf, 2, at + 4)
    digest.mark()
    digest.into(buf, at + 4)
    return at + 12


def _data(buf, at, head, data):
    n = len(data)
    if at + head + 2 + n + OVERHEAD - 2 > len(buf):
        raise LocalError("write of %d bytes does not fit into one request" % n)
    _u16(buf, at + head, n)
    at += head + 2
    for i in range(n):
        buf[at + i] = data[i]
    return head + 2 + n


def _u16(buf, at, value):
    buf[at] = value >> 8 & 0xFF
    buf[at + 1] = value & 0xFF


def _u24(buf, at, value):
    buf[at] = value >> 16 & 0xFF
    _u16(buf, at + 1, value)
