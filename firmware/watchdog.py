"""Feeds the chip's watchdog while every supervised task reports in its time, and only then."""

from shim import const
from .hal import clock

TIMEOUT_MS = const(30000)  # longer than anything that may block: a scan, an erased flash sector
_EVERY_MS = const(2000)


class Watchdog:
    """``start(timeout_ms)`` gives the running watchdog (``feed()``)."""

    def __init__(self, supervisor, log, start, note=None):
        self._supervisor = supervisor
        self._log = log
        self._start = start
        self._note = note

    async def run(self):
        """Start it and feed it for ever; to be called when the start-up is over."""
        dog = self._start(TIMEOUT_MS)
        told = None
        while True:
            late = self._supervisor.late()
            if late is None:
                dog.feed()
            elif late != told:
                text = "task %s hangs: the watchdog restarts the module" % late
                self._log("error", text)
                if self._note:
                    self._note(text)
            told = late
            await clock.sleep_ms(_EVERY_MS)
