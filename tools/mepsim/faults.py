"""What goes wrong on a line, by seeded chance; every fault is counted and logged with its time.

Rates are per request or reply, from 0 to 1, and may be set at any time. Each is drawn on its own,
so several may meet.
"""

import math
import random
from collections import deque

RATES = {
    "deaf": "a request is not heard",
    "wrong_key": "a request is treated as if its key were wrong",
    "silence": "after a request, nothing is heard or said for silence_ms",
    "lost": "a reply does not arrive",
    "late": "a reply comes late_ms (up to twice that) late",
    "length": "a reply's length field lies",
    "damaged": "one to three bytes of a reply are wrong",
    "dropped": "one byte of a reply is missing",
    "cut": "a reply stops short",
    "doubled": "a reply comes twice",
    "garbage": "bytes that are none of the meter's come before a reply",
    "ber": "bit error rate of both directions",
}
NUMBERS = {
    "late_ms": "how late a late reply is",
    "silence_ms": "how long a silence is",
    "seq_jump": "the sequence number jumps by 25 every so many requests (0: never)",
    "idt_change": "the meter's interface changes every so many requests (0: never)",
}
_LOG = 200000
_MOST = 1e9
_LARGEST_GARBAGE = 24


class Faults:
    """Set rates as attributes or keywords. ``counts``: dict; ``log``: (ms, kind, detail)."""

    def __init__(self, seed=0, **settings):
        self.counts = dict.fromkeys(RATES, 0)
        self.counts.update(seq_jump=0, idt_change=0)
        self.log = deque(maxlen=_LOG)
        self.seq_jump = 0
        self.idt_change = 0
        self.late_ms = 600
        self.silence_ms = 5000
        self._random = random.Random(seed)
        self._ber = 0.0
        self._skip = 0  # good bits until the next wrong one
        for name in RATES:
            setattr(self, name, 0.0)
        self.set(**settings)

    def set(self, **settings):
        """Set rates and numbers by name. Raises ValueError that says what can be written."""
        for name, value in settings.items():
            if name in RATES:
                if not 0 <= value <= 1:
                    raise ValueError("fault %s: a rate is from 0 to 1" % name)
            elif name not in NUMBERS:
                known = ", ".join((*RATES, *NUMBERS))
                raise ValueError("fault %s: unknown; write one of %s" % (name, known))
            elif not (0 <= value < _MOST and value == int(value)):
                raise ValueError("fault %s: write a whole number" % name)
            setattr(self, name, value if name in RATES else int(value))

    @property
    def ber(self):
        """Chance of each bit to be wrong."""
        return self._ber

    @ber.setter
    def ber(self, rate):
        self._ber = rate
        self._skip = self._distance() if rate else 0

    def note(self, kind, ms, detail=""):
        """Count and log a fault."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.log.append((ms, kind, detail))

    def hit(self, kind, ms):
        """True if the fault ``kind`` happens now."""
        rate = getattr(self, kind)
        if not rate or self._random.random() >= rate:
            return False
        self.note(kind, ms)
        return True

    def due(self, kind, requests, ms):
        """True if ``requests`` is a number at which ``kind`` (a count) happens."""
        every = getattr(self, kind)
        if not every or requests % every:
            return False
        self.note(kind, ms)
        return True

    def corrupt(self, data, ms, direction):
        """``data`` as the line delivers it; ``direction`` is ``>`` or ``<``."""
        if not self._ber:
            return data
        bits = 8 * len(data)
        if self._skip >= bits:
            self._skip -= bits
            return data
        out = bytearray(data)
        while self._skip < bits:
            out[self._skip >> 3] ^= 1 << (self._skip & 7)
            self.note("ber", ms, direction)
            self._skip += 1 + self._distance()
        self._skip -= bits
        return bytes(out)

    def reply(self, packet, ms):
        """What becomes of a reply: a list of (pause before it in ms, bytes)."""
        if self.hit("lost", ms):
            return []
        pause = 0.0
        if self.hit("late", ms):
            pause = self.late_ms * (1 + self._random.random())
        data = self._spoil(packet, ms)
        pieces = [(pause, data)]
        if self.hit("doubled", ms):
            pieces.append((self._random.choice((0.0, 5.0, 60.0, 250.0)), data))
        if self.hit("garbage", ms):
            size = self._random.randint(1, _LARGEST_GARBAGE)
            gap = self._random.choice((0.0, 5.0, 60.0, 250.0))
            pieces = [(pause, self._random.randbytes(size)), (gap, data), *pieces[1:]]
        return pieces

    def _spoil(self, packet, ms):
        r = self._random
        data = bytearray(packet)
        if self.hit("length", ms):
            true = int.from_bytes(data[:2], "big")
            # Half of the lies are believable, the others are not.
            lie = r.choice((r.randint(1, 476), r.randint(477, 0xFFFF)))
            data[:2] = (lie if lie != true else lie + 1).to_bytes(2, "big")
        if self.hit("damaged", ms):
            for i in r.sample(range(len(data)), r.randint(1, 3)):
                data[i] ^= r.randint(1, 255)
        if self.hit("dropped", ms):
            del data[r.randrange(len(data))]
        if self.hit("cut", ms):
            del data[r.randrange(1, len(data)) :]
        return bytes(data)

    def _distance(self):
        # Bits until the next error are geometrically distributed: no draw for each bit.
        if self._ber >= 1:
            return 0
        return int(math.log(1.0 - self._random.random()) / math.log(1.0 - self._ber))


def parse(text):
    """``lost=0.02,ber=1e-4`` as a dict. Raises ValueError that says what is wrong."""
    settings = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        try:
            settings[name.strip()] = float(value)
        except ValueError:
            why = "write a number after =" if equals else "write NAME=RATE, like lost=0.02"
            raise ValueError("fault %s: %s" % (part.strip() or "(empty)", why))
    Faults(**settings)  # refuses what it does not know
    return settings
