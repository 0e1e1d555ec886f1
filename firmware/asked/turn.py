"""One question at a time: loads who answers it, and drops all of that, and itself, at the end."""

import gc
import sys

from ..hal.memory import drop

_under_way = []  # while there is a question: the modules of lib/osgp that were there before it


async def ask(app, req):
    """(200, body) of what only the meter can tell, or (status code, why not).

    Of ``req`` only ``method``, ``path`` and ``args`` (dict) are needed. The body (`desk.Answer`)
    gives pieces of bytes (``async for``); whoever has it awaits its ``aclose()`` at the end.
    """
    if _under_way:
        return 503, "another question is under way; ask again in a moment"
    _under_way.append([n for n in sys.modules if n[:4] == "osgp"])
    code = 503
    what = "the module has too little memory for it now"
    try:
        from . import desk

        work = desk.answer(app, req)
        del desk  # it has to go with the last of its code
        code, what = await work
        work = None
    except MemoryError:
        pass
    finally:
        if code == 200:
            what.close = _end
        else:
            _end()
    return code, what


def _end():
    gc.collect()  # what failed for want of memory is garbage now
    names = [n for n in sys.modules if n[:4] == "osgp" and n not in _under_way[0]]
    del _under_way[:]
    drop("firmware.asked", *names)
