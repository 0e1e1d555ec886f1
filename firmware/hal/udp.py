"""Questions and answers by UDP; loaded only for names, the time and the set-up network."""

import socket

from shim import const
from .clock import sleep_ms, ticks_diff, ticks_ms
from .dial import entry

_MOST = const(512)
_TICK_MS = const(10)
_RESEND_MS = 700
_BETWEEN_MS = const(2)


async def ask(to, query, timeout_ms, take, anybody=False, resend_ms=_RESEND_MS):
    """Send ``query`` to ``to`` (list of (address, port)) in turn until one of them answers.

    Gives what ``take(reply)`` makes of the first reply for which that is not None; None if there
    is none in time. ``anybody`` may answer. Raises OSError if there is no network.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        begin = ticks_ms()
        tries = 0
        server = None
        while ticks_diff(ticks_ms(), begin) < timeout_ms:
            if ticks_diff(ticks_ms(), begin) >= tries * resend_ms:
                where = to[tries % len(to)]
                server = entry(where[0], where[1], socket.SOCK_DGRAM)[-1]
                sock.sendto(query, server)
                tries += 1
            await sleep_ms(_TICK_MS)
            try:
                reply, source = sock.recvfrom(_MOST)
            except OSError:  # nothing yet
                continue
            if anybody or source == server:
                found = take(reply)
                if found is not None:
                    return found
    finally:
        sock.close()
    return None


async def serve(port, answer, address="0.0.0.0"):
    """Answer each packet with ``answer(packet)`` (bytes, or None for nothing) until cancelled."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.bind(entry(address, port, socket.SOCK_DGRAM)[-1])
        while True:
            try:
                data, source = sock.recvfrom(_MOST)
            except OSError:  # nothing there
                await sleep_ms(_TICK_MS)
                continue
            reply = answer(data)
            if reply:
                try:
                    sock.sendto(reply, source)
                except OSError:  # who asked is gone
                    pass
            # Who floods us leaves time for the page.
            await sleep_ms(_BETWEEN_MS)
    finally:
        sock.close()
