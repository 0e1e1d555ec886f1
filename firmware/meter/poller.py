"""What to read from the meter, and when.

Theory of operation. At the start `osgp.dims.Dims` says step by step what must be read to know the
meter: identity, dimensions, the order of its values. Then BT28 (present values) and, with every
ninth of them, BT23 (energies), so that BT23 is every tenth read. The reads go out one a second on
average, which is the guide's advice; `fast` goes to the line's limit instead. Only the bytes of
the values are read.

After a 0x0C the meter's interface may have changed (ET04's IDT version tells), or the meter is
another one: nothing is taken until it has been asked again who it is. If it is not as it was, or
after a longer silence, the start is done again; the store keeps its values unless the meter or
its list of values is a new one.
"""

from mep.errors import TableError
from mep.events import CUT, SILENT, WRONG_KEY, Failed, Response
from osgp.codec import read_i32s
from shim import const
from ..hal import clock
from ..hal.memory import drop
from ..hal.ports import fault

_BT23 = const(23)
_BT28 = const(28)
_BT52 = const(52)
_NINE = const(9)
_PERIOD_MS = const(1111)  # nine BT28 and one BT23 in ten seconds
_PAUSE_MS = const(1000)
_MOST_MS = const(4000)
_LOST = const(5)  # reads without a reply in a row: look again who is there
_ODD = const(60)  # replies in a row that are not the values, but a refusal or too short: the same
_CLOCK_MS = const(600000)
_LOOK_MS = const(60000)  # the alert flags are read again after so long, as long as alerts come
_SERVE_MS = const(2000)

# Loaded when there is something to say.
_REPLIES = "firmware.meter.replies"
_CODES = "mep.codes"


class NoReply(Exception):
    """A table could not be read; the text says why, for the owner."""


class Changed(Exception):
    """The meter is not the one that was learned, or not as it was."""


