"""Table data as values: little-endian integers, and any table that `osgp.tables` declares.

What the live poll needs is here; the interpreter of the declarations (`osgp.fields`) is loaded
with the first call that needs it.
"""

from shim import const

_EXTENDED = const(2048)
_PENDING = const(4096)


def read_i32s(buf, start, count, put):
    """Call ``put(i, value)`` for each whole i32 (NI_FMAT1) in ``count`` bytes at buf[start:].

    The last bytes of an incomplete one are left. Does not allocate for values of up to 31 bits.
    """
    at = start
    for i in range(count >> 2):
        # The sign comes first, so that nothing on the way is wider than the value itself.
        value = buf[at + 3]
        if value & 0x80:
            value -= 0x100
        put(i, value << 24 | buf[at + 2] << 16 | buf[at + 1] << 8 | buf[at])
        at += 4


def read_text(buf, start, size):
    """The ASCII in ``size`` bytes at buf[start:] up to NUL, spaces cut off; `?` for junk."""
    text = ""
    for i in range(start, start + size):
        c = buf[i]
        if c == 0:
            break
        text += chr(c) if 32 <= c < 127 else "?"
    return text.strip()


def table_name(number):
    """2051 -> "ET03"; pending tables (+ 4096) are told as such."""
    name = "%s%02d" % ("ET" if number & _EXTENDED else "BT", number & (_EXTENDED - 1))
    return "pending " + name if number & _PENDING else name


def table_number(name):
    """ "ET03" -> 2051, in any case; raises LocalError with the nearest names if not declared."""
    from .names import table_number as number

    return number(name)


def decode(table, buf, start, count, dims):
    """dict of field name to value for ``count`` bytes at buf[start:], the beginning of ``table``.

    Integers stay as sent, times become ISO text, an array becomes a list. Raises TableError for
    bytes that do not fill the declaration, LocalError for a table that is not declared.
    """
    from .fields import Reader

    values = {}
    Reader(table, dims, buf, start, count).block(0, 0, values)
    return values


def encode(table, values, dims):
    """The table's bytes for a dict like `decode` returns; LocalError for a value that is wrong."""
    from . import writer

    return writer.encode(table, values, dims)


def size(table, dims):
    """Bytes from the table's beginning to the end of its last declared field."""
    from . import sizes

    return sizes.size(table, dims)
