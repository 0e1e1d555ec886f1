"""Under MicroPython, in a staged tree: bytes of heap that the table layer keeps. Prints JSON.

cd build/stage/x86 && micropython -X heapsize=128k table_cost.py
"""

import gc
import json
import sys

sys.path[:0] = ["", "lib"]

for name in ("shim", "mep.errors"):  # of the packets' layer
    __import__(name)
cost = {}
for part, modules in (
    ("idle", ("osgp.codec", "osgp.dims")),
    ("live", ("osgp.fields", "osgp.tables.bt23", "osgp.tables.bt28")),
    ("texts", ("osgp.kinds",)),
):
    gc.collect()
    before = gc.mem_alloc()
    for name in modules:
        __import__(name)
    gc.collect()
    cost[part] = gc.mem_alloc() - before


def forget():
    """Drop all declarations."""
    package = sys.modules["osgp.tables"]
    for key in list(sys.modules):
        if key.startswith("osgp.tables."):
            del sys.modules[key]
            delattr(package, key.split(".")[-1])
    gc.collect()


# One at a time: what the declaration that costs the most takes, with those it is made of.
cost["most"] = 0
for name in __import__("osgp.names", None, None, ("x",)).known_names():
    module = "osgp.tables." + name.lower()
    try:
        # Twice: the first time may find the interpreter's list of names full, which then doubles.
        __import__(module)
    except ImportError:  # only listed
        continue
    forget()
    before = gc.mem_alloc()
    __import__(module)
    gc.collect()
    taken = gc.mem_alloc() - before
    if taken > cost["most"]:
        cost["most"] = taken
        cost["name"] = name
print(json.dumps(cost))
