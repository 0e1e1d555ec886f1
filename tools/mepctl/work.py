"""What the commands over one meter share: opening it, its tables by name, driving machines."""

import asyncio
import contextlib

from mep.codes import code_name
from mep.errors import LocalError, TableError
from mep.requests import NO_PERMISSION, NO_TABLE_OPERATION, NOT_POSSIBLE
from osgp import codec
from osgp.about import about, by_itself, needs
from osgp.dims import Dims
from . import tables
from .common import DISTURBED, REFUSED, USAGE, Meter, Refusal, Stop, find_baud, find_key

DUMP = "dump:"
_NOT_AS_DECLARED = "%s; this meter's table is not as the guide declares it"
_BITMAPS = 19  # of BT00: which tables there are, after the sizes of these sets
_BASIC_LENGTH, _EXTENDED_LENGTH = 13, 14
_EXTENDED = 2048


def run(args, work, meter=None):
    """What the coroutine function ``work(meter)`` gives on the meter of ``args``; Stop if not."""
    return asyncio.run(_run(meter or meter_of(args), work))


def meter_of(args):
    """The meter that the options name, not yet open. Raises Stop."""
    if args.port.startswith(DUMP):
        from .dumped import DumpedMeter

        return DumpedMeter(args.port[len(DUMP) :])
    return Meter(args.port, find_key(args), find_baud(args), rc4=args.rc4)


async def _run(meter, work):
    try:
        await meter.open()
        try:
            return await work(meter)
        except Refusal as e:
            raise Stop(REFUSED, "%s%s" % (e, await why(meter, e.table, e.reply)))
    except TableError as e:
        raise Stop(DISTURBED, _NOT_AS_DECLARED % e)
    except LocalError as e:
        raise Stop(USAGE, str(e))
    finally:
        meter.close()


async def learn(meter, live=False):
    """The `Dims` of the meter at hand. Raises Stop."""
    dims = Dims(live)
    try:
        while True:
            step = dims.next_read()
            if step is None:
                return dims
            table, offset, count = step
            try:
                data = await meter.request(table, count, offset)
            except Refusal:
                dims.absent(table)
            else:
                dims.learn(table, data, 0, len(data))
    except TableError as e:
        raise Stop(DISTURBED, _NOT_AS_DECLARED % e)


async def prepare(meter, table, dims):
    """Read into ``dims`` what the declaration of ``table``, if it has one, refers to."""
    if not tables.is_declared(table):
        return
    for other, start, size in needs(table, dims):
        # Refused, it may not matter: decoding says so if it does.
        with contextlib.suppress(Refusal):
            dims.tables[other] = await meter.request(other, size, start)


async def fetch(meter, table, dims):
    """All bytes of the declared ``table``; ``dims`` as `learn` gives them. Raises Stop."""
    await prepare(meter, table, dims)
    if by_itself(table):
        return await meter.read(table)
    return await meter.read(table, 0, size(table, dims))


def size(table, dims):
    """Bytes of ``table`` in this meter. Raises Stop if it does not say, or if there are none."""
    try:
        found = codec.size(table, dims)
    except TableError as e:
        raise Stop(DISTURBED, "%s; this meter does not say enough to read it" % e)
    if not found:
        raise Stop(REFUSED, "%s: this meter has none of its values" % codec.table_name(table))
    return found


async def values(meter, name, dims):
    """dict of the fields of the table ``name``. Raises Stop, TableError."""
    table = codec.table_number(name)
    data = await fetch(meter, table, dims)
    dims.tables.setdefault(table, data)
    return codec.decode(table, data, 0, len(data), dims)


async def drive(meter, machine, tell=None):
    """Do the reads that ``machine`` wants, until it wants none; ``tell()`` after each."""
    while True:
        step = machine.next_read()
        if step is None:
            return
        table, offset, count = step
        try:
            data = await meter.request(table, count, offset)
        except Refusal as e:
            refuse(machine, e)
        else:
            machine.learn(table, data, 0, len(data))
        if tell:
            tell()


