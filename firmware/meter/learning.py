"""Who the meter is: asked by the poller at its start and after a 0x0C, and dropped after that."""

import gc

from mep.errors import TableError
from mep.events import Failed, Response
from osgp.codec import table_name
from shim import const
from ..hal.memory import drop
from .poller import Changed, NoReply
from .replies import refusal, why

_BT01 = const(1)
_ET03 = const(2051)
_ET04 = const(2052)
_IDT_VERSION = const(116)
# Without these nothing is known of the values; without the others only less.
_NEEDED = (1, 21, 22, 27)


async def learn(read, session, store, log, known):
    """Read what the meter is and what values it has, and tell ``store``.

    ``read(table, count, offset)``: coroutine function, gives the session's event; ``known``: the
    store's meter may be this one. Returns what the meter said of itself (for `confirm`), the
    session's jumps then, and (offset, count) of the values in BT28 and in BT23. Raises NoReply,
    Changed, TableError and OSError.
    """
    from osgp.dims import Dims

    gc.collect()  # the heap is fullest from here to the end of the start
    dims = Dims(live=True)
    # The version first: what changes later is seen by it.
    idt = await _answer(read, log, _ET04, 1, _IDT_VERSION)
    who = [(_ET04, _IDT_VERSION, 1, idt)]
    jumps = session.jumps
    await _fill(dims, read, log, who)
    now = session.jumps
    if now != jumps:
        await confirm(read, log, who)
    found = who, now, (dims.bt28_offset, dims.bt28_count), (dims.bt23_offset, dims.bt23_count)
    meter = _found(dims, log)
    selection = dims.selection()
    del dims, Dims
    drop("osgp.dims")
    _take(meter, selection, store, log, known)
    drop("osgp.sources")
    return found


async def _fill(dims, read, log, who):
    while True:
        step = dims.next_read()
        if step is None:
            return
        table, offset, count = step
        data = await _answer(read, log, table, count, offset)
        # A meter that tells no serial number is known by its dimensions.
        if table in (_BT01, _ET03) or (not dims.serial and table in _NEEDED):
            who.append((table, offset, count, data))
        try:
            if data is None:
                dims.absent(table)
            else:
                dims.learn(table, data, 0, len(data))
        except TableError as e:
            if table in _NEEDED:
                raise
            log("warn", str(e))
            dims.absent(table)


async def confirm(read, log, who):
    """Raises Changed if the meter says of itself something else than ``who`` (of `learn`).

    If it is who it was, then all that was read before came from it too. Raises NoReply.
    """
    for table, offset, count, data in who:
        if await _answer(read, log, table, count, offset) != data:
            raise Changed()


async def _answer(read, log, table, count, offset):
    # The bytes of a table, None if the meter refuses them.
    event = await read(table, count, offset)
    if isinstance(event, Failed):
        raise NoReply(why(event.reason))
    if isinstance(event, Response):
        return bytes(event.buf[event.start : event.start + event.count])
    log("info", refusal(table_name(table), event))
    return None


def _found(dims, log):
    # What the store wants to know of the meter.
    if not dims.energy_unit:
        log("warn", "ET55 and BT20 do not tell the unit of the energies: not shown")
    return {
        "manufacturer": dims.manufacturer,
        "model": dims.model,
        "firmware": dims.firmware,
        "serial": dims.serial,
        "generation": dims.generation,
    }


def _take(meter, selection, store, log, known):
    # The meter is known: tell the store, unless it is the one known already.
    from osgp.sources import layout

    if not known or meter != store.meter or not store.same(layout(selection)):
        store.meter = meter
        store.configure(layout(selection))
        log("info", "meter %(model)s, firmware %(firmware)s, found" % meter)
