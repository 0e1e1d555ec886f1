import asyncio
import gc

import test_poller as poll
from firmware.meter import jobs as module
from firmware.meter import link as link_module
from firmware.meter import poller as poller_module
from firmware.meter.jobs import JobError, Jobs
from firmware.meter.link import Link
from firmware.meter.poller import Poller
from mep.errors import TableError
from mep.session import Session
from mepkit import KEY
from virtual import Use

# The stand-in's replies come all at once, as late as their last byte would: a longer one would be
# taken for none.
PIECE = 380
BIG = bytes([i * 7 & 255 for i in range(20000)])


class Pieces:
    """A machine that reads all of BT64 in pieces."""

    def __init__(self, table=64, size=len(BIG), piece=PIECE):
        self.table = table
        self.size = size
        self.piece = piece
        self.got = bytearray()
        self.codes = []

    def next_read(self):
        left = self.size - len(self.got)
        if not left or self.codes:
            return None
        return self.table, len(self.got), min(self.piece, left)

    def learn(self, table, buf, start, count):
        assert table == self.table
        self.got.extend(buf[start : start + count])

    def refused(self, table, code):
        self.codes.append(code)


class Rig(poll.Rig):
    def __init__(self, fast=False, tables=None):
        super().__init__(tables or poll._tables())
        self.meter.tables[64] = BIG
        self.fast = fast
        self.jobs = None

    def go(self, ms, during=None):
        time, store = self.time, self.store
        end = time.now + ms
        begin = time.now
        sleep, commit = time.sleep_ms, store.commit

        async def open_line():
            return self.meter

        def watched(table):
            self.commits.append((time.now, table))
            commit(table)

        gc.collect()

        class Over(BaseException):
            pass

        async def limited(n):
            await sleep(n)
            if during:
                during(self, time.now - begin)
            if time.now % 1000 < n:
                gc.collect()  # so that what lives on lies together
            if time.now >= end:
                raise Over()

        store.commit, time.sleep_ms = watched, limited
        with Use(time, link_module, poller_module, module):
            link = Link(Session(KEY, 1), open_line, self.log)
            self.poller = Poller(link, store, self.log, self.fast)
            self.jobs = Jobs(self.poller)
            try:
                asyncio.run(self.poller.run())
            except Over:
                pass
        store.commit, time.sleep_ms = commit, sleep

    def gaps(self):
        times = [t for t, table in self.commits if table == 28]
        return [b - a for a, b in zip(times, times[1:])]


def _ask(rig, at, machine, seconds=600):
    # A ``during`` that queues ``machine`` at ``at`` ms; the job is rig.job.
    rig.job = None

    def during(rig, elapsed):
        if elapsed >= at and rig.job is None:
            rig.job = rig.jobs.add(machine, seconds)

    return during


def test_a_big_read_goes_between_the_live_ones():
    for fast in (False, True):
        rig = Rig(fast)
        machine = Pieces()
        rig.go(60000, _ask(rig, 10000, machine))
        assert machine.got == BIG and rig.job.ended and rig.job.error is None
        assert max(rig.gaps()) < 2000, max(rig.gaps())
        reads = [r for r in rig.meter.reads if r[1] == 64]
        assert len(reads) == (len(BIG) + PIECE - 1) // PIECE
        # The line is hardly ever idle meanwhile: a piece takes 0.45 s.
        took = reads[-1][0] - reads[0][0]
        assert took < len(reads) * 450 * 3 // 2, took
        assert rig.poller.jobs is None
        energies = [t for t, table in rig.commits if table == 23]
        assert len(energies) > 4


def test_without_jobs_nothing_changes():
    rig, plain = Rig(), poll.Rig()
    rig.go(30000)
    plain.run(30000)
    assert [r[1:] for r in rig.meter.reads] == [r[1:] for r in plain.meter.reads]


def test_a_refusal_is_the_machines():
    rig = Rig()
    machine = Pieces(table=65)
    rig.go(20000, _ask(rig, 5000, machine))
    assert machine.codes and rig.job.ended and rig.job.error is None


