"""A meter that answers `osgp.machine`s, and bytes laid out by hand."""

from osgpkit import GEN3, learn, tables

MOST = 465


def laid(size, parts):
    """Zeros of that size with bytes, or one byte, at offsets."""
    data = bytearray(size)
    for at in parts:
        part = parts[at] if isinstance(parts[at], bytes) else bytes([parts[at]])
        data[at : at + len(part)] = part
    assert len(data) == size, "a part is beyond the end"
    return bytes(data)


def le(value, size):
    """``size`` bytes, LSB first."""
    return bytes([value >> 8 * i & 255 for i in range(size)])


def meter(version=GEN3, **more):
    """Dims after the start-up read of a meter of that firmware."""
    return learn(tables(version, **more))


def run(machine, has, change=None):
    """Drive ``machine`` against ``has`` (dict of table to bytes) to its end; what it read.

    ``change(n, table, offset)`` is called before the n-th answer: there a log may grow.
    """
    read = []
    for n in range(400):
        want = machine.next_read()
        if want is None:
            return read
        # Asked again after a fault it wants the same.
        assert machine.next_read() == want
        table, offset, count = want
        assert 0 < count <= MOST
        if change:
            change(n, table, offset)
        read.append(want)
        if table not in has:
            machine.absent(table)
        else:
            data = bytes(has[table][offset : offset + count])
            machine.learn(table, b"\xee" * 3 + data + b"\xee" * 5, 3, len(data))
    raise AssertionError("it does not end")
