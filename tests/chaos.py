"""Runs the application on CPython with a clock that goes SPEED times as fast.

    python tests/chaos.py config.json SPEED

Everything that waits waits that much shorter, the network aside. Prints, in ms of that clock, each
BT28 (`28 MS`), each BT23 with the clock's seconds and the energy (`23 MS SECONDS WH`), when the
broker came and went (`1 MS`, `0 MS`, with the seconds), and at each BT23 the line's counters.
"""

import json
import selectors
import sys
import time

SPEED = float(sys.argv[2])
PATIENCE = 5
_monotonic, _began = time.monotonic, time.monotonic()
_start = int(time.time())


def _now():
    return _began + (_monotonic() - _began) * SPEED


time.monotonic = _now
time.monotonic_ns = lambda: int(_now() * 1e9)
time.time = lambda: _start + _now() - _began
sys.path[:0] = [".", "lib", "build/deps"]

import asyncio  # noqa: E402

from firmware import config as configuration  # noqa: E402
from firmware.app import App  # noqa: E402
from firmware.hal import clock  # noqa: E402


class Selector(selectors.DefaultSelector):
    """Waits as long as the fast clock says."""

    def select(self, timeout=None):
        return super().select(timeout and timeout / SPEED)


def say(*words):
    print(*[int(w) if isinstance(w, float) else w for w in words], flush=True)


def _patient(link):
    # A busy machine's 50 ms shall not be taken for a meter that is silent for 500.
    session = link.session

    class Patient(type(session)):
        @property
        def timeout_ms(self):
            limit = super().timeout_ms
            return limit and PATIENCE * limit

    session.__class__ = Patient


async def main():
    app = App(configuration.load(sys.argv[1]))
    store = app.store
    _patient(app.link)
    _commit = store.commit

    def commit(table):
        _commit(table)
        if table == 23:
            energy = store.value(store.names.index("energy_forward"))
            say(23, _now() * 1000, time.time(), energy)
            say("line", json.dumps(app.link.session.counters()))
        else:
            say(28, _now() * 1000)

    store.commit = commit
    task = asyncio.create_task(app.run())
    was = False
    while not task.done():
        if app.mqtt and app.mqtt.connected != was:
            was = app.mqtt.connected
            say(int(was), _now() * 1000, time.time())
        await clock.sleep_ms(20)
    task.result()


asyncio.SelectorEventLoop(Selector()).run_until_complete(main())
