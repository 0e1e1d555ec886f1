"""What is done about the meter's alerts, between the live reads. Loaded when one has come.

By default the flags are read and told, and nothing is ever written. With ``alerts_serve`` the
poller has a `Server`: it lets the meter watch sources (delta data), reads BT28 at once when it
alerts, and then says that it was seen. M-Bus changes are told, not cleared: no public text says
how. Nothing else is answered: scheduled reads and on-demand requests are the utility's business.
"""

import sys

from mep.errors import TableError
from mep.events import Refused, Response
from osgp.alerts import DELTA, Alerts, causes
from shim import const
from ..hal import clock
from ..hal.memory import drop

_REST_MS = const(600000)  # after a refusal
_SOON_MS = const(10000)  # after a fault of the line
_BT07 = const(7)
_SINCE = (3, 40)
# ET50: registration, ET71: what is watched, EP39: that an alert was seen.
_WRITES = ((2098, b"\x0b"), (2119, b"\x08\x00\x64\x00"), (_BT07, b"\x27\x08\x05\x0c\x01\x00\x00"))


async def look(read, store, log, at=None, entry=None):
    """Read the flags, tell what is new of them; returns the `osgp.alerts.Alerts` that read them.

    ``read(table, count, offset)``: coroutine function, gives the session's event. ``at``: of an
    earlier `look`; ``entry``: this client's in ET13, if it is known. ``store.alerts`` (dict) holds
    what was told.
    """
    if store.alerts is None:
        store.alerts = {"now": [], "seen": {}, "time": None}
    told = store.alerts
    if at is None and entry is None:
        entry = await _entry(read, store)
    machine = Alerts(at, entry)
    await _drive(machine, read)
    if machine.flags is None:
        return machine
    now = causes(machine.flags)
    new = [name for name in now if name not in told["now"]]
    told["now"] = now
    told["time"] = clock.iso(store.now())
    seen = told["seen"]
    for name in new:
        if name not in seen:
            log("info", "the meter alerts: " + name)
        seen[name] = seen.get(name, 0) + 1
    return machine


async def _entry(read, store):
    # Only where two MEP clients may be connected must the meter be asked which one this is.
    version = _version(store)
    if version and version < (4, 0):
        return 4
    from osgp.port import Port

    port = Port(version)
    await _drive(port, read)
    del Port
    drop("osgp.port")
    return port.entry


def _version(store):
    try:
        return tuple([int(n) for n in store.meter["firmware"].split(".")[:2]])
    except (AttributeError, ValueError):
        return None


class Gate:
    """What may be written, by `osgp.writes`: here only what wears nothing, so no ledger is needed.

    Judged once, at the application's start: later there is no room for the code behind it.
    """

    def __init__(self):
        before = list(sys.modules)
        from osgp.writes import judge

        self._known = {}
        for table, data in _WRITES:
            judged = judge(table, data, _SINCE)
            why = judged.why
            if not why and judged.memory != "RAM":
                why = judged.name + ": wears the meter's memory"
            self._known[_kind(table, data)] = why
        del judge, judged
        drop(*[n for n in list(sys.modules) if n[:5] == "osgp." and n not in before])

    def __call__(self, table, data, version):
        """ "" or why not."""
        if version is None or version < _SINCE:
            return "delta data alerts need a meter with firmware 3.40"
        return self._known.get(_kind(table, data), "no such write serves an alert")


def _kind(table, data):
    return table, bytes(data[:2]) if table == _BT07 else b""


class Server:
    """Serves delta data alerts for ``watch`` (text of the configuration's ``alerts_watch``).

    ``allow(table, data, version)`` is the gate that each write passes: "" or why not.
    """

    def __init__(self, watch, allow):
        from osgp.delta import Delta, parse

        self.delta = Delta(parse(watch))
        self._allow = allow
        self._version = None
        self._told = ""
        self._rest = None

    async def set_up(self, read, write, store, log):
        """Let the meter watch. Done when it was learned; it forgets without mains."""
        self._version = _version(store)
        self.delta.set_up(self._version)
        await self._work(read, write, log)

    async def serve(self, flags, read, write, store, log):
        """Say that the alert ``flags`` were seen, as far as they are served."""
        if self._rest is not None:
            if clock.ticks_diff(clock.ticks_ms(), self._rest) < 0:
                return
            await self.set_up(read, write, store, log)
        if flags & DELTA and self.delta.ready:
            self.delta.seen()
            await self._work(read, write, log)

    def _may(self, table, data):
        return self._allow(table, data, self._version)

    async def _work(self, read, write, log):
        delta = self.delta
        why = await _drive(delta, read, write, self._may) or delta.why
        drop("osgp.port")
        if why and why != self._told:
            log("warn", "alerts_serve: " + why)
        self._told = why
        self._rest = None
        if not delta.ready:
            wait = _SOON_MS if delta.lost else _REST_MS
            self._rest = clock.ticks_add(clock.ticks_ms(), wait)


async def _drive(machine, read, write=None, may=None):
    # Until the machine has no wish left; why the gate stopped it (str), or "".
    while True:
        if write and machine.wait_ms:
            await clock.sleep_ms(machine.wait_ms)
        step = machine.next_read()
        writing = False
        if step is not None:
            table, offset, count = step
            event = await read(table, count, offset)
        else:
            step = machine.next_write() if write else None
            if step is None:
                return ""
            writing = True
            table, offset, data = step
            why = may(table, data)
            if why:
                machine.stop()
                return why
            event = await write(table, offset, data)
        if isinstance(event, Response) and writing:
            machine.written(table)
        elif isinstance(event, Response):
            try:
                machine.learn(table, event.buf, event.start, event.count)
            except TableError:
                machine.absent(table)
        elif isinstance(event, Refused):
            machine.refused(table, event.code)
        elif write:
            machine.failed(table)
        else:
            return ""
