"""The set-up access point and its name server; in memory only while it is open.

The name server says that every host is the module, so that a phone which looks whether this
network leads to the Internet comes to our page instead and shows it by itself.
"""

import asyncio
import os

from shim import const
from .hal import clock, udp

ADDRESS = "192.168.4.1"  # of the port's access point
PORT = 53
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # 32, none taken for another
_LENGTH = const(12)  # 60 bits
_AGAIN_MS = const(1000)
_OPEN_MS = const(300000)
_MOST_MS = const(1800000)  # if somebody is on it
_A = const(1)
_ANY = const(255)


def new_password():
    """A password for one module's access point, made from the chip's random numbers."""
    return "".join([_LETTERS[b & 31] for b in os.urandom(_LENGTH)])


class AccessPoint:
    """Opens the access point ``name``; ``close`` ends it."""

    def __init__(self, network, name, password, log):
        if len(password) < 8:  # the port would open it to everybody
            raise OSError("ap_password is missing")
        self._ap = ap = network.WLAN(network.AP_IF)
        ap.active(True)
        ap.config(ssid=name, security=network.AUTH_WPA2_PSK, key=password)
        self._log = log
        self._open = 0  # ms
        log("info", "set-up network %s is open" % name)
        self._task = asyncio.create_task(self._names())

    async def _names(self):
        while True:
            try:
                await udp.serve(PORT, answer)
            except OSError:  # no memory for a socket now
                await clock.sleep_ms(_AGAIN_MS)

    def over(self, passed, online):
        """True when its time is up, ``passed`` ms later; ``online``: there is a network."""
        self._open += passed
        most = 0 if online else _OPEN_MS
        if self._ap.isconnected():  # somebody is on it
            most = _MOST_MS
        return self._open >= most

    def close(self):
        """Close it."""
        self._log("info", "set-up network closed")
        self._task.cancel()
        self._ap.active(False)


def answer(query):
    """The reply to the DNS ``query`` (RFC 1035, chapter 4); None to what is not one question."""
    n = len(query)
    # An ordinary question: no answer, opcode 0, not cut; one question and no answers.
    if not 17 <= n <= 512 or query[2] & 0xFA or query[4:8] != b"\0\1\0\0":
        return None
    at = 12
    while query[at]:
        at += query[at] + 1
        if query[at - 1 : at] == b"" or at - 12 > 254 or at + 5 > n:
            return None
        if query[at] > 63:  # a pointer has no place in a question
            return None
    if query[12] > 63 or query[at + 3 : at + 5] != b"\0\1":
        return None
    kind = query[at + 1] << 8 | query[at + 2]
    found = kind in (_A, _ANY)
    head = query[:2] + bytes((0x84 | query[2] & 1, 0x80)) + b"\0\1\0" + bytes((found,))
    reply = head + b"\0\0\0\0" + query[12 : at + 5]
    if found:
        # The name is the question's; type A, class IN, ten seconds, four bytes.
        reply += b"\xc0\x0c\0\1\0\1\0\0\0\x0a\0\4"
        reply += bytes([int(part) for part in ADDRESS.split(".")])
    return reply
