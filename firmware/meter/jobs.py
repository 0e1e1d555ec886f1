"""Reads that somebody asked for, done between the live ones: tables, profiles, logs.

Theory of operation. A job is a machine as `osgp.machine.Machine`: it says what to read next and
takes the replies. `Jobs.add` queues it; the poller calls `serve` after its own reads. As long as a
job is there, its pieces follow each other and the live reads, without pauses, but none that would
let the present values grow older than two seconds. What a job read is held to the same rules as a
live value: after a 0x0C the meter has to be the one that it was, or the job ends. Only one job is
served at a time, in the order of their coming; none may write.
"""

import asyncio

from mep.errors import MepError
from mep.events import Failed, Response
from shim import const
from ..hal import clock
from .poller import NoReply

_MOST = const(4)
_FRESH_MS = const(1900)
_SOON_MS = const(500)
_NEVER_MS = const(10000)
_TRIES = const(12)  # reads without a reply in a row
_LOOK_MS = const(50)
_HELD_MS = const(500)  # that the line waits for who takes a job's results
_OVERHEAD = const(36)  # bytes of a read and its reply around the data
_ANSWER_MS = const(60)


class JobError(Exception):
    """Why there is no result, for the owner."""


class Job:
    """``machine`` on its way. ``error``: why it ended, None if it is done or under way.

    Who takes results piece by piece sets ``hold`` while there are some, and takes it away then.
    """

    def __init__(self, machine, seconds):
        self.machine = machine
        self.hold = False
        self.ended = False
        self.error = None
        self.begun = False
        self.failures = 0  # in a row
        self._until = clock.ticks_add(clock.ticks_ms(), seconds * 1000)

    def end(self, error=None):
        """Nothing more is read for it."""
        if not self.ended:
            self.ended = True
            self.error = error

    def late(self):
        """True when its time is over; it ends then."""
        if not self.ended and clock.ticks_diff(self._until, clock.ticks_ms()) < 0:
            self.end("the meter did not answer in time")
        return self.ended

    async def wait(self):
        """Wait for the end; gives the machine. Raises JobError. Cancelling ends the job."""
        try:
            while not self.late():
                await clock.sleep_ms(_LOOK_MS)
        except asyncio.CancelledError:
            self.end("nobody waits for it")
            raise
        if self.error:
            raise JobError(self.error)
        return self.machine


class Jobs:
    """The queue of jobs for ``poller``, which knows of it as long as there is one."""

    def __init__(self, poller, baud=9600):
        self._poller = poller
        self._baud = baud
        self._queue = []

    def add(self, machine, seconds=60):
        """Queue ``machine``, for so many seconds at most; gives its `Job`. Raises JobError."""
        self.tidy()
        if len(self._queue) >= _MOST:
            raise JobError("the meter is busy with %d other requests; try again later" % _MOST)
        job = Job(machine, seconds)
        self._queue.append(job)
        self._poller.jobs = self
        return job

    def lost(self):
        """The meter is to be learned anew: what has been read may be another one's."""
        for job in self._queue:
            if job.begun:
                job.end("the meter was lost or has changed meanwhile; ask again")

    async def serve(self, due):
        """Read for the jobs; gives the tick value when the next live read is due.

        Raises what the poller's own check of the meter raises.
        """
        poller = self._poller
        age = clock.ticks_diff(clock.ticks_ms(), poller.fresh_at)
        live = clock.ticks_add(poller.fresh_at, _FRESH_MS - self._takes(poller.present_at[1]))
        # One goes all the same on a line so slow that none fits, and where there are no values.
        must = not _SOON_MS < age < _NEVER_MS
        held = 0
        while True:
            job = self.tidy()
            if job is None:
                return due
            want = None if job.hold else self._wanted(job)
            if job.ended:
                continue
            if want is None:
                if held >= _HELD_MS:
                    return due
                held += _LOOK_MS
                await poller.rest(_LOOK_MS)
                continue
            end = clock.ticks_add(clock.ticks_ms(), self._takes(want[2]))
            if clock.ticks_diff(live, end) < 0 and not must:
                return clock.ticks_ms()
            must = False
            await self._read(job, *want)

    def tidy(self):
        """Forget the first jobs that have ended; gives the first that has not, or None."""
        queue = self._queue
        while queue and queue[0].late():
            queue.pop(0)
        if not queue:
            self._poller.jobs = None
            return None
        return queue[0]

    def _wanted(self, job):
        want = None
        try:
            want = job.machine.next_read()
            if want is None:
                job.end()
        except Exception as e:  # a fault of its own must leave the values alone
            job.end(_text(e))
        return want

    def _takes(self, count):
        # ms for a read of ``count`` bytes, with the meter's pauses of 25 ms after 117 bytes.
        return (count + _OVERHEAD) * 10000 // self._baud + count // 117 * 25 + _ANSWER_MS

    async def _read(self, job, table, offset, count):
        job.begun = True
        try:
            event = await self._poller.read(table, count, offset)
        except NoReply:  # when it was asked who it is
            event = None
        machine = job.machine
        if event is None or isinstance(event, Failed):
            job.failures += 1
            if job.failures >= _TRIES:
                job.end("the meter does not answer, or the line is disturbed")
            return
        job.failures = 0
        try:
            if isinstance(event, Response):
                machine.learn(table, event.buf, event.start, event.count)
            elif hasattr(machine, "refused"):
                machine.refused(table, event.code)
            else:
                machine.absent(table)
        except Exception as e:  # a fault of its own must leave the values alone
            job.end(_text(e))


def _text(error):
    if isinstance(error, MemoryError):
        return "the module has no memory for it; ask for less"
    if isinstance(error, MepError):
        return str(error)
    return "%s: %s" % (type(error).__name__, error)