async def results(meter, args, what, make):
    """The machine ``make(dims)``, driven to its end with a bar that says ``what``.

    Raises Stop if the meter gave nothing of it, with the refusal explained.
    """
    from . import output

    dims = await learn(meter)
    machine = make(dims)
    with output.progress(args, what) as tell:
        await drive(meter, machine, lambda: tell(machine.done, machine.total or None))
    return machine


def nothing(machine):
    """Raise the Refusal of the first table that ``machine`` did not get, if there is one."""
    for name, code in getattr(machine, "missing", {}).items():
        code = code or NO_TABLE_OPERATION
        raise Refusal(codec.table_number(name), code, code_name(code))


def refuse(machine, refusal):
    """Tell ``machine`` of a refusal in the form that it knows."""
    refused = getattr(machine, "refused", None)
    if refused:
        refused(refusal.table, refusal.reply)
    else:
        machine.absent(refusal.table)


async def tables_here(meter):
    """Numbers of the tables that BT00 says there are (set), None if the meter does not tell."""
    try:
        head = await meter.request(0, _BITMAPS, 0)
        if len(head) < _BITMAPS:
            return None
        basic, extended = head[_BASIC_LENGTH], head[_EXTENDED_LENGTH]
        bits = await meter.request(0, basic + extended, _BITMAPS)
    except Refusal:
        return None
    if len(bits) < basic + extended:
        return None
    return _numbers(bits[:basic], 0) | _numbers(bits[basic:], _EXTENDED)


def _numbers(bits, first):
    return {first + i for i in range(8 * len(bits)) if bits[i >> 3] >> (i & 7) & 1}


# -- refusals explained


async def why(meter, table, reply):
    """What a refusal means and what would give access; begins with a separator."""
    if reply not in (NO_PERMISSION, NO_TABLE_OPERATION, NOT_POSSIBLE):
        return ""
    try:
        return explain(table, reply, await identify(meter), await tables_here(meter))
    except Stop:
        return explain(table, reply)


async def identify(meter):
    """`Dims` that know who made the meter and its firmware and no more, or None."""
    try:
        data = await meter.request(1, 16, 0)
        dims = Dims(True)
        dims.learn(1, data, 0, len(data))
    except (Refusal, TableError):
        return None
    return dims


def explain(table, reply, dims=None, here=None):
    """The same from what is known: ``dims``, and the ``here`` of `tables_here`."""
    if not tables.is_declared(table):
        return "; this meter seems not to have the table, under MBK or MAK"
    _, mbk, mak, _, since = about(table)
    if dims and since != "all" and dims.version < _version(since):
        return "; the table came with firmware %s, this meter has %s: only a newer one has it" % (
            since,
            dims.firmware,
        )
    if reply == NO_PERMISSION:
        if "r" in mak and "r" not in mbk:
            return "; the advanced key (MAK) reads it, the basic one (MBK) does not"
        return (
            "; the guide lets the basic key (MBK) read %s: here it needs the advanced key (MAK), "
            "or is locked in the meter" % ("it" if "r" in mbk else "most tables")
        )
    if here is not None and table not in here:
        return "; BT00 says that this meter does not have it, under MBK or MAK"
    return "; this meter seems not to have the table, under MBK or MAK"


def brief(table, reply, dims=None, here=None):
    """The same in a few words."""
    text = explain(table, reply, dims, here)
    if "came with firmware" in text:
        return "needs firmware " + about(table)[4]
    return "needs MAK" if reply == NO_PERMISSION else "no"


def _version(text):
    return tuple(int(part) for part in text.split("."))


def check_declared(table):
    """Raise Stop unless the layout of ``table`` is known."""
    if not tables.is_declared(table):
        raise Stop(USAGE, "%s is not declared" % codec.table_name(table))
