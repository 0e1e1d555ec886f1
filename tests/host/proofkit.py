"""What the long proofs share: a reader whose every stored value is held against the meter's."""

import bisect
import os
import statistics

from tools.bench.rate import EPOCH, VirtualLine
from tools.mepsim.channel import Channel
from tools.mepsim.faults import Faults
from tools.mepsim.live import House
from tools.mepsim.meter import Meter
from tools.mepsim.models import MODELS

LIVE = (23, 28)


def scale(name, short):
    """The scale of a proof: the variable ``name`` (tools/proof.py sets it), or the short form."""
    return int(os.environ.get(name, short))


def report(text, *figures):
    """Print one measured line; `make proof` shows it."""
    print("PROOF " + text % figures)


def percentile(values, part):
    """The smallest of ``values`` that ``part`` (0..1) of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def spread(values):
    """``median/95 %/most`` of some ms, as text."""
    return "median %d, 95 %% %d, most %d ms" % (
        statistics.median(values),
        percentile(values, 0.95),
        max(values),
    )


def channel(model, seed=1, house="sunny", alerts=False, **faults):
    """A paced line to a simulated meter (a name or a Model) with these faults."""
    model = MODELS[model] if isinstance(model, str) else model
    meter = Meter(model, House(house, seed, model.tiers), epoch=EPOCH, sequence=seed * 7919)
    if alerts:
        meter.enable_alerts()
    return Channel(meter, Faults(seed, **faults))


class Enough(BaseException):
    """The wanted number of replies is there."""


class Proof(VirtualLine):
    """A reader that checks at each commit that what is stored is what the meter said.

    The meter's side notes the true data of each reply to a read of BT23 or BT28. A snapshot must
    be, value for value, one such reply made since the last snapshot, and nothing else may stand
    in the store under that table. ``commits``: (ms, table); ``wrong``: what was not so.
    """

    def __init__(self, line, fast=False, replies=None, **more):
        super().__init__(line, fast, **more)
        self.commits = []
        self.wrong = []
        self.checked = 0
        self._replies = replies
        self._true = []  # (table, ints) of the replies since the last snapshot
        self._asked = None
        line.tap = self._tap
        self._commit = self.store.commit
        self.store.commit = self._committed

    def _tap(self, direction, packet, ms):
        if direction == ">":
            self._asked = packet
            return
        request, body = self._asked[2:], packet[2:-8]
        table = int.from_bytes(request[1:3], "big")
        if request[0] == 0x3F and table in LIVE and body[0] == 0:
            # The values only: BT23 and BT28 of a meter with demands begin with something else.
            data = body[3:]
            ints = [
                int.from_bytes(data[i : i + 4], "little", signed=True)
                for i in range(0, len(data), 4)
            ]
            self._true.append((table, ints))
        if self._replies is not None and self.channel.stats["replies"] >= self._replies:
            raise Enough()

    def _committed(self, table):
        self._commit(table)
        self.commits.append((self.time.now, table))
        store = self.store
        places = [i for i, kind in enumerate(store.kinds) if kind[1] == table]
        stored = [store.fresh(i) for i in places]
        scales = [store.kinds[i][5] for i in places]
        for said, ints in self._true:
            if said == table and stored == [n * s for n, s in zip(ints, scales)]:
                break
        else:
            self.wrong.append((self.time.now, table, stored, self._true[-2:]))
        self.checked += len(stored)
        self._true = []

    def run(self, ms=1 << 40):
        try:
            super().run(ms)
        except Enough:
            pass

    def times(self, table=28):
        """When each snapshot of ``table`` was complete (ms)."""
        return [ms for ms, of in self.commits if of == table]

    def next_after(self, ms, table=28):
        """How long after ``ms`` the next snapshot came, None if there was none."""
        times = self.times(table)
        i = bisect.bisect_right(times, ms)
        return times[i] - ms if i < len(times) else None

    def longest_after(self, ms, span, table=28):
        """The longest time without a new snapshot that began within ``span`` ms after ``ms``."""
        times = self.times(table)
        i = bisect.bisect_right(times, ms)
        longest = 0
        since = ms
        while i < len(times) and since < ms + span:
            longest = max(longest, times[i] - since)
            since = times[i]
            i += 1
        return longest
