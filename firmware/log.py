"""The log: a ring of the last lines, printed too, with every secret blotted out."""

from shim import const

_LINES = const(20)
_WIDTH = const(200)


class Log:
    """Call it with a level ("info", "warn", "error") and a text."""

    def __init__(self, secrets=(), show=print, lines=_LINES):
        # The longest first, so that a secret inside another leaves no rest of it.
        self._secrets = sorted([s for s in secrets if s], key=len, reverse=True)
        self._show = show
        self._ring = [None] * lines
        self._next = 0
        self._last = None

    def __call__(self, level, text):
        line = self.redact("%s: %s" % (level, text))[:_WIDTH]
        if line == self._last:
            return  # a fault that repeats says so once
        self._last = line
        self._ring[self._next] = line
        self._next = (self._next + 1) % len(self._ring)
        if self._show:
            self._show(line)

    def redact(self, text):
        """``text`` without any secret in it, nor a line break."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text.replace("\r", " ").replace("\n", " ")

    def lines(self):
        """The lines kept, oldest first."""
        ring = self._ring[self._next :] + self._ring[: self._next]
        return [line for line in ring if line is not None]
