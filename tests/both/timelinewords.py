"""What the scripts of the fault timeline are written with."""

S, M, H = 1000, 60000, 3600000
WRAP = 1 << 30


class Chapter:
    """One module from its first supply of power on.

    ``sees`` and ``does``: for the owner (docs/faults.md); what stands in quotes is expected
    somewhere in ``rows``. ``restarts``: when it starts again. ``config`` beside the usual;
    ``ticks``: how long ago it seems to have started.
    """

    def __init__(self, title, sees, does, restarts, rows, config=None, ticks=0):
        self.title = title
        self.sees = sees
        self.does = does
        self.restarts = restarts
        self.rows = rows
        self.config = config or {}
        self.ticks = ticks


def like(*states, **more):
    """What is expected in all of ``states`` and ``more``; a later one counts."""
    found = {}
    for state in states + (more,):
        found.update(state)
    return found


def row(at, event, after, *states, **more):
    """At the moment ``at`` happens ``event`` ("": nothing), ``after`` it this is expected."""
    return (at, event, after, like(*states, **more))


def reads(seconds):
    """As many BT28 as there are in ``seconds``: nine in ten."""
    return (seconds * 88 // 100, seconds * 92 // 100)


# The station's longest pause, and one try.
JOIN = 85 * S
# The MQTT client's longest pause, a try that is under way, and what it may be late by.
RECONNECT = 10 * S
GAP = (0, 1300)  # between two BT28
RUNS = {"mode": "application", "meter": True, "ap": False, "gap": GAP, "tasks": {}}
GOOD = like(RUNS, wifi="online", reason="", mqtt=True, status="online", page=200)
ALONE = like(RUNS, reason="", mqtt=False, page=0)
BACK = like(GOOD, starts=1, name="mep-123456", address="192.168.1.50")
NO_METER = like(GOOD, meter=False, status="offline", reason="no reply from the meter")
del NO_METER["gap"]
NO_BROKER = like(GOOD, mqtt=False, status="offline")
FULL = "the flash is full"
