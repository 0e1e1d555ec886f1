"""One question at a time: loads who answers it, and drops all of that, and itself, at the end.

An answer of which nobody takes a piece for a minute ends: nobody else could ask meanwhile.
"""

import asyncio
import gc
import sys

from shim import const
from ..hal import clock
from ..hal.memory import drop

_FULL = "the module has too little memory for it now"
_LOOK_MS = const(1000)
PATIENCE_MS = 60000  # not const, so that tests need not wait so long

# While there is a question: the modules of lib/osgp that were there before it; with its answer
# and the task that watches it, as soon as there are.
_under_way = []


async def ask(app, req):
    """(200, body) of what only the meter can tell, or (status code, why not).

    Of ``req`` only ``method``, ``path`` and ``args`` (dict) are needed. The body (`desk.Answer`)
    gives pieces of bytes (``async for``); whoever has it awaits its ``aclose()`` at the end.
    """
    if _under_way:
        return 503, "another question is under way; ask again in a moment"
    _under_way.append([n for n in sys.modules if n[:4] == "osgp"])
    code = 503
    what = _FULL
    try:
        from . import desk

        work = desk.answer(app, req)
        del desk  # it has to go with the last of its code
        code, what = await work
        work = None
        if code == 200:
            what.close = _end
            _under_way.append(what)
            _under_way.append(asyncio.create_task(_watch()))
    except MemoryError:
        if code == 200:
            await what.aclose()
            code = 503
            what = _FULL
    finally:
        if code != 200:
            _end()
    return code, what


async def _watch():
    while len(_under_way) == 3:
        await clock.sleep_ms(_LOOK_MS)
        if clock.ticks_diff(clock.ticks_ms(), _under_way[1].seen) > PATIENCE_MS:
            _under_way[2] = None  # a task cannot cancel itself
            await _under_way[1].aclose()


def _end():
    # The desk is free whatever fails below, which costs only memory.
    if not _under_way:
        return
    before = _under_way[0]
    task = _under_way[2] if len(_under_way) == 3 else None
    del _under_way[:]
    if task:
        task.cancel()
    task = None
    gc.collect()  # what failed for want of memory is garbage now
    try:
        drop("firmware.asked")
        drop(*[n for n in sys.modules if n[:4] == "osgp" and n not in before])
    except MemoryError:
        pass
