"""The web server over a made-up meter, for the socket tests, on any interpreter.

``webserver.py PORT PATH...``: the paths go onto `sys.path`.
"""

import asyncio
import gc
import sys

for path in sys.argv[2:]:
    sys.path.insert(0, path)

from firmware.hal import clock  # noqa: E402
from firmware.readings import Readings  # noqa: E402
from firmware.web import server  # noqa: E402
from firmware.web.app import create_app, serve  # noqa: E402

server.HEAD_MS = 3000
server.WRITE_MS = 2000

# Names so long that a client which does not read soon fills its socket.
SOURCES = [("power_%d_%s" % (i, "x" * 150), "W", 28, 0, 1 << 30, False, 1) for i in range(200)]
health = {"beats": 0, "slow": 0, "heap": 0}


async def meter(store):
    while True:
        for i in range(len(SOURCES)):
            store.put(i, store.snapshot)
        store.commit(28)
        await clock.sleep_ms(100)


async def pulse():
    while True:
        before = clock.ticks_ms()
        await clock.sleep_ms(10)
        health["beats"] += 1
        health["slow"] += clock.ticks_diff(clock.ticks_ms(), before) > 60


def status():
    if hasattr(gc, "mem_alloc"):
        gc.collect()
        health["heap"] = gc.mem_alloc()
    return health


async def main():
    store = Readings(clock, 30)
    store.configure(SOURCES)
    tasks = [asyncio.create_task(meter(store)), asyncio.create_task(pulse())]
    try:
        await serve(create_app(store, {"http_clients": 4}, status), "127.0.0.1", int(sys.argv[1]))
    finally:
        for task in tasks:
            task.cancel()


if __name__ == "__main__":
    asyncio.run(main())
