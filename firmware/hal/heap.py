"""Divides the chip's memory between the interpreter and the radio, once, at the start.

MicroPython's heap grows when an allocation fails: it doubles, or takes the largest free block of
what the system has (py/gc.c, gc_try_add_heap). The second or third time nothing is left for the
packets that the radio receives, and the network is dead from then on. So it grows here at once,
to all it will need, while the rest stays the radio's.
"""

import gc

from shim import const
from .memory import radio

# Joining a network takes 11 KB of it, TLS 26 KB more.
_RADIO = const(27000)
_TLS = const(46000)
_MOST = const(160000)  # of the interpreter: more is no use
_NAMES = const(200)  # at most so many are missing when all code is loaded that stays
_TABLE = const(2000)
_KEPT = const(8)  # words
_LEAST = const(2048)  # what a growth takes beside the allocation that made it


def divide(tls=False):
    """Let the interpreter's heap grow; what holds it so (keep it). ``tls``: it will be used."""
    gc.collect()
    block = radio()
    used = gc.mem_alloc()
    free = gc.mem_free() - block  # it counts what it could take
    more = min(block - (_TLS if tls else _RADIO), _MOST - used - free)
    if more < used + free:
        return None  # the interpreter takes at least so much at once, when it needs it
    # One allocation that fits nowhere makes it grow by just that size. What stays of it keeps the
    # new part from being given back while it is empty: two blocks, as the first does not count.
    taken = [None] * ((more - max(_LEAST, more // 38)) // 4)
    taken.clear()
    for _ in range(_KEPT):
        taken.append(None)
    return taken


def names():
    """Let the interpreter's table of names grow now, while there is a large piece of memory.

    It doubles at 620 names, for 4 KB in one piece. Code that is loaded for a moment brings more.
    """
    for n in range(_NAMES if hasattr(gc, "mem_free") else 0):
        before = gc.mem_alloc()
        hasattr(gc, "~%d" % n)  # this makes it a name
        if gc.mem_alloc() - before > _TABLE:
            break
