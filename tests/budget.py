"""Runs the application and tells what takes how much heap. For MicroPython, in a staged tree.

    micropython -X heapsize=128k budget.py config.json POLLS [SPACING_MS]

Prints one JSON line a row: `{"row": what, "bytes": kept}` for each module and object as it comes.
Then comes to pass what leaves names behind for ever: the M-Bus devices are read, what changes
seldom is told, somebody asks for the status, and the broker is away for a while; who runs this
takes it away at `{"broker": false}` and brings it back at `{"broker": true}`. At last
`{"step": n, "used": least}` at each POLLS polls, so that who runs it may open pages between;
"used" is the least of some collections, without this script's own.
"""

import gc
import json
import sys

from micropython import const, qstr_info

gc.collect()
_EMPTY = gc.mem_alloc()
sys.path[:0] = ["", "lib"]
_STEPS = const(5)
_LOOKS = const(20)
_UPTIME_S = const(1000)  # late enough for all of it
_inner = [0]  # what the innermost of nested measurements found already


def _row(what, kept):
    print(json.dumps({"row": what, "bytes": kept}))


def _measured(what, function):
    """``function``, that tells what its call kept, without what measured calls in it kept."""

    def call(*arguments):
        outer = _inner[0]
        _inner[0] = 0
        gc.collect()
        before = gc.mem_alloc()
        result = function(*arguments)
        gc.collect()
        kept = gc.mem_alloc() - before
        _row(what, kept - _inner[0])
        _inner[0] = outer + kept
        return result

    return call


for _name in (
    "asyncio shim mep.digest mep.frame mep.requests mep.session osgp.codec osgp.sources osgp.dims "
    "firmware.hal.clock firmware.readings firmware.report firmware.log firmware.supervisor "
    "firmware.hal.ports firmware.hal.net firmware.meter.link firmware.meter.poller microdot "
    "firmware.web.app umqtt.simple firmware.mqtt.client firmware.mqtt.publisher firmware.app"
).split():
    _measured(_name, __import__)(_name)


def _news(app):
    """Tell what changes seldom, as the application does at times."""
    from firmware import news
    from firmware.hal.memory import drop

    news.look(app, _UPTIME_S)
    del news
    drop("firmware.news")


async def _events(app, sleep_ms):
    """All that comes to pass sooner or later."""
    _news(app)
    while app.store.mbus is None:
        await sleep_ms(20)
    app.status()
    print('{"broker": false}')
    while app.mqtt.connected:
        await sleep_ms(20)
    _news(app)
    app.status()
    print('{"broker": true}')
    while app.late:
        await sleep_ms(20)
        app.late.turn()
    _news(app)


async def _main(path, polls, spacing):
    from firmware import begin
    from firmware import config as configuration
    from firmware.app import App
    from firmware.hal import clock

    config = configuration.load(path)
    del configuration  # so that it goes when the application drops it
    begin.Session = _measured("a Session", begin.Session)
    begin.Link = _measured("a Link", begin.Link)
    begin.Poller = _measured("a Poller", begin.Poller)
    begin.Readings = _measured("a Readings", begin.Readings)
    begin.Supervisor = _measured("a Supervisor", begin.Supervisor)
    begin.Log = _measured("a Log", begin.Log)
    app = App(config)
    del begin
    app.store.configure = _measured("its values", app.store.configure)
    app.link.spacing_ms = spacing
    task = asyncio.create_task(app.run())
    while not (app.mqtt and app.mqtt.connected and app.store.meter["firmware"]):
        await clock.sleep_ms(20)
    await _events(app, clock.sleep_ms)
    for step in range(1, _STEPS + 1):
        if step == _STEPS:
            polls *= 4  # that a page is gone is noticed when something is sent to it
        first = app.store.snapshot
        least = 1 << 30
        for look in range(_LOOKS):
            while app.store.snapshot - first < polls * (look + 1) // _LOOKS:
                await clock.sleep_ms(20)
            gc.collect()
            least = min(least, gc.mem_alloc())
        print(json.dumps({"step": step, "used": least - _EMPTY}))
    qstr_info()  # tells how many names there are
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass


asyncio = sys.modules["asyncio"]
asyncio.run(_main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
