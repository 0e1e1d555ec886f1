"""C12.18 requests as the MEP port takes them (guide, tables 2.6 and 2.7), and the reply codes.

Every number of a request's head is most significant byte first; table data is the other way round
and passes through here untouched.
"""

from shim import const

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


def read(buf, at, table, count, offset=None):
    """Body of a read of ``count`` bytes, full without an ``offset``. Returns its length."""
    u16(buf, at + 1, table)
    if offset is None:
        buf[at] = READ
        u16(buf, at + 3, count)
        return 5
    buf[at] = READ_PART
    u24(buf, at + 3, offset)
    u16(buf, at + 6, count)
    return 8


def seal(buf, size, high, low, digest):
    """Complete the packet whose body of ``size`` bytes is at ``buf[2:]``; returns its length.

    The sequence number comes as two halves of 16 bits, because a 32-bit number would live on the
    chip's heap. ``digest`` (a `mep.digest.Digest`) is left marked, ready to go on over the reply.
    """
    u16(buf, 0, size + 12)
    at = 2 + size
    u16(buf, at, high)
    u16(buf, at + 2, low)
    digest.reset()
    digest.update(buf, 2, at + 4)
    digest.mark()
    digest.into(buf, at + 4)
    return at + 12


def u16(buf, at, value):
    """Write ``value`` at buf[at:], most significant byte first."""
    buf[at] = value >> 8 & 0xFF
    buf[at + 1] = value & 0xFF


def u24(buf, at, value):
    """As `u16`, in three bytes."""
    buf[at] = value >> 16 & 0xFF
    u16(buf, at + 1, value)
