"""Replies with bytes of their own, and reads in pieces for a line that passes only short ones."""

from mep.events import Response


async def read(one, piece, table, count, offset):
    """As ``one(table, count, offset)``, ``piece`` bytes at a time, right after each other."""
    whole = _whole(bytearray(count))
    while whole.count < count:
        n = min(piece, count - whole.count)
        event = await one(table, n, offset + whole.count)
        if not isinstance(event, Response):
            return event
        n = whole.count + event.count
        whole.buf[whole.count : n] = event.buf[event.start : event.start + event.count]
        if event.count == 0:
            break
        whole.count = n
    return whole


def kept(event):
    """The Response ``event`` with its bytes in a buffer that the next read leaves alone."""
    whole = _whole(bytes(event.buf[event.start : event.start + event.count]))
    whole.count = event.count
    return whole


def _whole(buf):
    # An empty Response with a buffer of its own.
    event = Response()
    event.buf = buf
    event.start = 0
    return event