def test_a_fault_of_a_machine_ends_its_job_only():
    class Bad(Pieces):
        def learn(self, table, buf, start, count):
            raise error

    texts = ("BT64, entries: too many", "ValueError: odd", "the module has no memory")
    errors = (TableError("BT64", "entries", "too many"), ValueError("odd"), MemoryError())
    for error, text in zip(errors, texts):
        rig = Rig()
        rig.go(20000, _ask(rig, 5000, Bad()))
        assert text in rig.job.error, rig.job.error
        assert max(rig.gaps()) < 2000 and len(rig.gaps()) > 12


def test_another_meter_meanwhile_ends_the_job():
    rig = Rig()
    machine = Pieces()
    ask = _ask(rig, 5000, machine)

    def during(rig, elapsed):
        ask(rig, elapsed)
        if elapsed > 12000 and rig.meter.tables[64] is BIG:
            rig.meter.tables[64] = bytes(len(BIG))
            rig.meter.tables[2051] = b"4081111111111111\x00" + bytes(130)
            rig.meter.jump = True

    rig.go(40000, during)
    assert "has changed" in rig.job.error
    assert machine.got == BIG[: len(machine.got)]  # nothing of the other meter
    assert rig.store.meter["serial"] == "4081111111111111"


def test_a_silent_meter_ends_the_job_in_time():
    rig = Rig()
    ask = _ask(rig, 5000, Pieces(), 30)

    def during(rig, elapsed):
        ask(rig, elapsed)
        rig.meter.silent = elapsed > 8000

    rig.go(40000, during)
    assert rig.job.ended and "was lost" in rig.job.error


def test_a_job_that_never_came_to_its_turn_ends_in_time():
    rig = Rig()
    ask = _ask(rig, 5000, Pieces(), 30)

    def during(rig, elapsed):
        rig.meter.silent = True
        ask(rig, elapsed)
        if elapsed > 36000:
            assert rig.job.late()

    rig.go(40000, during)
    assert "in time" in rig.job.error


def test_who_takes_results_may_hold_the_job():
    rig = Rig()
    machine = Pieces()
    ask = _ask(rig, 5000, machine)
    held = set()

    def during(rig, elapsed):
        ask(rig, elapsed)
        if rig.job:
            rig.job.hold = 8000 < elapsed < 20000
            if 9000 < elapsed < 20000:
                held.add(len(machine.got))

    rig.go(60000, during)
    assert len(held) == 1
    assert machine.got == BIG and max(rig.gaps()) < 2000


def test_the_queue_is_short_and_in_order():
    rig = Rig()
    order = []

    class Named(Pieces):
        def learn(self, table, buf, start, count):
            order.append(self)
            Pieces.learn(self, table, buf, start, count)

    machines = [Named(size=2 * PIECE) for _ in range(5)]
    said = []

    def during(rig, elapsed):
        if elapsed > 5000 and not said:
            for machine in machines:
                try:
                    said.append(rig.jobs.add(machine))
                except JobError as e:
                    said.append(str(e))

    rig.go(20000, during)
    assert order == [m for m in machines[:4] for _ in range(2)]
    assert "try again later" in said[4] and [j.error for j in said[:4]] == [None] * 4


def test_who_waits_gets_the_machine_or_the_reason():
    async def main():
        class Idle:
            jobs = None

        jobs = Jobs(Idle())
        job = jobs.add(Pieces())
        waiting = asyncio.create_task(job.wait())
        await asyncio.sleep(0)
        job.end()
        assert await waiting is job.machine
        job = jobs.add(Pieces())
        job.end("no such table")
        try:
            await job.wait()
            raise AssertionError
        except JobError as e:
            assert str(e) == "no such table"
        job = jobs.add(Pieces())
        waiting = asyncio.create_task(job.wait())
        await asyncio.sleep(0)
        waiting.cancel()
        try:
            await waiting
        except asyncio.CancelledError:
            pass
        assert job.ended

    asyncio.run(main())
