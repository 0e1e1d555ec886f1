"""Runs the application for a number of polls and reports its memory. For MicroPython and CPython.

    micropython -X heapsize=128k soak.py config.json POLLS [SPACING_MS]

Prints one JSON line at 1,000 polls, at each further tenth of POLLS and at the end. SPACING_MS
shortens the pause between two requests: the simulated meter can take it, a real one could not.
"""

import asyncio
import gc
import json
import sys

sys.path[:0] = ["", "lib"]  # the tree in the current directory, staged or not

from firmware import config as configuration  # noqa: E402
from firmware.app import App  # noqa: E402
from firmware.hal import clock  # noqa: E402


def _report(app):
    gc.collect()
    figures = {"polls": app.store.snapshot, "lag_ms": app.status()["loop_lag_ms"]}
    if hasattr(gc, "mem_alloc"):
        figures["used"] = gc.mem_alloc()
        figures["free"] = gc.mem_free()
    figures.update(app.store.line())
    figures["restarts"] = app.supervisor.restarts
    figures["mqtt"] = app.status()["mqtt"]
    print("SOAK " + json.dumps(figures))


async def main(path, polls, spacing):
    app = App(configuration.load(path))
    if spacing:
        app.link.spacing_ms = spacing
    task = asyncio.create_task(app.run())
    marks = sorted({min(1000, polls), polls} | {polls * i // 10 for i in range(1, 11)})
    for mark in marks:
        while app.store.snapshot < mark:
            await clock.sleep_ms(20)
        _report(app)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0))
