import asyncio
import sys

sys.path.append("tests")

from fakes import Chip
from firmware import supervisor as supervisor_module
from firmware import watchdog as module
from firmware.supervisor import Supervisor
from firmware.watchdog import TIMEOUT_MS, Watchdog
from virtual import WRAP, Time, Use


class Over(BaseException):
    pass


class Rig:
    """A watchdog over tasks that report each second, as long as they do; no task really runs."""

    def __init__(self, chip, start=WRAP - 5000):
        self.time = chip.time
        self.machine = chip.machine
        self.lines = []
        self.notes = []
        self.supervisor = Supervisor(self.log)
        self.hanging = ()
        self.fed = []
        self.left = None  # a function: what the radio could have
        self.restarted = None  # after how many ms of `run`

    def log(self, level, text):
        self.lines.append(text)

    def watch(self, **within):
        for name in within:
            self.supervisor._within[name] = within[name]
            self.supervisor._seen[name] = self.time.ticks_ms()

    def run(self, ms):
        """Go on for ``ms``; returns after how many of them the watchdog bit, or None."""
        time = self.time
        began, end = time.now, time.now + ms
        bitten = []

        async def sleep_ms(n):
            for _ in range(n // 500):
                time.now += 500
                for name in self.supervisor._within:
                    if name not in self.hanging:
                        self.supervisor.report(name)
                if self.machine.WDT.running.starved:
                    bitten.append(time.now - began)
                    raise Over()
            if time.now >= end:
                raise Over()

        def start(ms):
            # Going on in the same life: it runs already.
            return self.machine.WDT.running or self.machine.WDT(timeout=ms)

        def restart():
            self.restarted = time.now - began
            raise Over()

        time.sleep_ms = sleep_ms
        dog = Watchdog(self.supervisor, self.log, start, self.notes.append, self.left, restart)
        try:
            asyncio.run(dog.run())
        except Over:
            pass
        return bitten[0] if bitten else None


def _with(function, start=WRAP - 5000):
    time = Time(start)
    with Chip(time) as chip, Use(time, module, supervisor_module):
        function(Rig(chip))


def test_fed_while_all_report():
    def run(rig):
        rig.watch(poller=20000, web=10000)
        assert rig.run(600000) is None
        assert rig.machine.WDT.running.timeout == TIMEOUT_MS
        assert rig.machine.WDT.running.feeds >= 250 and not rig.lines

    _with(run)


def test_one_task_that_hangs_starves_it():
    def run(rig):
        rig.watch(poller=20000, web=10000)
        assert rig.run(100000) is None
        rig.hanging = ("poller",)
        bitten = rig.run(200000)
        # Its own time, then the watchdog's, and a turn of feeding.
        assert 20000 + TIMEOUT_MS - 3000 <= bitten <= 20000 + TIMEOUT_MS + 3000, bitten
        assert rig.lines == rig.notes == ["task poller hangs: the watchdog restarts the module"]

    _with(run)


def test_a_task_that_is_slow_but_in_time_is_well():
    def run(rig):
        rig.watch(web=10000)
        for _ in range(20):
            rig.hanging = ("web",)
            assert rig.run(8000) is None
            rig.hanging = ()
            assert rig.run(2000) is None
        assert not rig.lines
        # A little late is told, and forgiven.
        rig.hanging = ("web",)
        assert rig.run(20000) is None
        rig.hanging = ()
        rig.supervisor.report("web")
        assert rig.run(60000) is None and len(rig.lines) == 1

    _with(run)


def test_a_radio_without_memory_has_the_module_started_again():
    def run(rig):
        rig.watch(poller=20000)
        rig.left = lambda: 2499
        # It was fed for a minute of that.
        assert rig.run(200000) is None and 58000 <= rig.restarted <= 62000, rig.restarted
        assert rig.machine.WDT.running.feeds == 30
        text = "the radio has no memory: the module starts again"
        assert rig.lines == rig.notes == [text]

    _with(run)


def test_what_is_empty_is_given_back_to_the_radio():
    def run(rig):
        rig.watch(poller=20000)
        collected = []

        class Gc:
            @staticmethod
            def collect():
                collected.append(True)

        rig.left = lambda: 0 if len(collected) < 20 else 2500
        kept = module.gc
        module.gc = Gc
        try:
            assert rig.run(200000) is None
        finally:
            module.gc = kept
        assert len(collected) == 20 and rig.restarted is None and not rig.lines

    _with(run)


def test_a_burst_of_the_radio_harms_nothing():
    def run(rig):
        rig.watch(poller=20000)
        looks = []

        def left():
            # 30 looks in a row without memory, then a single one with just enough.
            looks.append(True)
            return 2500 if len(looks) % 31 == 0 else 0

        rig.left = left
        assert rig.run(600000) is None and len(looks) >= 290
        assert not rig.lines and rig.restarted is None
        assert rig.machine.WDT.running.feeds == len(looks)

    _with(run)


def test_a_task_that_hangs_is_told_before_the_radio():
    def run(rig):
        rig.watch(poller=20000)
        rig.left = lambda: 0
        rig.hanging = ("poller",)
        assert rig.run(200000) is not None
        assert rig.notes == ["task poller hangs: the watchdog restarts the module"]
        assert rig.restarted is None

    _with(run)


def test_the_ticks_wrap():
    # The counter comes round every 12.4 days: across it, nobody is late who is not.
    for before in (1, 9000, 19999, 40000):

        def run(rig):
            rig.watch(poller=20000)
            assert rig.run(200000) is None
            assert rig.time.now > WRAP and rig.time.ticks_ms() < WRAP // 2
            rig.hanging = ("poller",)
            assert rig.run(200000) is not None

        _with(run, WRAP - before)


def test_a_dead_task_is_the_supervisors_business():
    # It is started again after a pause, in which it is not missed; a task that hangs then is.
    time = Time()
    seen = []

    async def bad():
        raise ValueError("broken")

    async def main():
        notes = []
        s = Supervisor(lambda level, text: None, notes.append)

        async def sleep_ms(n):
            time.now += n
            seen.append((n, s.late()))
            await asyncio.sleep(0)

        time.sleep_ms = sleep_ms
        s.start("bad", bad, 500)
        s.report("nobody")
        for _ in range(20):
            await asyncio.sleep(0)
        s.stop()
        assert notes[0] == "task bad: ValueError: broken"
        hung = Supervisor(lambda level, text: None)

        async def hangs():
            while True:
                await asyncio.sleep(0)

        hung.start("hangs", hangs, 500)
        await asyncio.sleep(0)
        time.now += 500
        assert hung.late() is None
        time.now += 1
        assert hung.late() == "hangs"
        hung.report("hangs")
        assert hung.late() is None
        hung.stop()
        time.now += 5000
        assert hung.late() is None

    with Use(time, supervisor_module):
        asyncio.run(main())
    assert len(seen) > 3 and seen[2][0] > 500
    assert [late for _, late in seen] == [None] * len(seen)
