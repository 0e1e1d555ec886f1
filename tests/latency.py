"""Runs the application and tells when each reply of the meter was verified. For any interpreter.

    INTERPRETER tests/latency.py config.json

Prints `clock MICROSECONDS` once and `SNAPSHOT MICROSECONDS` for each, on the machine's monotonic
clock, which tests/host/test_proof_latency.py reads too.
"""

import sys
import time

sys.path[:0] = [".", "lib", "build/deps"]

import asyncio  # noqa: E402

from firmware import config as configuration  # noqa: E402
from firmware.app import App  # noqa: E402
from mep.events import Response  # noqa: E402

if hasattr(time, "monotonic_ns"):

    def now():
        return time.monotonic_ns() // 1000

else:
    now = time.ticks_us

app = App(configuration.load(sys.argv[1]))
session, store = app.link.session, app.store
_event, _commit = session.next_event, store.commit
verified = 0


def next_event():
    global verified
    event = _event()
    if isinstance(event, Response):
        verified = now()
    return event


def commit(table):
    at = verified
    _commit(table)
    print(store.snapshot, at)


session.next_event = next_event
store.commit = commit
app.link.spacing_ms = 20
print("clock", now())
asyncio.run(app.run())
