"""Runs the application and tells what takes how much heap. For MicroPython, in a staged tree.

    micropython -X heapsize=128k budget.py config.json POLLS [SPACING_MS]

Prints one JSON line a row: `{"row": what, "bytes": kept}` for each module and object as it comes,
then `{"step": n, "used": least}` at each POLLS polls, so that who runs it may open pages between;
"used" is the least of some collections, without this script's own.
"""

import gc
import json
import sys

gc.collect()
_EMPTY = gc.mem_alloc()
sys.path[:0] = ["", "lib"]
MODULES = (
    "asyncio shim mep.digest mep.frame mep.requests mep.session osgp.codec osgp.sources osgp.dims "
    "firmware.hal.clock firmware.readings firmware.report firmware.log firmware.supervisor "
    "firmware.hal.ports firmware.hal.net firmware.meter.link firmware.meter.poller microdot "
    "firmware.web.app umqtt.simple firmware.mqtt.client firmware.mqtt.publisher firmware.app"
)
STEPS = 5
LOOKS = 20
_inner = [0]  # what the innermost of nested measurements found already


def row(what, kept):
    print(json.dumps({"row": what, "bytes": kept}))


def measured(what, function):
    """``function``, that tells what its call kept, without what measured calls in it kept."""

    def call(*arguments):
        outer = _inner[0]
        _inner[0] = 0
        gc.collect()
        before = gc.mem_alloc()
        result = function(*arguments)
        gc.collect()
        kept = gc.mem_alloc() - before
        row(what, kept - _inner[0])
        _inner[0] = outer + kept
        return result

    return call


for _name in MODULES.split():
    measured(_name, __import__)(_name)


async def main(path, polls, spacing):
    from firmware import begin
    from firmware import config as configuration
    from firmware.app import App
    from firmware.hal import clock

    config = configuration.load(path)
    del configuration  # so that it goes when the application drops it
    for name in ("Session", "Link", "Poller", "Readings", "Supervisor", "Log"):
        setattr(begin, name, measured("a " + name, getattr(begin, name)))
    app = App(config)
    del begin
    app.store.configure = measured("its values", app.store.configure)
    app.link.spacing_ms = spacing
    task = asyncio.create_task(app.run())
    for step in range(1, STEPS + 1):
        least = 1 << 30
        for look in range(LOOKS):
            while app.store.snapshot < polls * (step - 1) + polls * (look + 1) // LOOKS:
                await clock.sleep_ms(20)
            gc.collect()
            least = min(least, gc.mem_alloc())
        print(json.dumps({"step": step, "used": least - _EMPTY}))
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass


asyncio = sys.modules["asyncio"]
asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
