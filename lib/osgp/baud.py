"""Another rate of the MEP line (ET13, MAK, firmware 4.0), with a way back (MEP guide p. 20, 81).

Interface: `BaudChange(version, rate, now, entry)` is a machine like `osgp.calls.Call`. Before each
request the line must run at ``rate`` and ``wait_ms`` must have passed; after it tell `learn`,
`written`, `refused`, `absent`, or `failed` where nothing was heard. It ends with ``outcome``
CHANGED, KEPT (the old rate, and the meter agrees) or LOST, ``text`` says why. It needs the gate
for up to ``WRITES`` writes before it begins: the way back must not be held up by it.

The meter changes right after its reply to the write. The new rate stays only if it is heard there
three times running; else the old rate is put back, at whichever rate the meter can be heard.
"""

from mep.errors import LocalError
from shim import const
from .codec import table_name

CHANGED = "changed"
KEPT = "kept"
LOST = "lost"
WRITES = const(3)

# Codes 1 to 12 of ET13; 0 is 9600 as well. The meter promises nothing above 9600.
RATES = (9600, 300, 600, 1200, 2400, 4800, 9600, 14400, 19200, 28800, 38400, 57600, 115200)

_ET11 = const(2059)
_ET13 = const(2061)
_RATE = const(6)  # in the entry
_TRIALS = const(6)
_GOOD = const(3)
_LOOKS = const(12)
_SETTLE_MS = const(200)


class BaudChange:
    """From the rate ``now`` to ``wanted``; ``entry`` of ET13: `osgp.port.Port.entry`."""

    def __init__(self, version, wanted, now=9600, entry=4):
        if wanted not in RATES or now not in RATES:
            rates = ", ".join([str(rate) for rate in sorted(set(RATES))])
            raise LocalError("baud: write one of %s" % rates)
        if version is None or version < (4, 0):
            raise LocalError("baud: only meters with firmware 4.0 or newer go above 9600")
        self.rate = now
        self.wait_ms = 0
        self.outcome = None
        self.text = ""
        self._old = now
        self._new = wanted
        self._code = RATES.index(wanted, 1)
        self._before = None  # what ET13 said
        self._at = None
        self._entry = entry
        self._refusal = None
        self._steps = self._run()
        self._step = next(self._steps)

    @property
    def done(self):
        """True when there is nothing left to do."""
        return self._step is None

    def next_read(self):
        """(table, offset, count) to read, or None."""
        step = self._step
        return step if step and isinstance(step[2], int) else None

    def next_write(self):
        """(table, offset, data) to write, or None."""
        step = self._step
        return step if step and not isinstance(step[2], int) else None

    def learn(self, table, buf, start, count):
        """Take the reply to `next_read`."""
        self._advance(table, bytes(buf[start : start + count]))

    def written(self, table, repeated=False):
        """The meter has taken what `next_write` gave."""
        self._advance(table, True)

    def failed(self, table):
        """Nothing was heard that can be believed."""
        self._refusal = None
        self._advance(table, None)

    def refused(self, table, code):
        """The meter answered ``code``: it is heard, at least."""
        self._refusal = code
        self._advance(table, b"")

    def absent(self, table):
        """The meter does not have ``table``."""
        self.refused(table, 5)

    def _advance(self, table, result):
        if self._step is None or table != self._step[0]:
            raise LocalError("%s was not asked for" % table_name(table))
        try:
            self._step = self._steps.send(result)
        except StopIteration:
            self._step = None
            self.wait_ms = 0

    def _end(self, outcome, text):
        self.outcome = outcome
        self.text = "baud: " + text

    def _run(self):
        data = yield _ET11, 0, 2
        if data is None:
            return self._end(KEPT, "the meter is not heard")
        if len(data) < 2 or data[0] <= self._entry or data[1] <= _RATE:
            return self._end(KEPT, "the meter tells of no such MEP client in ET11")
        self._at = self._entry * data[1] + _RATE
        data = yield _ET13, self._at, 1
        if not data or data[0] >= len(RATES) or RATES[data[0]] != self._old:
            return self._end(KEPT, "ET13 does not say %d" % self._old)
        self._before = data[0]
        if self._old == self._new:
            return self._end(CHANGED, "it is %d already" % self._new)
        result = yield _ET13, self._at, bytes((self._code,))
        if result == b"":
            return self._end(KEPT, "the meter refuses it: 0x%02X" % self._refusal)
        # Without a reply the meter may have changed all the same.
        self._go(self._new)
        heard = yield from self._try()
        if self.outcome is None:
            yield from self._back(heard)

    def _go(self, rate):
        self.rate = rate
        self.wait_ms = _SETTLE_MS

    def _try(self):
        # Whether it was heard at the new rate at all.
        good = 0
        heard = False
        for _ in range(_TRIALS):
            data = yield _ET13, self._at, 1
            self.wait_ms = 0
            if data is None:
                good = 0
                continue
            heard = True
            good += 1
            if good == _GOOD and data == bytes((self._code,)):
                self._end(CHANGED, "the line runs at %d" % self._new)
                break
        return heard

    def _back(self, heard):
        # Look at both rates in turn, beginning where it was heard, and write the old rate there.
        if not heard:
            self._go(self._old)
        writes = WRITES - 1
        for _ in range(_LOOKS):
            data = yield _ET13, self._at, 1
            if data is not None:
                if self.rate == self._old and data == bytes((self._before,)):
                    return self._end(KEPT, "%d was not heard well; back at %d" % self._rates())
                if writes:
                    writes -= 1
                    yield _ET13, self._at, bytes((self._before,))
                    self._go(self._old)
                    continue
            self._go(self._old if self.rate == self._new else self._new)
        self._go(self._old)
        self._end(
            LOST, "the meter is heard neither at %d nor at %d; try both later" % self._rates()
        )

    def _rates(self):
        return self._new, self._old
