"""The time from NTP servers (RFC 5905); loaded only while it is asked for."""

import os

from shim import const
from .hal import clock, net, udp

_PORT = const(123)
_TIMEOUT_MS = const(3000)
_SIZE = const(48)
_TO_1970 = 2208988800  # seconds from NTP's first second, 1900, to ours
_ERA = 1 << 32  # NTP's count begins anew in February 2036
_PLAUSIBLE = 1704067200  # 2024-01-01
_LAST = 4102444800  # 2100-01-01: no module lives so long


async def sync(servers, set_clock, told, log):
    """Ask the hosts ``servers`` (text with commas) in turn; gives the one that answers.

    ``set_clock(seconds since 1970, ms)`` takes the time; ``log`` hears of a server that is not the
    one ``told`` of. Raises OSError.
    """
    why = "there is no time server"
    for server in servers.replace(",", " ").split():
        try:
            seconds, ms = await ask(server)
        except OSError as e:
            why = "%s: %s" % (server, net.words(e))
            continue
        set_clock(seconds, ms)
        if server != told:
            log("info", "time: %s by %s" % (clock.iso(seconds), server))
        return server
    raise OSError(why)


async def ask(server, port=_PORT, timeout_ms=_TIMEOUT_MS):
    """The time as (seconds since 1970, milliseconds) by ``server``. Raises OSError."""
    address = await net.resolve(server)
    # Random bytes stand where our own time would: the reply repeats them, which only who saw the
    # question can, and nobody learns our clock.
    nonce = os.urandom(8)
    query = b"\x23" + bytes(39) + nonce  # version 4, mode client
    sent = clock.ticks_ms()
    to = [(address, port)]
    # Once only: servers refuse those who ask too often.
    found = await udp.ask(
        to, query, timeout_ms, lambda reply: read(reply, nonce), False, timeout_ms
    )
    if not found:
        raise OSError("no usable answer")
    # The reply is half a round trip old.
    ms = found[1] + clock.ticks_diff(clock.ticks_ms(), sent) // 2
    return found[0] + ms // 1000, ms % 1000


def read(reply, nonce):
    """(seconds since 1970, milliseconds) of a server's ``reply``; None if it is no good."""
    if len(reply) < _SIZE or reply[24:32] != nonce:
        return None
    leap, version, mode = reply[0] >> 6, reply[0] >> 3 & 7, reply[0] & 7
    # A server whose own clock is not set says leap 3 or stratum 0 (also "do not ask me") or 16.
    if mode != 4 or version not in (3, 4) or leap == 3 or not 1 <= reply[1] <= 15:
        return None
    seconds = reply[40] << 24 | reply[41] << 16 | reply[42] << 8 | reply[43]
    if seconds == 0:  # the server does not know
        return None
    seconds -= _TO_1970
    if seconds < 0:
        seconds += _ERA
    if not _PLAUSIBLE <= seconds < _LAST:
        return None
    return seconds, (reply[44] << 8 | reply[45]) * 1000 >> 16
