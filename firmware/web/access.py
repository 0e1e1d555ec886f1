"""The administrator's password and the session of whoever wrote it; loaded only for the settings.

Only a salted hash is stored: PBKDF2 with HMAC-SHA256 (RFC 8018, 5.2), by hand because MicroPython
has no function for it, in slices because a second of it would stop the event loop.
"""

import os
from binascii import hexlify, unhexlify
from hashlib import sha256

from shim import const
from ..hal import clock

LEAST = const(8)
MOST = const(64)
_ROUNDS = const(
    1000
)  # half a second of the chip; what a flash dump costs its finder is 1000 times
_SLICE = const(20)
_KIND = "pbkdf2-sha256"
_FREE = const(5)  # wrong tries before each costs a pause
_MOST_WAIT_S = const(60)


async def make(password, rounds=_ROUNDS):
    """What to store for ``password``."""
    salt = os.urandom(16)
    digest = await derive(password, salt, rounds)
    return ":".join((_KIND, str(rounds), _hex(salt), _hex(digest)))


async def check(password, stored):
    """True if ``password`` is the one that `make` made ``stored`` of."""
    try:
        kind, rounds, salt, digest = stored.split(":")
        rounds = int(rounds)
        salt = unhexlify(salt)
    except ValueError:
        return False
    if kind != _KIND or not 0 < rounds <= 100 * _ROUNDS:
        return False
    return same(_hex(await derive(password, salt, rounds)), digest)


async def derive(password, salt, rounds):
    """The 32 bytes of PBKDF2."""
    key = password.encode()
    if len(key) > 64:
        key = sha256(key).digest()
    key += bytes(64 - len(key))
    inner = bytes([b ^ 0x36 for b in key])
    outer = bytes([b ^ 0x5C for b in key])
    block = salt + b"\0\0\0\1"
    total = 0
    for n in range(rounds):
        h = sha256(inner)
        h.update(block)
        g = sha256(outer)
        g.update(h.digest())
        block = g.digest()
        total ^= int.from_bytes(block, "big")
        if n % _SLICE == _SLICE - 1:
            await clock.sleep_ms(0)
    return total.to_bytes(32, "big")


def same(a, b):
    """True if two texts are equal, in a time that does not tell where they differ."""
    wrong = len(a) ^ len(b)
    for x, y in zip(a.encode(), b.encode()):
        wrong |= x ^ y
    return wrong == 0


def new_token():
    """A name for a session that nobody guesses."""
    return _hex(os.urandom(16))


class Door:
    """Lets in who knows the password behind ``stored``; ``token`` is an open session's.

    ``state``: [wrong tries, ticks until which no more is heard, whether one is heard now], a list
    that may outlive this.
    """

    def __init__(self, stored, token=None, state=None):
        self.stored = stored
        self.token = token
        self._state = [] if state is None else state
        if not self._state:
            self._state += [0, clock.ticks_ms(), False]

    def wait_s(self):
        """Seconds until the next try is heard, 0 if it may come now."""
        left = clock.ticks_diff(self._state[1], clock.ticks_ms())
        if left > _MOST_WAIT_S * 1000:  # the ticks went half around meanwhile
            left = 0
        return max(0, -(-left // 1000))

    async def enter(self, password):
        """A token for ``password``, or None: it is wrong, or it is too early for another try."""
        state = self._state
        if state[2] or self.wait_s() or not self.stored or len(password) > MOST:
            return None
        state[2] = True
        try:
            good = await check(password, self.stored)
        finally:
            state[2] = False
        if good:
            state[0] = 0
            self.token = new_token()
            return self.token
        state[0] += 1
        if state[0] >= _FREE:
            pause = min(_MOST_WAIT_S, 1 << min(state[0] - _FREE, 6))
            state[1] = clock.ticks_add(clock.ticks_ms(), pause * 1000)
        return None

    def knows(self, req):
        """True if the request belongs to the open session."""
        if not self.token:
            return False
        for part in req.headers.get("cookie", "").split(";"):
            name, _, value = part.strip().partition("=")
            if name == "mep" and same(value, self.token):
                return True
        return False


def cookie(token):
    """The header that makes a browser keep ``token``."""
    return "mep=%s; Path=/; HttpOnly; SameSite=Strict" % token


def _hex(data):
    return hexlify(data).decode()
