"""Starts the named tasks and starts a dead one again, later each time."""

import asyncio

from shim import const
from .hal import clock

_FIRST_MS = const(1000)
_MOST_MS = const(60000)
_WELL_MS = const(60000)  # a task that lived so long was well: the next pause is short again


class Supervisor:
    """``log(level, text)`` hears of every end of a task."""

    def __init__(self, log):
        self._log = log
        self._tasks = []
        self.restarts = {}

    def start(self, name, function):
        """Run the coroutine function ``function`` for ever under ``name``."""
        self.restarts[name] = 0
        self._tasks.append(asyncio.create_task(self._keep(name, function)))

    def stop(self):
        """Cancel every task."""
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    async def _keep(self, name, function):
        pause = _FIRST_MS
        while True:
            began = clock.ticks_ms()
            try:
                await function()
                why = "ended"
            except Exception as e:  # any fault of one task must leave the others alone
                why = "%s: %s" % (type(e).__name__, e)
            if clock.ticks_diff(clock.ticks_ms(), began) > _WELL_MS:
                pause = _FIRST_MS
            self.restarts[name] += 1
            self._log("error", "task %s stopped (%s); again in %d s" % (name, why, pause // 1000))
            await clock.sleep_ms(pause)
            pause = min(2 * pause, _MOST_MS)
