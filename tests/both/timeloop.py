"""The interpreter's own asyncio on a clock that never waits: whoever sleeps moves the time.

Unlike `virtual`, any number of tasks may run. ``world`` has ``now`` (ms, never wrapping) and
``advance(ms)``, which moves it and may raise to end the run. Tasks must not wait for real sockets.
"""

import asyncio
import gc
import sys

MICROPYTHON = sys.implementation.name == "micropython"
_DAY_MS = 86400000


class Stopped(AssertionError):
    """Every task waits for something that no time brings."""


if MICROPYTHON:
    from asyncio import core, sleep_ms
    from time import ticks_add, ticks_ms

    class _Waits:
        # In place of the queue of sockets.
        map = True

        def __init__(self, world):
            self._advance = world.advance

        def wait_io_event(self, dt):
            if dt > 0:
                self._advance(dt)
            elif dt < 0:
                raise Stopped()

        def remove(self, task):
            pass

    def run(world, coroutine):
        """Run ``coroutine`` to its end, or until ``world`` raises: then nothing of it goes on."""
        real = core.ticks
        # A task that is ready at once is queued by C code under the real time. A day ahead of
        # that, such a one is always due before those who sleep.
        begin = ticks_add(ticks_ms(), _DAY_MS)
        since = world.now
        core.ticks = lambda: ticks_add(begin, world.now - since)
        asyncio.new_event_loop()
        core._io_queue = _Waits(world)
        core.Loop.set_exception_handler(lambda loop, c: world.unheard(c["exception"]))
        try:
            return core.run_until_complete(core.create_task(coroutine))
        finally:
            core.ticks = real
            core.cur_task = None
            core.Loop.set_exception_handler(None)
            asyncio.new_event_loop()

else:
    from heapq import heappop, heappush

    class _Sleep:
        # What a task may wait for is a future to asyncio; this one wakes it without detours.
        _asyncio_future_blocking = False

        def __init__(self, loop, ms):
            self._loop = loop
            self._wake = None
            self._cancelled = False
            loop.push(loop.world.now + max(0, int(ms)), self)

        def __await__(self):
            self._asyncio_future_blocking = True
            yield self

        def get_loop(self):
            return self._loop

        def add_done_callback(self, function, context=None):
            self._wake = function

        def cancelled(self):
            return self._cancelled

        def cancel(self, msg=None):
            self._cancelled = True
            self._loop.call_soon(self._wake, self)
            return True

        def result(self):
            if self._cancelled:
                raise asyncio.CancelledError()

        def go(self):
            self._wake(self)

    class _Loop(asyncio.SelectorEventLoop):
        # The shortest way from one sleeper to the next; asyncio's own does the same, slower.
        def __init__(self, world):
            super().__init__()
            self.world = world
            self.sleepers = []
            self._count = 0

        def time(self):
            return self.world.now / 1000

        def call_at(self, when, callback, *args, context=None):
            handle = asyncio.TimerHandle(when, callback, args, self, context)
            self.push(round(when * 1000), handle)
            return handle

        def _timer_handle_cancelled(self, handle):
            pass

        def push(self, when, what):
            self._count += 1  # who sleeps as long as another wakes in order
            heappush(self.sleepers, (when, self._count, what))

        def _run_once(self):
            ready, sleepers, world = self._ready, self.sleepers, self.world
            for _ in range(len(ready)):
                handle = ready.popleft()
                if not handle._cancelled:
                    handle._run()
            while sleepers and sleepers[0][2].cancelled():
                heappop(sleepers)
            if ready or self._stopping:
                return
            if not sleepers:
                raise Stopped()
            due = sleepers[0][0]
            if due > world.now:
                world.advance(due - world.now)
            while sleepers and sleepers[0][0] <= world.now:
                what = heappop(sleepers)[2]
                if what.cancelled():
                    pass
                elif isinstance(what, _Sleep):
                    what.go()
                else:
                    ready.append(what)

        def _check_closed(self):
            pass  # what is collected later may cancel tasks: they do not run any more

    def sleep_ms(ms):
        """In place of `firmware.hal.clock.sleep_ms`."""
        return _Sleep(asyncio.get_running_loop(), ms)

    def run(world, coroutine):
        """Run ``coroutine`` to its end, or until ``world`` raises: then nothing of it goes on."""
        loop = _Loop(world)
        loop.set_exception_handler(lambda loop, c: world.unheard(c.get("exception", c)))
        asyncio.set_event_loop(loop)
        try:
            return loop.run_until_complete(loop.create_task(coroutine))
        finally:
            for task in asyncio.all_tasks(loop):
                task._log_destroy_pending = False
            asyncio.set_event_loop(None)
            loop.close()
            loop.sleepers.clear()


class Patched:
    """``with Patched(world):`` `asyncio.run` is `run`, and on CPython garbage may wait
    and there is a chip's heap.

    ``collect`` is the real `gc.collect`.
    """

    def __init__(self, world):
        self._world = world

    def __enter__(self):
        self._run = asyncio.run
        asyncio.run = lambda coroutine: run(self._world, coroutine)
        self.collect = gc.collect
        if not MICROPYTHON:
            gc.collect = lambda *_: 0  # a host's heap is too large to look through every second
            # Figures of a chip that has nothing left to be divided.
            gc.mem_alloc = lambda: 60000
            gc.mem_free = lambda: 100000
        return self

    def __exit__(self, *_):
        asyncio.run = self._run
        if not MICROPYTHON:
            gc.collect = self.collect
            del gc.mem_alloc, gc.mem_free
