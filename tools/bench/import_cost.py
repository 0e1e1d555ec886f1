"""Under MicroPython, in a staged tree: bytes of heap that each module's import keeps. Prints JSON.

cd build/stage/x86 && micropython -X heapsize=128k import_cost.py
"""

import gc
import json
import sys

sys.path[:0] = ["", "lib"]

MODULES = (
    "asyncio",
    "shim",
    "mep.digest",
    "mep.frame",
    "mep.requests",
    "mep.session",
    "mep.keys",
    "osgp.codec",
    "osgp.sources",
    "osgp.dims",
    "firmware.hal.clock",
    "firmware.readings",
    "firmware.report",
    "firmware.config",
    "firmware.log",
    "firmware.supervisor",
    "firmware.hal.ports",
    "firmware.meter.link",
    "firmware.meter.poller",
    "microdot",
    "firmware.web.app",
    "firmware.hal.net",
    "umqtt.simple",
    "firmware.mqtt.client",
    "firmware.mqtt.publisher",
    "firmware.app",
)
cost = {}
gc.collect()
first = gc.mem_alloc()
for name in MODULES:
    before = gc.mem_alloc()
    __import__(name)
    gc.collect()
    cost[name] = gc.mem_alloc() - before
print(json.dumps({"modules": cost, "total": gc.mem_alloc() - first, "free": gc.mem_free()}))
