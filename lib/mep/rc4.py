"""The optional RC4 of MEP packets, requests and replies (guide, "RC4 Encryption", appendix B).

Body and sequence number are encrypted after the digest over their plain text was made; length and
digest stay clear. The reply goes on with the request's keystream. RC4 is its own inverse.

`rc4_viper` does the same steps in machine code where the interpreter can; `plain_schedule` and
`plain_crypt` are the twins that run everywhere. Imported only under a configuration that says so.
"""

from shim import const

_STATE = const(258)  # the permutation, then x and y
_X = const(256)
_Y = const(257)
_KEY = const(16)
_MIXED = const(8)  # the first bytes of a packet's key hold its digest too

_FIXED = b"\x38\x8b\x8f\xbc\x36\xa8\x55\x85\x87\xaf\xc9\x0f\xb2\x3a\x3b\x99"


def plain_schedule(state, key):
    """Make ``state`` (258 bytes) ready for ``key`` (16 bytes)."""
    for i in range(_X):
        state[i] = i
    y = 0
    for i in range(_X):
        s = state[i]
        y = (y + s + key[i & 15]) & 0xFF
        state[i] = state[y]
        state[y] = s
    state[_X] = state[_Y] = 0


def plain_crypt(state, buf, start, end):
    """Run ``buf[start:end]`` through the cipher, in place."""
    x = state[_X]
    y = state[_Y]
    for i in range(start, end):
        x = (x + 1) & 0xFF
        s = state[x]
        y = (y + s) & 0xFF
        t = state[y]
        state[x] = t
        state[y] = s
        buf[i] ^= state[(s + t) & 0xFF]
    state[_X] = x
    state[_Y] = y


def plain_copy(source, target):
    """Copy a state. Index by index: a slice would allocate."""
    for i in range(_STATE):
        target[i] = source[i]


try:
    from .rc4_viper import copy, crypt, schedule
except (ImportError, SyntaxError, AttributeError):
    # CPython, or a port without a native code emitter.
    copy, schedule, crypt = plain_copy, plain_schedule, plain_crypt


class Cipher:
    """Encryption of exchanges under one key (16 bytes). Allocates nothing after construction."""

    def __init__(self, key):
        self._state = bytearray(_STATE)
        self._try = bytearray(_STATE)  # after this try's request
        self._before = bytearray(_STATE)  # after that of the try before
        self._base = bytearray(_FIXED)
        self._key = bytearray(_KEY)
        schedule(self._state, key)
        crypt(self._state, self._base, 0, _KEY)

    def seal(self, buf, size):
        """Encrypt a sealed request packet in place, or decrypt it again.

        ``size`` is its body's length; body and sequence number begin at ``buf[2]``.
        """
        key, base = self._key, self._base
        end = size + 6
        for i in range(_KEY):
            key[i] = base[i] ^ buf[end + i] if i < _MIXED else base[i]
        schedule(self._state, key)
        crypt(self._state, buf, 2, end)
        # Decrypting again leaves the same state in both, so that the next try finds its own.
        self._try, self._before = self._before, self._try
        copy(self._state, self._try)

    def turn(self, buf, end, older=False):
        """Decrypt the reply body ``buf[:end]`` to this try (or the older one); twice undoes it."""
        copy(self._before if older else self._try, self._state)
        crypt(self._state, buf, 0, end)
