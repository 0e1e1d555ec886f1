"""A portrait of the meter: `GET /api/v1/info`."""

import json

from shim import const
from ..hal import clock
from .desk import Answer, Known, add, release

_SECONDS = const(60)
_WANTED = ((52, 0, 6), (61, 0, 31))


class _Pieces:
    # A machine that reads a few bytes of some tables; ``found``: bytes, None if refused.

    def __init__(self):
        self.found = []

    def next_read(self):
        n = len(self.found)
        return _WANTED[n] if n < len(_WANTED) else None

    def learn(self, table, buf, start, count):
        self.found.append(bytes(buf[start : start + count]))

    def refused(self, table, code):
        self.found.append(None)

    def absent(self, table):
        self.found.append(None)


async def answer(app, req):
    """An `Answer`. Raises what `firmware.asked.desk.answer` explains."""
    store = app.store
    unit = json.dumps(Known(store).energy_unit)
    machine = _Pieces()
    job = add(app, machine, _SECONDS)
    try:
        await job.wait()
    finally:
        release(app, job)
    time, sets = machine.found
    return Answer(
        iter(
            (
                '{"meter":' + json.dumps(store.meter),
                ',"energy_unit_wh":%s,"values":%d' % (unit, len(store.kinds)),
                ',"alerts":' + json.dumps(store.alerts),
                ',"clock":' + _clock(time),
                ',"load_profile":%s}' % _sets(sets),
            )
        )
    )


def _clock(data):
    if data is None or len(data) < 6:
        return "null"
    meter = clock.seconds_of(data, 0)
    here = clock.unix()
    ahead = None if meter is None or here is None else meter - here
    told = {"meter": clock.iso(meter), "module": clock.iso(here), "meter_ahead_s": ahead}
    return json.dumps(told)


def _sets(data):
    # BT61: from byte 7, six a set: blocks, intervals, channels, minutes (84: a day).
    if data is None:
        return "null"
    found = []
    for at in range(7, len(data) - 5, 6):
        blocks = data[at] | data[at + 1] << 8
        intervals = data[at + 2] | data[at + 3] << 8
        if blocks and intervals and data[at + 4]:
            minutes = data[at + 5]
            found.append(
                {
                    "set": (at - 1) // 6,
                    "channels": data[at + 4],
                    "minutes": 1440 if minutes == 84 else minutes,
                    "intervals": blocks * intervals,
                }
            )
    return json.dumps(found)
