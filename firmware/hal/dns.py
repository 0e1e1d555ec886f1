"""Host names by our own UDP queries (RFC 1035), because the interpreter's would block the loop."""

import os

from shim import const
from . import udp

MDNS = ("224.0.0.251", 5353)
_NXDOMAIN = const(3)


async def ask(host, to, timeout_ms):
    """IPv4 address (str) of ``host`` by asking ``to`` (list of (address, port)) in turn.

    The form of the messages is in RFC 1035, chapter 4. Raises OSError.
    """
    query = question(host, to[0] == MDNS)
    # A multicast query is answered by whoever has the name.
    address = await udp.ask(
        to, query, timeout_ms, lambda reply: answer(reply, query), to[0] == MDNS
    )
    if address is None:
        raise OSError("no name server answers for %s" % host)
    if not address:
        raise OSError("there is no host %s" % host)
    return address


def question(host, multicast=False):
    """The query (bytes) for the IPv4 address of ``host``. Raises OSError if it is no host name."""
    query = bytearray(os.urandom(2))
    query += b"\0\0\0\1\0\0\0\0\0\0" if multicast else b"\1\0\0\1\0\0\0\0\0\0"
    for label in host.encode().split(b"."):
        if not 0 < len(label) < 64:
            raise OSError("%s is not a host name" % host)
        query.append(len(label))
        query += label
    # The high bit asks a multicast responder to answer to us alone (RFC 6762, 5.4).
    query += b"\0\0\1\x80\1" if multicast else b"\0\0\1\0\1"
    return bytes(query)


def answer(reply, query):
    """IPv4 address (str) in ``reply``, "" if the host has none, None if it does not answer."""
    if len(reply) < 12 or reply[:2] != query[:2] or not reply[2] & 0x80:
        return None
    if reply[3] & 15:
        return "" if reply[3] & 15 == _NXDOMAIN else None
    try:
        at = 12
        for _ in range(reply[5]):
            at = _after_name(reply, at) + 4
        for _ in range(reply[7]):
            at = _after_name(reply, at)
            length = reply[at + 8] << 8 | reply[at + 9]
            # Type A, class IN (its high bit is a flag of multicast answers), four bytes.
            if reply[at : at + 2] == b"\0\1" and reply[at + 3] == 1 and length == 4:
                at += 10
                return "%d.%d.%d.%d" % (reply[at], reply[at + 1], reply[at + 2], reply[at + 3])
            at += 10 + length
    except IndexError:
        return None
    return ""


def _after_name(data, at):
    while True:
        n = data[at]
        if n >= 0xC0:  # a pointer ends a name
            return at + 2
        at += n + 1
        if n == 0:
            return at
