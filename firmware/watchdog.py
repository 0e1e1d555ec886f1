"""Feeds the chip's watchdog while every supervised task reports in its time, and only then."""

import gc

from shim import const
from .hal import clock

TIMEOUT_MS = const(30000)  # longer than anything that may block: a scan, an erased flash sector
_EVERY_MS = const(2000)
_PACKET = const(2500)  # bytes that a packet needs in the radio's memory
_DRY = const(30)  # looks without that: a burst is over long before


class Watchdog:
    """``start(timeout_ms)`` gives the running watchdog (``feed()``).

    ``left()``: bytes that one packet of the radio could have; ``restart()`` if there are none.
    """

    def __init__(self, supervisor, log, start, note=None, left=None, restart=None):
        self._supervisor = supervisor
        self._log = log
        self._start = start
        self._note = note
        self._left = left
        self._restart = restart
        self._dry = 0

    async def run(self):
        """Start it and feed it for ever; to be called when the start-up is over."""
        dog = self._start(TIMEOUT_MS)
        told = None
        while True:
            late = self._supervisor.late()
            fault = "task %s hangs: the watchdog restarts the module" % late if late else None
            if self._starved():
                fault = "the radio has no memory: the module starts again"
            if not fault:
                dog.feed()
            elif fault != told:
                self._log("error", fault)
                if self._note:
                    self._note(fault)
                if not late:
                    self._restart()
            told = fault
            await clock.sleep_ms(_EVERY_MS)

    def _starved(self):
        # The interpreter's heap has grown into the radio's memory: no packet comes in any more.
        if not self._left or self._left() >= _PACKET:
            self._dry = 0
        else:
            gc.collect()  # gives back what of the growth is empty again
            self._dry += 1
        return self._dry > _DRY
