"""Memory of modules that are needed only now and then."""

import gc
import sys

from .ports import MICROPYTHON


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
