"""Who answers what: `/api/v1/tables/NAME`, `/api/v1/info`, `/api/v1/profile`; one at a time.

Theory of operation. The reads are jobs (`firmware.meter.jobs`), so the live values come first. All
code for it is loaded here and goes with the end of the answer, because the application leaves room
for little else. Nothing is ever written, and no key is shown.
"""

import gc

from mep.errors import LocalError, TableError
from shim import const
from ..hal import clock
from ..hal.memory import drop, room

# Bytes of heap that must be free: for code and data, and 4 KB for the application meanwhile.
_INFO = const(13000)
_MBUS = const(7000)
_MBUS_READ = const(18000)
_TABLE = const(22000)
_PROFILE = const(36000)
_NEEDED = {"profile": _PROFILE, "tables": _TABLE, "mbus": _MBUS, "mbus_read": _MBUS_READ}
FULL = (
    "the module has %d bytes of memory free and needs %d for this: close a live page and ask "
    "again, or use mepctl"
)


class Refusal(Exception):
    """``args``: the status code and why there is no answer."""


class Known:
    """What the declarations ask of a meter, from what the application knows of it."""

    def __init__(self, store):
        firmware = store.meter["firmware"] or ""
        parts = firmware.split(".")
        self.version = tuple([int(n) for n in parts if n.isdigit()])
        if len(self.version) < 2:
            raise Refusal(503, "the meter has not told its firmware version")
        self.tables = {}
        self.energy_unit = None
        for unit, _, _, _, _, scale in store.kinds:
            if unit == "Wh":
                self.energy_unit = scale


class Answer:
    """A body that is sent piece by piece; the end of it is the end of the question.

    ``seen``: tick value of when somebody last asked for a piece.
    """

    kind = "application/json"

    def __init__(self, pieces):
        self._pieces = pieces
        self.close = None
        self.seen = clock.ticks_ms()

    def __aiter__(self):
        return self

    async def __anext__(self):
        self.seen = clock.ticks_ms()
        if self._pieces is None:
            raise OSError("nobody took it for a minute")  # who sends it must not end it as whole
        for piece in self._pieces:  # the chip's `next` knows no default
            return piece.encode()
        raise StopAsyncIteration

    def cut(self):
        """The last piece of a body that ends too soon. Raises MemoryError if nothing says so."""
        raise MemoryError

    async def aclose(self):
        """No more is wanted. May be called twice."""
        self._pieces = None
        close = self.close
        self.close = None
        if close:
            close()


async def answer(app, req):
    """(200, Answer), or (status code, why not)."""
    if req.method not in ("GET", "HEAD"):
        return 405, "this path takes only GET"
    store = app.store
    if not store.online:
        return 503, store.reason or "the meter is silent"
    try:
        return 200, await _way(req.path)(app, req)
    except Refusal as e:
        return e.args
    except LocalError as e:
        return 404, str(e)
    except TableError as e:
        return 503, str(e)
    except MemoryError:
        return 503, "the module has too little memory for it now; ask for less, or use mepctl"
    except Exception as e:
        # By its name: the class itself may be gone, with the code that is not needed any more.
        if type(e).__name__ != "JobError":
            raise
        return 503, str(e)


def _way(path):
    # Over HTTP a path is text. What only MQTT may ask is a tuple, which equals no list.
    words = path.split("/")[3:] if isinstance(path, str) else path
    gc.collect()
    left = room()
    if left is not None:
        needed = _NEEDED.get(words[0], _INFO)
        if left < needed:
            raise Refusal(503, FULL % (left, needed))
    if words[0] == "tables" and len(words) == 2:
        from .table import answer
    elif words == ["info"]:
        from .info import answer
    elif words == ["mbus"]:
        from .mbus import answer
    elif words == ("mbus_read",):
        from .mbus import read as answer
    elif words == ["profile"]:
        from .profile import answer
    elif words == ("raw",):
        from .raw import answer
    else:
        raise Refusal(404, "there is nothing at this path")
    return answer


def add(app, machine, seconds):
    """Queue ``machine`` behind what others wait for; gives its job. Raises JobError."""
    from ..meter.jobs import Jobs

    jobs = app.poller.jobs or Jobs(app.poller, app.config["baud"])
    return jobs.add(machine, seconds)


def release(app, job):
    """Nobody waits for ``job``, and what it holds is to be free before the poller's next turn."""
    job.end("nobody waits for it")
    job.machine = None
    poller = app.poller
    if poller.jobs:
        poller.jobs.tidy()
    try:
        if not poller.jobs:
            drop("firmware.meter.jobs")
    except MemoryError:
        pass  # it goes with the next one
