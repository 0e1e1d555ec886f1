"""`mepctl baud`: drives `osgp.baud.BaudChange` with the host's own port, which has a rate, too.

Once the write is out, everything but its end is put off: Ctrl-C, a full disk under the ledger, an
adapter that is gone for a moment. A meter at a rate that nobody knows would be worse.
"""

import asyncio
import contextlib
import signal
import sys

from mep import events as ev
from mep.errors import LocalError
from osgp import baud
from osgp.codec import table_name
from . import calling, guard, output, work
from .common import (
    DISTURBED,
    OK,
    REFUSED,
    SILENT,
    USAGE,
    Meter,
    Stop,
    failed,
    find_baud,
    find_key,
)

_SOCKET = "socket://"
_NO_RATE = (
    "port %s carries bytes, not a rate; take the serial device itself or rfc2217://HOST:PORT, or "
    "give --follows if it is the simulated meter"
)
_AGAIN_S = 0.5
_WAIT = "mepctl: not now: the rate is being changed; it ends by itself within a minute\n"


def main(args):
    """Show or do it; returns the exit code."""
    now = find_baud(args)
    for rate in (now, args.rate):
        if rate not in baud.RATES:
            rates = ", ".join(str(r) for r in sorted(set(baud.RATES)))
            raise Stop(USAGE, "baud: %d is no rate of a meter; write one of %s" % (rate, rates))
    if args.port.startswith(work.DUMP):
        raise Stop(USAGE, "a dump has no line; give --port of the meter itself")
    if args.port.startswith(_SOCKET):
        if args.yes and not args.follows:
            raise Stop(USAGE, _NO_RATE % args.port)
    elif args.follows:
        raise Stop(USAGE, "--follows is for socket:// alone; this port has a rate of its own")
    slowest = min(now, args.rate)
    meter = Meter(args.port, find_key(args), now, rc4=args.rc4, slowest=slowest)
    return work.run(args, lambda meter: _main(meter, args, now), meter)


async def _main(meter, args, now):
    if not args.port.startswith(_SOCKET):
        _rehearse(meter, args.rate, now)
    dims = await work.learn(meter)
    port = await calling.port_of(meter, dims)
    try:
        change = baud.BaudChange(dims.version, args.rate, now, port.entry)
    except LocalError as e:
        raise Stop(REFUSED, "%s; this one has %s" % (e, dims.firmware))
    shell = _Shell(meter, change, guard.Gate(dims), not args.port.startswith(_SOCKET))
    await shell.prepare()
    if not args.yes and not change.done:
        return _preview(args, shell, now)
    with output.progress(args, "ET13"), _uninterrupted(not change.done):
        await shell.finish()
    return _tell(args, shell, now)


def _rehearse(meter, wanted, now):
    # What this computer cannot do must be known before the meter does it.
    try:
        meter.set_rate(wanted)
    except OSError as e:
        raise Stop(USAGE, "port %s cannot run at %d: %s" % (meter.url, wanted, e))
    finally:
        with contextlib.suppress(OSError):
            meter.set_rate(now)


class _Shell:
    """The machine ``change`` on ``meter``, its writes through ``gate``; ``tune``: the port too."""

    def __init__(self, meter, change, gate, tune):
        self.meter = meter
        self.change = change
        self.gate = gate
        self.writes = 0
        self.refusal = ""
        self._tune = tune
        self._rate = change.rate

    async def prepare(self):
        """Read until the first write is due. Raises Stop."""
        while self.change.next_read():
            await self._ask(*self.change.next_read())

    def held(self):
        """ "" if all the writes that may be needed are free, else why not."""
        table, _, data = self.change.next_write()
        why = self.gate.preview(table, data, baud.WRITES)
        return why and "%s (a change and its way back need %d)" % (why, baud.WRITES)

    async def finish(self):
        """The first write and all that follows. Raises Stop only if nothing was written."""
        change = self.change
        if not change.done and self.held():
            raise Stop(REFUSED, self.held())
        while not change.done:
            self._at_rate()
            if change.wait_ms:
                await asyncio.sleep(change.wait_ms / 1000)
            await self._ask(*(change.next_write() or change.next_read()))
        self._at_rate()

    def _at_rate(self):
        if self.change.rate == self._rate:
            return
        self._rate = self.change.rate
        if not self._tune:
            return
        try:
            self.meter.set_rate(self._rate)
        except OSError:
            self.meter.link.close()  # opened again, it has that rate

    async def _ask(self, table, offset, what):
        data = None if isinstance(what, int) else what
        if data is not None:
            self._count(table, data)
        try:
            count = what if data is None else 0
            event = await self.meter.link.transact(table, count, offset, data)
        except (Stop, OSError):
            if not self.writes:
                raise
            await asyncio.sleep(_AGAIN_S)
            self.change.failed(table)
            return
        if isinstance(event, ev.Failed):
            if not self.writes:
                raise failed(event.reason, self.meter.url)
            self.change.failed(table)
        elif isinstance(event, ev.Refused):
            if data is not None:
                self.refusal = self.gate.explain(table, data, event.code)
            self.change.refused(table, event.code)
        elif data is not None:
            self.change.written(table, event.repeated)
        else:
            self.change.learn(table, event.buf, event.start, event.count)

    def _count(self, table, data):
        try:
            self.gate(table, data)
        except Stop:
            # Of the way back, which is worth more than its place in the ledger.
            if not self.writes:
                raise
        self.writes += 1


@contextlib.contextmanager
def _uninterrupted(needed):
    numbers = (signal.SIGINT, signal.SIGTERM) if needed else ()
    loop = asyncio.get_running_loop()
    for number in numbers:
        loop.add_signal_handler(number, sys.stderr.write, _WAIT)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _preview(args, shell, now):
    table, offset, data = shell.change.next_write()
    note = shell.held()
    if args.port.startswith(_SOCKET) and not args.follows:
        note = _NO_RATE % args.port
    judged = shell.gate.judge(table, data)
    document = {
        "rate": args.rate,
        "was": now,
        "sent": False,
        "table": table_name(table),
        "offset": offset,
        "data": data.hex(),
        "key": judged.level,
        "memory": judged.memory,
        "note": note,
    }
    if args.json:
        print(output.as_json(document))
        return OK
    print("%s from %d: %s" % (document["table"], offset, data.hex(" ")))
    print("  takes the key %s; memory %s" % (judged.level, judged.memory))
    if note:
        print("  " + note)
    print("not sent: --yes changes the line from %d to %d" % (now, args.rate))
    return OK


def _tell(args, shell, now):
    change = shell.change
    text = change.text
    code = OK
    if change.outcome == baud.LOST:
        code = SILENT
    elif change.outcome == baud.KEPT:
        refused = shell.refusal if shell.writes == 1 else ""
        text = refused or text
        code = REFUSED if refused or not shell.writes else DISTURBED
    document = {
        "rate": args.rate,
        "was": now,
        "sent": bool(shell.writes),
        "outcome": change.outcome,
        "text": text,
        "line": change.rate,
        "writes": shell.writes,
    }
    if args.json:
        print(output.as_json(document))
    elif code:
        raise Stop(code, text)
    else:
        print(text)
        if shell.writes:
            print("  from now on: --baud %d, and `baud` in a module's configuration" % args.rate)
    return code
