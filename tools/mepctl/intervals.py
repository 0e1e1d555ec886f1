"""Reads the load profile for `mepctl profile`, by `osgp.profile`."""

import time

from mep.errors import TableError
from osgp.profile import Profile, words
from . import work
from .common import REFUSED, Stop


async def read(meter, number, begin, end, tell):
    """dict of data set ``number``: channels, minutes, intervals from ``begin`` to ``end``.

    Times are unix times or None; ``tell(done, total)`` in bytes. Raises Stop. Values are in the
    unit of their channel; what has no known unit has none.
    """
    dims = await work.learn(meter)
    machine = Profile(dims, number, begin, end)
    found = []

    def take():
        tell(machine.done, machine.total)
        found.extend(_interval(machine.channels, *interval) for interval in machine.take())

    try:
        await work.drive(meter, machine, take)
    except TableError as e:
        if (e.table, e.field) == ("BT61", "sets"):
            raise Stop(REFUSED, "this meter has no data set %d of the load profile" % number)
        raise
    if not found:
        work.nothing(machine)
    return {
        "serial": dims.serial,
        "set": number,
        "minutes": machine.seconds // 60,
        "channels": [
            {"name": c.name, "unit": c.unit or None, "source": c.source} for c in machine.channels
        ],
        "lost_blocks": machine.lost,
        "undated_intervals": machine.undated,
        "intervals": found,
    }


def _interval(channels, end, status, values):
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end)),
        "status": words(status),
        "values": [_in_unit(c, v) for c, v in zip(channels, values)],
    }


def _in_unit(channel, value):
    if value is None or isinstance(value, str):
        return value
    if not channel.times:
        return None
    value *= channel.times
    return value if channel.per == 1 else value / channel.per
