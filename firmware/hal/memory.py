"""Memory of modules that are needed only now and then."""

import gc
import sys

from shim import const
from .ports import CHIP, MICROPYTHON

# A snapshot on its way to a client, and packets to and from others. Without room for what comes
# in nothing that was sent is ever acknowledged, and no memory comes back.
_SPARE = const(10000)
_HOLES = const(5000)


def drop(*names):
    """Forget the modules ``names`` (of packages), so that their memory is free after use.

    A package goes with all in it. The next import reads them again. Only on MicroPython:
    elsewhere memory is no matter, and what was made from the old module would differ from what
    the new one makes.
    """
    if MICROPYTHON:
        for name in names:
            parent, _, leaf = name.rpartition(".")
            # A module left behind would be missing in the package that is imported next.
            # One by one, and last the package: without a list, for which there may be no room.
            inside = name + "."
            more = True
            while more:
                more = False
                for known in sys.modules:
                    if known.startswith(inside):
                        more = True
                        del sys.modules[known]
                        break
            if sys.modules.pop(name, None) is not None and hasattr(sys.modules[parent], leaf):
                delattr(sys.modules[parent], leaf)
        gc.collect()


def free():
    """Bytes that are free in the interpreter's heap, or None on CPython."""
    if not hasattr(gc, "mem_free"):
        return None
    # The chip's figure counts what the heap could take from the radio (`firmware.hal.heap`).
    return gc.mem_free() - radio() if CHIP else gc.mem_free()


def room():
    """Bytes that code to be loaded may take, or None on CPython: not all that is free fits it."""
    left = free()
    return left - _HOLES if CHIP else left


def radio():
    """Bytes in one piece that the chip's radio could have for its packets."""
    return _radio()[1]


def _radio():
    # (all that is free of the system's memory, the largest piece of it)
    import esp32

    left = most = 0
    for heap in esp32.idf_heap_info(esp32.HEAP_DATA):
        left += heap[1]
        most = max(most, heap[2])
    return left, most


def crowded(least=_SPARE):
    """True while the chip's radio has too little memory: what is to be sent must wait.

    ``least``: bytes that it must have, half of them in one piece.
    """
    if not CHIP or not _short(least):
        return False
    # If the interpreter's heap has grown into it, this gives back what is empty again.
    gc.collect()
    return _short(least)


def _short(least):
    left, most = _radio()
    return left < least or most < least // 2
