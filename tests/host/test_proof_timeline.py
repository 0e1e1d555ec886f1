"""The fault timeline at length: hours of random faults, and days without any.

`make proof` runs 24 hours of faults for each of two seeds, and 13 days on end, so that the ticks
wrap by themselves; the short form starts half an hour before they do.
"""

import random

import pytest
from proofkit import report, scale

from timelineevents import EVENTS
from timelinekit import World
from timelinewords import GOOD, WRAP, H, M, S, row

HOURS = scale("PROOF_FAULT_HOURS", 1)
UPTIME = scale("PROOF_UPTIME_HOURS", 1)

ROUTER = (
    ("the router is switched off", "the router is switched on"),
    ("the router gets another password", "the router gets its old password back"),
    ("the router gives no address", "the router gives addresses again"),
)
BROKER = (
    ("the broker ends", "the broker is back"),
    ("the broker's machine is off", "the broker is back"),
)
METER = (
    ("the meter falls silent", "the meter answers again"),
    ("the meter falls silent", "another meter is there"),
    ("another meter is there", None),
)
SUPPLY = (("brown-out", None), ("the supply goes and comes", None))
PLACES = (ROUTER, BROKER, METER, SUPPLY)
LEAST, MOST = S // 2, 20 * M  # that a fault lasts
# The slowest way back: the line is tried once a minute, after a cooling of a minute.
AGAIN = 4 * M


def episodes(seed, hours):
    """A script of random faults at up to four places at once; after each time all is well."""
    chance = random.Random(seed)
    rows = [row(0, "", M, GOOD)]
    at = 2 * M
    while at < hours * H:
        last = at
        for place in chance.sample(PLACES, chance.randint(1, len(PLACES))):
            begin, end = chance.choice(place)
            moment = at + chance.randrange(5 * M)
            rows.append(row(moment, begin, 0))
            if end:
                # Short ones are as likely as long ones.
                moment += int(LEAST * (MOST / LEAST) ** chance.random())
                rows.append(row(moment, end, 0))
            last = max(last, moment)
        rows.append(row(last, "", AGAIN, GOOD))
        at = last + AGAIN + 2 * S
    return rows


def play(rows, ticks=0):
    world = World({"ap_after_h": 0}, ticks)
    world.play(rows, EVENTS)
    assert not world.wrong, "\n".join(world.wrong[:12])
    return world


@pytest.mark.proof
@pytest.mark.parametrize("seed", [1, 2])
def test_random_faults(seed):
    rows = episodes(seed, HOURS)
    world = play(rows)
    events = len([r for r in rows if r[1]])
    report(
        "%d h with %d random faults and cures (seed %d): %d starts, %d readings published, none "
        "of them wrong; all well within %d s after each",
        *(HOURS, events, seed, world.lives, world.broker.messages, AGAIN // S),
    )


@pytest.mark.proof
def test_days_on_end():
    rows = [row(h * H, "", M, GOOD, starts=1, connects=1) for h in range(UPTIME + 1)]
    # NTP is asked once a day.
    rows.append(row(20 * H, "the time server is two hours fast", 5 * H, off_by=(7197, 7203)))
    rows.append(row(44 * H, "the time server is right again", 5 * H, off_by=(-3, 3)))
    rows = [r for r in rows if r[0] + r[2] <= UPTIME * H + M]
    wraps = UPTIME * H > WRAP
    world = play(rows, 0 if wraps else WRAP - H // 2)
    gap = max(state["gap"] for _, state in world.rows)
    report(
        "%d h up, over the wrap of the ticks: one start, one connection, %d readings published, "
        "at most %d ms between two BT28",
        *(UPTIME, world.broker.messages, gap),
    )
