"""Reads a second in `fast` mode on a paced line, and how many the line's physics allow.

The real link, session, poller and store read a simulated meter in virtual time: sleeping moves the
clock, so 300 seconds take a few, and nothing else on the machine matters.
"""

import asyncio

from firmware.hal import clock
from firmware.meter import line as line_module
from firmware.meter import link as link_module
from firmware.meter import poller as poller_module
from firmware.readings import Readings
from mep.session import Session
from ..mepsim.channel import Channel
from ..mepsim.live import House
from ..mepsim.meter import DEFAULT_MBK, Meter
from ..mepsim.models import MODELS

SECONDS = 300
EPOCH = 1700049600  # 2023-11-15 12:00 UTC
_PERIOD = 1 << 30
_MODULES = (line_module, link_module, poller_module)

# The line's facts, written down a second time (guide, chapter "MEP port"): the limit must not
# come from the code that is measured against it.
_BITS = 10  # of a byte: start, eight, stop
_BAUD = 9600
_SEGMENT, _PAUSE_MS = 117, 25
_SPACING_MS = 100
_REQUEST = 2 + 8 + 4 + 8  # length, partial read, sequence number, digest
_AROUND = 2 + 1 + 2 + 8  # of a reply: length, code, count, digest
_BT28_OF_TEN = 9


class VirtualTime:
    """Stands in for `firmware.hal.clock`. ``now`` counts ms; the ticks wrap five seconds later."""

    seconds_of = staticmethod(clock.seconds_of)

    def __init__(self):
        self.now = 0
        self.end = 0

    def ticks_ms(self):
        return (self.now - 5000) % _PERIOD

    def ticks_add(self, ticks, ms):
        return (ticks + ms) % _PERIOD

    def ticks_diff(self, later, earlier):
        return (later - earlier + _PERIOD // 2) % _PERIOD - _PERIOD // 2

    def unix(self):
        return EPOCH + self.now // 1000

    async def sleep_ms(self, ms):
        self.now += max(1, int(ms))
        if self.now >= self.end:
            raise Over()


class Over(BaseException):
    """The virtual time is up."""


class VirtualLine:
    """The firmware's reading half on one end of a ``channel`` (`tools.mepsim`), a port itself.

    ``store``, ``link`` and ``logged`` show what it did; ``run(ms)`` may be called once.
    """

    def __init__(self, channel, fast=False, key=DEFAULT_MBK, stale_s=30):
        self.channel = channel
        self.time = VirtualTime()
        self.logged = []
        self.store = Readings(self.time, stale_s)
        self._fast = fast
        self._rest = b""
        self._key = key
        self.link = None

    def run(self, ms):
        """Read the meter for so long."""
        self.time.end = ms
        for module in _MODULES:
            module.clock = self.time
        try:
            line = line_module.Line(None, {"port": "", "baud": _BAUD}, self.log, self)
            self.link = link_module.Link(Session(self._key, 1), line.open_line, self.log)
            poller = poller_module.Poller(self.link, self.store, self.log, self._fast, line)
            asyncio.run(poller.run())
        except Over:
            pass
        finally:
            for module in _MODULES:
                module.clock = clock

    def log(self, level, text):
        self.logged.append((self.time.now, level, text))

    # -- what the firmware takes for `hal.ports` and for the port

    async def open_port(self, url, baud, board):
        return self

    def readinto(self, buf):
        data = self._rest + self.channel.read(float(self.time.now))
        n = min(len(buf), len(data))
        buf[:n] = data[:n]
        self._rest = data[n:]
        return n

    def write(self, packet):
        self.channel.write(packet, float(self.time.now))

    def close(self):
        pass


def limit(model, answer_ms):
    """Reads a second that the line allows, BT23 being every tenth."""
    present = _exchange_ms(4 * model.values, answer_ms)
    sums = _exchange_ms(4 * model.sums, answer_ms)
    return 10000 / (_BT28_OF_TEN * present + (10 - _BT28_OF_TEN) * sums)


def _exchange_ms(count, answer_ms):
    reply = _AROUND + count
    wire = (_REQUEST + reply) * _BITS * 1000 / _BAUD
    return max(_SPACING_MS, wire + answer_ms + (reply - 1) // _SEGMENT * _PAUSE_MS)


def measure(name, seconds=SECONDS):
    """(reads a second, the limit) for the simulated model ``name``, both after the start."""
    model = MODELS[name]
    channel = Channel(Meter(model, House("sunny", 1, model.tiers), epoch=EPOCH))
    rig = VirtualLine(channel, fast=True)
    times = []
    commit = rig.store.commit

    def counted(table):
        times.append(rig.time.now)
        commit(table)

    rig.store.commit = counted
    rig.run(seconds * 1000)
    got = (len(times) - 1) * 1000 / (times[-1] - times[0])
    return got, limit(model, channel.timing.answer_ms)
