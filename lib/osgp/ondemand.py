"""Asks an M-Bus device for its readings now: EP19, then ET15 until it is done, then ET16.

`OnDemand(dims, index)` is a machine (`osgp.machine`) that stops once for a procedure: when
`next_read` is None and ``call`` is not, execute ``call`` = (procedure, parameters) and tell
`called` its result; it needs the MAK. Before the next read wait ``wait_ms``. When it is done
(``call`` and `next_read` are None) ``device`` is as in `osgp.devices` with the new reading, or
``failed`` tells in words why there is none (MEP guide p. 27, 89, 244).
"""

from shim import const
from .devices import Devices, read_entry, sizes_of
from .machine import Machine, whole

_ET15 = const(2063)
_EP19 = const(2067)
_BILLING_READ = const(2)
# Numbers for requests of MEP applications: 0400 to 04FF.
_FIRST = const(0x400)
_POLLS = const(60)

_ANSWERS = {
    2: "the meter does not know the request",
    3: "there is no such device any more",
    5: "it takes the MAK",
    7: "the meter's queue is full, try again later",
}
_RESULTS = {2: "the device does not answer", 3: "the device answered, but the read failed"}


class OnDemand(Machine):
    """Reads the M-Bus device at ``index`` (0 to 3)."""

    def __init__(self, dims, index):
        self.call = self.device = self.failed = None
        self.wait_ms = 0
        super().__init__(dims, self._read(dims, index))

    def called(self, result, data=b""):
        """The procedure's result code; None if it got no answer."""
        self.call = None
        self._advance(result)

    def _read(self, dims, index):
        found = Devices(dims, index, False)
        yield from through(self, found)
        if not found.devices or found.devices[0]["kind"] != "mbus":
            self.failed = "there is no M-Bus device at place %d" % (index + 1)
            return
        device = found.devices[0]
        queue = yield from whole(dims, _ET15)
        if queue is None:
            self.failed = "the meter does not give ET15"
            return
        number = _FIRST
        used = [r["transaction"] for r in queue["requests"]]
        while number in used:
            number += 1
        handle = device["handle"]
        parameters = [number & 255, number >> 8, handle & 255, handle >> 8, _BILLING_READ]
        self.call = _EP19, bytes(parameters)
        result = yield None
        if result != 0:
            self.failed = _ANSWERS.get(result, "the meter refused: result %s" % result)
            return
        if not (yield from self._finished(dims, number)):
            return
        # How long the new read is stands in ET14.
        found = Devices(dims, index, False)
        yield from through(self, found)
        if found.devices:
            yield from read_entry(found.devices[0], sizes_of(dims))
            self.device = found.devices[0]

    def _finished(self, dims, number):
        for _ in range(_POLLS):
            self.wait_ms = 1000
            queue = yield from whole(dims, _ET15)
            self.wait_ms = 0
            for request in queue["requests"] if queue else ():
                if request["transaction"] == number and request["result"]:
                    self.failed = _RESULTS.get(request["result"])
                    return self.failed is None
        self.failed = "nothing heard of the request for %d s" % _POLLS
        return False


def through(machine, other):
    """Steps: all that the machine ``other`` wants, asked for by ``machine``."""
    while True:
        want = other.next_read()
        if want is None:
            return
        data = yield want
        if data is None:
            other.refused(want[0], machine.missing.get(want[0]))
        else:
            other.learn(want[0], data, 0, len(data))
