"""The load profile as CSV: `GET /api/v1/profile?set=1&from=2026-11-01&to=2026-11-02T12:00`.

It is sent as it comes from the meter; no more than one reply of it is in memory.
"""

from shim import const
from ..hal import clock
from ..hal.memory import drop, room
from ..meter.jobs import JobError
from .desk import FULL, Answer, Known, Refusal, add, release

_SECONDS = const(7200)
_LOOK_MS = const(50)
_PART = const(8)  # intervals in one piece
_MBUS = const(14000)  # bytes of heap that the values of M-Bus devices need, and those of others
_PLAIN = const(6000)
_BEGIN_MS = const(120000)  # to the first reply
# Made beforehand: there may be no memory for it when it is needed.
_CUT = b"# incomplete: the module has no memory for it; ask for less\r\n"
_UNREAD = b"# incomplete: nobody took it for a minute\r\n"
_FORM = "%s: write a UTC time like 2026-11-01 or 2026-11-01T12:15"


class Intervals(Answer):
    """The lines of ``job`` of ``app``, whose machine is the profile; ``gone()``: nobody reads."""

    kind = "text/csv"

    def __init__(self, app, job, names, gone):
        Answer.__init__(self, None)
        self._names = names
        self._app = app
        self._job = job
        self._gone = gone
        self._head = _head(job.machine)
        self._over = False  # True: nothing more is given

    async def __anext__(self):
        piece = None
        while piece is None:
            self.seen = clock.ticks_ms()
            try:
                piece = self._next()
            except MemoryError:
                piece = self.cut()
            except Exception as e:
                piece = self._failed(e)
            if piece is None:
                self._job.hold = False
                await clock.sleep_ms(_LOOK_MS)
        if not piece:
            raise StopAsyncIteration
        return piece

    def cut(self):
        """See `Answer.cut`. What was taken for a piece that cannot be made is lost."""
        self._over = True
        if self._job:
            self._job.end("no memory")
        return _CUT

    def _failed(self, e):
        self.cut()
        try:
            self._app.log("error", "profile: %s: %s" % (type(e).__name__, e))
        except MemoryError:
            return _CUT
        return b"# incomplete: an error of the module; its log says more\r\n"

    def _next(self):
        # The next piece, None if there is none yet, b"" at the end.
        if self._over:
            return b""
        job = self._job
        if not job:
            self._over = True
            return _UNREAD
        text = self._head
        self._head = None
        why = None
        if not text:
            text = self._more()
        if not text:
            if job.late():
                self._over = True
                why = job.error
            elif self._gone():
                self._over = True
                why = "nobody waits for it"  # unless only one end is closed
            else:
                return None
            if why:
                text = "# incomplete: %s\r\n" % why
        return text.encode()

    def _more(self):
        # Some intervals that have come, "" if there are none.
        from osgp.profile import words

        lines = []
        machine = self._job.machine
        self._job.hold = True
        for end, status, values in machine.take():
            cells = [clock.iso(end), " ".join(words(status, self._names))]
            for channel, value in zip(machine.channels, values):
                cells.append(_cell(channel, value))
            lines.append(",".join(cells) + "\r\n")
            if len(lines) == _PART:
                break
        return "".join(lines)

    async def aclose(self):
        """See `Answer.aclose`."""
        job = self._job
        self._job = None
        try:
            if job:
                release(self._app, job)
        finally:
            await Answer.aclose(self)


async def answer(app, req):
    """An `Answer`. Raises what `firmware.asked.desk.answer` explains."""
    number = req.args.get("set", "1")
    if number not in ("1", "2", "3", "4"):
        raise Refusal(400, "set: write 1, 2, 3 or 4")
    begin = _instant(req, "from")
    end = _instant(req, "to")
    if begin is not None and end is not None and begin >= end:
        raise Refusal(400, "from is not before to")
    names = _status()
    from osgp.profile import Profile

    machine = Profile(Known(app.store), int(number), begin, end, pieces=1)
    job = add(app, machine, _SECONDS)
    sock = getattr(req, "sock", None)
    gone = sock[1].gone if sock else bool
    until = clock.ticks_add(clock.ticks_ms(), _BEGIN_MS)
    try:
        while not job.late() and not _begun(job):
            await clock.sleep_ms(_LOOK_MS)
            if gone():
                raise JobError("nobody waits for it")
            if clock.ticks_diff(until, clock.ticks_ms()) < 0:
                raise JobError("the meter did not answer in time")
        if job.error:
            raise JobError(job.error)
        if machine.set is None:
            refused = ", ".join(machine.missing)
            raise Refusal(404, "the meter does not give its load profile (%s)" % refused)
        _check(machine)
        return Intervals(app, job, names, gone)
    except BaseException:
        release(app, job)
        raise


def _status():
    # The words for the channels' states; what knows them goes again.
    from osgp.about import words

    found = words(64, "STATUS")
    del words
    drop("osgp.about", "osgp.fields", "osgp.tables")
    return found


def _begun(job):
    # Held as soon as something has come, so that no more does meanwhile.
    if job.machine.set is not None and job.machine.channels:
        job.hold = True
    return job.hold


def _check(machine):
    # What gave the names goes; what is left must do for the intervals.
    drop("osgp.sources", "osgp.mbuswords")
    needed = _MBUS if any(c.header for c in machine.channels) else _PLAIN
    left = room()
    if left is not None and left < needed:
        raise Refusal(503, FULL % (left, needed))


def _head(machine):
    heads = ["time", "status"]
    for channel in machine.channels:
        unit = channel.unit if channel.times else ""
        heads.append(channel.name + (" [%s]" % unit if unit else ""))
    return ",".join(heads) + "\r\n"


def _cell(channel, value):
    if value is None or not channel.times:
        return ""
    if isinstance(value, str):
        return '"%s"' % value.replace('"', '""')
    value *= channel.times
    per = channel.per
    if per == 1:
        return str(value)
    digits = len(str(per)) - 1
    if not isinstance(value, int) or per != 10**digits:
        return str(value / per)
    whole, part = divmod(abs(value), per)  # a float would be rounded
    return "%s%d.%0*d" % ("-" if value < 0 else "", whole, digits, part)


def _instant(req, name):
    # Unix time of a query's argument, None without it.
    text = req.args.get(name, "")
    if not text:
        return None
    if text[-1] == "Z":
        text = text[:-1]
    full = text + "0000-00-00T00:00:00"[len(text) :]
    try:
        parts = [
            int(full[a:b]) for a, b in ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19))
        ]
        year, month, day, hour, minute, second = parts
        seconds = clock.days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
        if len(text) not in (10, 16, 19) or clock.iso(seconds) != full + "Z":
            raise ValueError
    except (ValueError, OverflowError):
        raise Refusal(400, _FORM % name)
    return seconds
