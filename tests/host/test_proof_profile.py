"""40 days of load profile over a paced line, in virtual time, while the live values go on."""

import math

import pytest
from mepsimkit import MBK, Client
from proofkit import EPOCH, Proof, channel, report, scale, spread
from test_mepsim_profile import block_of, interval

from firmware.meter import jobs as jobs_module
from firmware.meter import poller as poller_module
from osgp.dims import Dims
from osgp.profile import Profile
from tools.bench import rate

pytestmark = pytest.mark.proof

DAYS, PER_DAY, PIECE = 40, 96, 465
HEADER, INTERVAL, PRESENT, SUMS = 17, 37, 4 * 55, 4 * 11
NO_VALUE = (4, 8, 10, 12, 15)
LIVE_MS = 2000  # the present values may not become older
SETTLED_MS = 20000


class Reading(Proof):
    """Asks for the profile, after a while of live values, by the queue of jobs."""

    def __init__(self, line, fast, begin, kept=None):
        super().__init__(line, fast)
        self.found = []
        self.job = self.profile = self.began = self.ended = None
        self.asked = []  # (table, bytes) of what was read in between
        self._begin = begin
        self._kept = kept

    def run(self, ms):
        poller = poller_module.Poller

        def made(*args):
            self.jobs = jobs_module.Jobs(poller(*args))
            return self.jobs._poller

        poller_module.Poller = made
        jobs_module.clock = self.time
        try:
            super().run(ms)
        finally:
            poller_module.Poller = poller
            jobs_module.clock = rate.clock

    def readinto(self, buf):
        # Called all the time: what a task beside the poller would do.
        if self.ended is None and self.time.now > SETTLED_MS:
            self._go_on()
        return super().readinto(buf)

    def _go_on(self):
        if self.job is None:
            self.began = self.time.now
            self.dims = Dims()
            self.job = self.jobs.add(self.dims)
        elif self.profile:
            self.found.extend(self.profile.take())
        if self.job.ended:
            assert self.job.error is None, self.job.error
            if self.profile:
                self.ended = self.time.now
                self.time.end = self.time.now + 5000
            else:
                self.profile = Profile(self.dims, 1, self._begin, state=self._kept)
                self.job = self.jobs.add(self.profile, 3600)

    def _tap(self, direction, packet, ms):
        if direction == ">" and self.job and not self.ended and packet[2] == 0x3F:
            self.asked.append((packet[4], int.from_bytes(packet[8:10], "big")))
        super()._tap(direction, packet, ms)


def own_ms(intervals, live):
    """What the line takes for the profile alone, in full pieces; ``live``: and the live values.

    Bytes at 960 a second, pauses, at most a request each 100 ms; the meter answers at once.
    """
    count = intervals * INTERVAL + math.ceil(intervals / PER_DAY) * HEADER
    alone = count / PIECE * rate._exchange_ms(PIECE, 0)
    if not live:
        return alone
    # A BT28 every two seconds, and a BT23 with every ninth.
    present = rate._exchange_ms(PRESENT, 0) + rate._exchange_ms(SUMS, 0) / 9
    return alone / (1 - present / LIVE_MS)


@pytest.mark.parametrize("fast", (False, True), ids=("slow", "fast"))
def test_forty_days_between_live_values(fast):
    line = channel("gen3")
    begin = EPOCH - DAYS * 86400
    rig = Reading(line, fast, begin)
    rig.run(3600000)
    found = rig.found
    assert [f[0] for f in found[:-1]] == [f[0] - 900 for f in found[1:]]
    assert found[0][0] == begin + 900 and found[-1][0] - EPOCH >= 0
    assert rig.profile.lost == rig.profile.undated == 0
    took = rig.ended - rig.began
    alone, both = (own_ms(len(found), live) for live in (False, True))
    live = [t for t in rig.times() if rig.began - 2000 < t < rig.ended + 2000]
    gaps = [b - a for a, b in zip(live, live[1:])]
    report(
        "40 days of 8 channels, %s: %d intervals in %.1f s, %.3f of the line's own time with a "
        "BT28 every 2 s (%.1f s), %.3f of its time without (%.1f s); %d live reads meanwhile, %s "
        "from one to the next",
        "fast" if fast else "slow",
        len(found),
        took / 1000,
        took / both,
        both / 1000,
        took / alone,
        alone / 1000,
        len(live),
        spread(gaps),
    )
    assert took <= 1.15 * both
    assert max(gaps) <= LIVE_MS
    assert rig.wrong == [] and rig.store.dropped == 0
    _compare(line.meter, found, rig.time.now)


@pytest.mark.parametrize("fault", ("lost", "late", "garbage", "ber"))
def test_over_a_disturbed_line_killed_and_resumed(fault):
    rates = {fault: 2e-4 if fault == "ber" else 0.04}
    count = scale("PROOF_DISTURBED", 1)
    reads = 0
    for seed in range(1, count + 1):
        begin = EPOCH - 6 * 86400
        found, kept, kills = [], None, 0
        while True:
            line = channel("gen3", seed, **rates)  # the same house after each kill
            rig = Reading(line, True, begin, kept)
            rig.run(SETTLED_MS + 15000 if kills < 2 else 3600000)
            assert line.faults.counts[fault] and rig.wrong == []
            found += rig.found
            kept = (rig.profile and rig.profile.state()) or kept
            reads += line.stats["requests"]
            if rig.ended is not None:
                break
            kills += 1
        assert kills == 2
        assert [f[0] for f in found] == [begin + 900 * (i + 1) for i in range(len(found))]
        assert found[-1][0] >= EPOCH and rig.profile.lost == 0
        _compare(rig.channel.meter, found, rig.time.now)
    report("6 days over a line with %s, killed twice: %d times, %d reads", rates, count, reads)


def test_killed_halfway_and_resumed():
    begin = EPOCH - DAYS * 86400
    first = Reading(channel("gen3"), True, begin)
    first.run(SETTLED_MS + 123456)
    assert 1000 < len(first.found) < 3000
    rig = Reading(channel("gen3"), True, begin, first.profile.state())
    rig.run(3600000)
    found = first.found + rig.found
    assert [f[0] for f in found] == [begin + 900 * (i + 1) for i in range(len(found))]
    assert found[-1][0] >= EPOCH and rig.profile.lost == 0
    _compare(rig.channel.meter, found, rig.time.now)


def _compare(meter, found, ms):
    # With what the meter has, by the guide's offsets.
    client = Client(meter, MBK)
    client.ms = ms
    now = EPOCH + int(ms) // 1000
    blocks = {}
    for end, status, values in found:
        day = (end - 1) // 86400
        if day not in blocks:
            blocks[day] = block_of(client, end, now)
        true = interval(blocks[day], (end - 1) % 86400 // 900)
        if true is None:
            assert status is None
            continue
        assert list(status) == [true[0], *true[1]]
        for k in range(6):
            assert values[k] == true[2][k]
        water, heat = (None if true[1][k] in NO_VALUE else true[2][k] for k in (6, 7))
        if water is not None:
            water = int(water.to_bytes(4, "little")[::-1].hex())
        assert values[6:] == [water, heat]
