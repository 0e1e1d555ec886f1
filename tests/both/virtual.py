"""Virtual time for tests of the link and the poller: sleeping moves the clock, nothing waits.

Only one task may run under it.
"""

from firmware.hal import clock

WRAP = 1 << 30


class Time:
    """Stands in for `firmware.hal.clock`; starts shortly before the ticks wrap."""

    iso = staticmethod(clock.iso)
    seconds_of = staticmethod(clock.seconds_of)

    def __init__(self, start=WRAP - 5000):
        self.now = start
        self.utc = None

    def ticks_ms(self):
        return self.now % WRAP

    def ticks_add(self, a, b):
        return (a + b) % WRAP

    def ticks_diff(self, a, b):
        return (a - b + WRAP // 2) % WRAP - WRAP // 2

    def unix(self):
        return self.utc

    async def sleep_ms(self, n):
        self.now += max(1, int(n))


class Use:
    """``with Use(time, module, ...):`` those modules' clock is ``time``."""

    def __init__(self, time, *modules):
        self.time = time
        self.modules = modules

    def __enter__(self):
        for module in self.modules:
            module.clock = self.time
        return self.time

    def __exit__(self, *_):
        for module in self.modules:
            module.clock = clock
