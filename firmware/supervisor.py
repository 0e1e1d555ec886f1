"""Starts the named tasks, starts a dead one again, later each time, and knows which one hangs."""

import asyncio

from shim import const
from .hal import clock

_FIRST_MS = const(1000)
_MOST_MS = const(60000)
_WELL_MS = const(60000)  # a task that lived so long was well: the next pause is short again


class Supervisor:
    """``log(level, text)`` hears of every end of a task, ``note(text)`` of every exception."""

    def __init__(self, log, note=None):
        self._log = log
        self._note = note
        self._tasks = []
        self._within = {}  # name -> ms in which the task must report
        self._seen = {}  # name -> ticks of its last report; None while it need not
        self.restarts = {}

    def start(self, name, function, within_ms=0):
        """Run the coroutine function ``function`` for ever under ``name``.

        With ``within_ms`` it must `report` that often.
        """
        self.restarts[name] = 0
        if within_ms:
            self._within[name] = within_ms
            self._seen[name] = clock.ticks_ms()
        self._tasks.append(asyncio.create_task(self._keep(name, function)))

    def stop(self):
        """Cancel every task."""
        for task in self._tasks:
            task.cancel()
        self._tasks = []
        self._seen = {}

    def report(self, name):
        """The task ``name`` is alive and does its work."""
        if self._seen.get(name) is not None:
            self._seen[name] = clock.ticks_ms()

    def late(self):
        """Name of a task that did not report in its time, or None."""
        now = clock.ticks_ms()
        for name in self._within:
            seen = self._seen.get(name)
            if seen is not None and clock.ticks_diff(now, seen) > self._within[name]:
                return name
        return None

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
            if self._note:
                self._note("task %s: %s" % (name, why))
            if name in self._within:
                self._seen[name] = None  # not its fault while it waits
            await clock.sleep_ms(pause)
            if name in self._within:
                self._seen[name] = clock.ticks_ms()
            pause = min(2 * pause, _MOST_MS)
