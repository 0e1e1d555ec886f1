"""Drives the load profile's machine (`osgp.profile`) for `mepctl profile`, and names what it gave.

Times are UTC; a value is in its channel's unit, None where the meter has none or no known unit.
"""

import time

from mep.codes import code_name
from mep.errors import TableError
from mep.requests import NO_TABLE_OPERATION
from osgp import profile
from osgp.codec import table_number
from . import work
from .common import REFUSED, Refusal, Stop

# Without these there is no profile.
_NEEDED = ("BT61", "BT62", "BT63")
# What the meter says there, fits its declaration but not what was asked for.
_SAID = (("BT61", "sets"), ("BT63", "last_sequence"), ("ET21", "config_id"))


async def read(meter, journal, tell):
    """Read what ``journal`` wants and has not; dict of all of it. Raises Stop.

    ``tell(done, total)`` in bytes.
    """
    head = journal.head
    dims = await work.learn(meter)
    machine = profile.Profile(dims, head["set"], head["begin"], head["end"], journal.state)
    begun = False

    def took():
        nonlocal begun
        if not begun and machine.channels:
            journal.begin(serial=dims.serial, seconds=machine.seconds, channels=_channels(machine))
            begun = True
        journal.add(list(machine.take()), machine)
        tell(machine.done, machine.total or None)

    try:
        await work.drive(meter, machine, took)
    except TableError as e:
        if (e.table, e.field) in _SAID and not e.why.endswith(" missing"):
            raise Stop(REFUSED, str(e))
        _refused(machine, e.table)
        raise
    for name in _NEEDED:
        _refused(machine, name)
    return _document(journal, machine)


def _refused(machine, name):
    if name in machine.missing:
        code = machine.missing[name] or NO_TABLE_OPERATION
        raise Refusal(table_number(name), code, code_name(code))


def _channels(machine):
    return [[c.name, c.unit, c.source, c.times, c.per] for c in machine.channels]


def _document(journal, machine):
    head = journal.head
    channels, scales = [], []
    for name, unit, source, times, per in head["channels"]:
        unit = unit or None if times else None
        channels.append({"name": name, "unit": unit, "source": source})
        scales.append((times, per))
    found = []
    for end, status, values in journal.intervals:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))
        scaled = [_scaled(value, *scale) for value, scale in zip(values, scales)]
        found.append({"time": stamp, "status": profile.words(status), "values": scaled})
    return {
        "serial": head["serial"],
        "set": head["set"],
        "minutes": head["seconds"] // 60,
        "lost_blocks": journal.lost + machine.lost,
        "undated_intervals": journal.undated + machine.undated,
        "channels": channels,
        "intervals": found,
    }


def _scaled(value, times, per):
    # What has no known unit is not guessed.
    if value is None or not times:
        return None
    if isinstance(value, str):
        return value
    return value * times if per == 1 else value * times / per
