"""The 8-byte digest that authenticates every MEP packet, both ways (guide, appendix A).

The state is 8 bytes and a position in a round of 192 steps: 24 key bytes (16, then the first 8
again) of 8 bits each, least significant bit first. Each step eats one message byte. A message
ends with zero bytes until the round is full. The state before that padding is kept, because a
reply's digest goes on from the request's.

`digest_viper` does the same steps in machine code where the interpreter can; `plain` is the
twin that runs everywhere and that tests compare it with.
"""

from shim import const

SIZE = const(8)
ROUND = const(192)

_POS = const(8)  # state: 8 bytes d, then the position, then the 24 key bytes of a round
_KEY = const(9)
_STATE = const(33)


def plain(state, buf, start, end):
    """Run the message bytes ``buf[start:end]`` through ``state``."""
    pos = state[_POS]
    for i in range(start, end):
        v = 7 - (pos & 7)
        old = state[v]
        n = ~(old + v) & 0xFF
        if state[_KEY + (pos >> 3)] >> (pos & 7) & 1:
            x = (n << 1) + (n >> 7)
        else:
            x = -((n >> 1) + (n << 7))
        # The byte written just before; at the start of a key byte that is d[0].
        state[v] = (x + state[(v + 1) & 7] + buf[i]) & 0xFF
        pos += 1
        if pos == ROUND:
            pos = 0
    state[_POS] = pos


try:
    from .digest_viper import steps
except (ImportError, SyntaxError, AttributeError):
    # CPython, or a port without a native code emitter.
    steps = plain

_ZEROS = bytes(ROUND)


class Digest:
    """Digest of one exchange under one key (16 bytes). Allocates nothing after construction."""

    def __init__(self, key):
        self._state = bytearray(_STATE)
        self._mark = bytearray(_STATE)
        self._end = bytearray(_STATE)
        for i in range(24):
            self._state[_KEY + i] = key[i & 15]
        self._copy(self._state, self._mark)

    def reset(self):
        """Start a new message."""
        state = self._state
        for i in range(_KEY):
            state[i] = 0

    def update(self, buf, start, end):
        """Add the message bytes ``buf[start:end]``."""
        steps(self._state, buf, start, end)

    def mark(self):
        """Keep the state before padding, to go on from it with a reply."""
        self._copy(self._state, self._mark)

    def rewind(self):
        """Go back to the state that `mark` kept."""
        self._copy(self._mark, self._state)

    def follows(self, buf, end):
        """True if ``buf[:end]`` and the digest behind it go on from what `mark` kept."""
        self.rewind()
        steps(self._state, buf, 0, end)
        return self.check(buf, end)

    def into(self, out, at):
        """Write the 8 digest bytes of the message so far to ``out[at:at + 8]``."""
        self._finish()
        end = self._end
        for i in range(SIZE):
            out[at + i] = end[i]

    def check(self, buf, at):
        """True if ``buf[at:at + 8]`` is the digest of the message so far.

        Where the message is a multiple of 192 bytes the guide's two ways of finishing differ by a
        round of zeros; a reply may use either.
        """
        whole = self._state[_POS] == 0
        self._finish()
        if self._same(buf, at):
            return True
        if whole:
            steps(self._end, _ZEROS, 0, ROUND)
            return self._same(buf, at)
        return False

    def _finish(self):
        self._copy(self._state, self._end)
        pos = self._end[_POS]
        if pos:
            steps(self._end, _ZEROS, 0, ROUND - pos)

    def _same(self, buf, at):
        end = self._end
        for i in range(SIZE):
            if end[i] != buf[at + i]:
                return False
        return True

    def _copy(self, source, target):
        # Index by index: a slice would allocate.
        for i in range(_STATE):
            target[i] = source[i]


def digest(key, message):
    """The digest of ``message`` (bytes) under ``key`` (16 bytes), as 8 bytes."""
    d = Digest(key)
    d.update(message, 0, len(message))
    out = bytearray(SIZE)
    d.into(out, 0)
    return bytes(out)
