"""A meter's end of the line in a few lines, for tests: it seals replies with the digest."""

from binascii import unhexlify

from mep.digest import Digest

KEY = b"\x01" * 16


def hexed(text):
    return unhexlify(text.replace(" ", ""))


def reply(packet, body, key=KEY):
    """The reply packet with ``body`` to the request ``packet`` (bytes, with its length)."""
    d = Digest(key)
    d.update(packet, 2, len(packet) - 8)
    d.update(body, 0, len(body))
    out = bytearray(2 + len(body) + 8)
    out[0] = (len(body) + 8) >> 8
    out[1] = (len(body) + 8) & 0xFF
    for i, b in enumerate(body):
        out[2 + i] = b
    d.into(out, 2 + len(body))
    return bytes(out)


def data_reply(packet, data, key=KEY):
    return reply(packet, bytes([0, len(data) >> 8, len(data) & 0xFF]) + data, key)


def feed(session, data):
    """Give ``data`` to the session; returns the list of events as (name, detail)."""
    session.receive(data, len(data))
    return events(session)


def events(session):
    found = []
    while True:
        e = session.next_event()
        if e is None:
            return found
        name = type(e).__name__
        if name == "Response":
            detail = None if e.repeated else bytes(e.buf[e.start : e.start + e.count])
        elif name == "Refused":
            detail = e.code
        elif name == "Failed":
            detail = e.reason
        else:
            detail = None
        found.append((name, detail))


def send(session):
    """What the session wants to send, as bytes; None if nothing."""
    view = session.data_to_send()
    return None if view is None else bytes(view)
