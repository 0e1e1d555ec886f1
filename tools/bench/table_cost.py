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
print(json.dumps(cost))