class Poller:
    """Reads through ``link`` into ``store``; ``log(level, text)``.

    ``line`` (`firmware.meter.line.Line`), if there is one, is told how the replies are and tries
    to get a silent line back. ``alive`` is called at least once a minute while all is well.
    """

    def __init__(self, link, store, log, fast=False, line=None):
        self._known = False
        self.present_at = self._sums_at = (0, 0)  # offset and count of the values
        self.alive = None
        self._link = link
        self._line = line
        self._failed = ""  # reason of the last failed read
        self._store = store
        self._log = log
        self._period = 0 if fast else _PERIOD_MS
        self._who = []  # (table, offset, count, bytes or None if refused): who the meter was
        self._jumps = 0  # of the session, when the meter was last seen to be that one
        self._first_sum = 0  # index in the store of BT23's first value
        self._clock_read = None
        self.server = None  # `firmware.meter.alerts.Server`
        self.jobs = None  # `firmware.meter.jobs.Jobs`, while there are some
        self.fresh_at = 0  # tick value of the last BT28
        self._alerts = 0  # of the link, when they were looked at
        self._flags_at = None
        self._look_at = clock.ticks_ms()

    async def run(self):
        """Poll for ever."""
        pause = _PAUSE_MS
        while True:
            if self.jobs:
                self.jobs.lost()
            try:
                await self._start()
                pause = _PAUSE_MS
                await self._poll()
            except Changed:
                self._log("info", "the meter or its interface has changed")
            except (NoReply, TableError, OSError) as e:
                line = self._line
                why = "meter line: " + fault(e) if isinstance(e, OSError) else str(e)
                self._log("warn", why)
                if line and line.diagnosis:
                    why = "%s; %s" % (why, line.diagnosis)
                self._store.reason = why
                await self._link.idle(clock.ticks_add(clock.ticks_ms(), pause))
                pause = min(2 * pause, _MOST_MS)
                if line and isinstance(e, NoReply) and self._failed != WRONG_KEY:
                    await self._recover()

    async def _recover(self):
        try:
            await self._line.recover(self._failed == SILENT, self.alive)
        except OSError as e:
            self._log("warn", str(e))
            self._link.close()  # the next read opens it

    async def _start(self):
        from . import learning

        self._flags_at = None
        store = self._store
        found = await learning.learn(self._read, self._link.session, store, self._log, self._known)
        del learning
        drop("firmware.meter.learning", _REPLIES, _CODES)
        self._who, self._jumps, self.present_at, self._sums_at = found
        self._known = True
        self._first_sum = store.first(_BT23)

    async def _poll(self):
        # Returns when the meter has to be learned anew.
        link = self._link
        due = clock.ticks_ms()
        turn = _NINE - 1
        silent = odd = 0
        server = self.server
        fresh = server is not None
        while silent < _LOST and odd < _ODD:
            turn += 1
            self._failed = ""
            ok = await self._present()
            if turn >= _NINE:
                turn = 0
                ok = await self._sums() and ok
                await self._read_clock()
            silent = silent + 1 if self._failed else 0
            odd = 0 if ok or silent else odd + 1
            if ok and fresh:
                fresh = False
                try:
                    await server.set_up(self._one, self._write, self._store, self._log)
                except MemoryError:
                    self._log("warn", "no memory to serve the meter's alerts")
            alerts = self._store.alerts
            # What the meter wanted is looked at until it has it: it falls silent then.
            if link.alerts != self._alerts or (alerts and alerts["now"]):
                await self._alerted()
            now = clock.ticks_ms()
            due = clock.ticks_add(due, self._period)
            if odd:
                due = clock.ticks_add(now, _PERIOD_MS)  # `fast` is for values
            elif clock.ticks_diff(due, now) < 0:
                due = now  # late: no use in catching up
            if self.jobs:
                due = await self.jobs.serve(due)
            if await link.idle(due, server is not None):
                due = clock.ticks_ms()

    async def _alerted(self):
        # Between the live reads, and seldom: a storm of alerts costs the values nothing.
        now = clock.ticks_ms()
        if clock.ticks_diff(now, self._look_at) < 0:
            return
        server = self.server
        self._alerts = self._link.alerts
        self._look_at = clock.ticks_add(now, _SERVE_MS if server else _LOOK_MS)
        try:
            await self._look(server)
        except MemoryError:
            self._log("warn", "no memory to look at the meter's alerts")

    async def _look(self, server):
        from . import alerts

        entry = server.delta.entry if server else None
        found = await alerts.look(self._one, self._store, self._log, self._flags_at, entry)
        self._flags_at = found.at
        if server is None:
            del alerts, found
            drop("firmware.meter.alerts", "osgp.alerts")
        elif found.flags:
            await server.serve(found.flags, self._one, self._write, self._store, self._log)

    async def _write(self, table, offset, data):
        if self.alive:
            self.alive()
        return await self._link.transact(table, 0, offset, data)

    async def _present(self):
        event = await self._values(_BT28, *self.present_at)
        if event is not None:
            read_i32s(event.buf, event.start, event.count, self._store.put)
            self._store.commit(_BT28)
            self.fresh_at = clock.ticks_ms()
        return event is not None

    async def _sums(self):
        event = await self._values(_BT23, *self._sums_at)
        if event is not None:
            read_i32s(event.buf, event.start, event.count, self._put_sum)
            self._store.commit(_BT23)
        return event is not None

    def _put_sum(self, i, value):
        self._store.put(self._first_sum + i, value)

    async def _values(self, table, offset, count):
        # The Response with exactly ``count`` bytes of ``table``, or None with the reason noted.
        try:
            event = await self.read(table, count, offset)
        except NoReply as e:
            return self._nothing(str(e))
        if isinstance(event, Response) and event.count == count:
            return event
        from . import replies  # seldom

        why = replies.odd(table, event, count)
        del replies
        drop(_REPLIES, _CODES)
        return self._nothing(why)

    async def read(self, table, count, offset):
        """The event that answers a read, from the meter that was learned.

        Raises NoReply and Changed if that cannot be told.
        """
        session = self._link.session
        event = await self._read(table, count, offset)
        jumps = session.jumps
        if jumps != self._jumps and not isinstance(event, Failed):
            from . import learning, pieces

            if isinstance(event, Response):
                event = pieces.kept(event)
            await learning.confirm(self._read, self._log, self._who)
            del learning
            drop("firmware.meter.learning", _REPLIES, _CODES)
            self._jumps = jumps  # another one since then is for the next read
        return event

    async def rest(self, ms):
        """Listen to the line for so long."""
        await self._link.idle(clock.ticks_add(clock.ticks_ms(), ms))

    def _nothing(self, why):
        self._store.reason = why
        self._log("warn", why)

    async def _read(self, table, count, offset):
        # One read, in pieces right after each other where the line lets only short replies pass.
        line = self._line
        piece = line.piece if line else None
        if piece is None or offset is None or count <= piece:
            return await self._one(table, count, offset)
        from . import pieces

        return await pieces.read(self._one, piece, table, count, offset)

    async def _one(self, table, count, offset):
        if self.alive:
            self.alive()
        event = await self._link.transact(table, count, offset)
        line = self._line
        if isinstance(event, Failed):
            self._failed = event.reason
            if line and event.reason == CUT:
                line.cut(self._link.cut_at)
        elif line:
            line.heard()
            if isinstance(event, Response):
                line.whole(event.count)
        return event

    async def _read_clock(self):
        # Only a module without a clock of its own needs the meter's.
        now = clock.ticks_ms()
        if clock.unix() is not None:
            return
        if self._clock_read is not None and clock.ticks_diff(now, self._clock_read) < _CLOCK_MS:
            return
        event = await self._link.transact(_BT52, 6, 0)
        if isinstance(event, Response) and event.count == 6:
            seconds = clock.seconds_of(event.buf, event.start)
            if seconds is not None:
                self._store.set_clock(seconds)
                self._clock_read = now
