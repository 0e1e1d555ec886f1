"""The M-Bus devices: `GET /api/v1/mbus` tells how they were read last; and that reading.

Read is what the meter has kept of them (`osgp.mbuslast`); nothing is written, so no device is
asked. Reading, decoding (`osgp.mbusbrief`) and the zone's rules are in memory one after the other.

A counter that is lower than before, of the same device, is no value: what was before stays until
it is too old (`firmware.mbus`), and only higher ones, another device or a restart bring values.
"""

import json

from shim import const
from ..hal import clock
from ..hal.memory import drop
from .desk import Answer, Refusal, add, release

_SECONDS = const(120)
_GOOD = const(2)  # in ``app.mbus``
_AHEAD_S = const(86400)  # a reading from further in the future has no time
_COUNTERS = ("energy", "volume", "mass", "hca")


async def answer(app, req):
    """An `Answer`. Raises what `firmware.asked.desk.answer` explains."""
    if not app.config["mbus_every_min"]:
        raise Refusal(404, "mbus_every_min is 0: the M-Bus devices are not read")
    store = app.store
    devices = store.mbus
    if devices is None:
        raise Refusal(503, "the M-Bus devices were not read yet; ask again in a minute or two")
    return Answer(_pieces(devices, store.now()))


async def read(app, req):
    """Read them anew; an `Answer` without text, for the module itself."""
    store = app.store
    meter = store.meter
    found = await _decode(await _ask(app))
    drop("osgp.mbusbrief", "osgp.mbus", "osgp.mbuswords")
    _set_times(found, app.config["timezone"], store.now())
    drop("firmware.timezone")
    if store.meter is meter:
        _take(app, found)
    return Answer(iter(()))


def _pieces(devices, now):
    comma = "["
    for device in devices:
        said = dict(device)
        time = device["time"]
        said["time"] = clock.iso(time)
        said["age_s"] = None if time is None or now is None else max(0, now - time)
        yield comma + json.dumps(said)
        comma = ","
    yield "]" if devices else "[]"


async def _ask(app):
    # [(place, bytes of its last reading)]
    from osgp.mbuslast import Last

    job = add(app, Last(), _SECONDS)
    try:
        machine = await job.wait()
        places = [(n, data) for n, _, data in machine.places or ()]
    finally:
        release(app, job)
    del machine, job, Last
    drop("osgp.mbuslast")
    return places


async def _decode(places):
    found = []
    if places:
        from osgp import mbusbrief

        for n, data in places:
            device = mbusbrief.device(data)
            if device:
                device["n"] = n
                device["time"] = data[:6]
                device["values"] = values = []
                if not device["note"]:
                    for value in mbusbrief.values(data):
                        await clock.sleep_ms(0)  # a long telegram must not hold up the others
                        if value:
                            values.append(value)
                found.append(device)
    return found


def _set_times(devices, zone, now):
    # The meter's local time becomes UTC in seconds, None if it cannot be.
    if not devices:
        return
    from ..timezone import Zone

    zone = Zone(zone)
    for device in devices:
        local = clock.seconds_of(device["time"], 0)
        device["time"] = None
        if local is not None:
            utc = local - zone.offset(local - zone.offset(local))
            if now is None or utc < now + _AHEAD_S:
                device["time"] = utc


def _take(app, found):
    now = clock.ticks_ms()
    devices = []
    good = []
    for device in found:
        seen = now
        for old, when in app.mbus[_GOOD]:
            if _falls(old, device):
                app.log("warn", "M-Bus device %d: a counter fell, not taken" % device["n"])
                device, seen = old, when
                break
        good.append((device, seen))
        devices.append(device)
    app.mbus[_GOOD] = good
    app.store.mbus = devices


def _falls(old, new):
    for key in ("id", "maker", "medium"):
        if old[key] != new[key]:
            return False
    for a in old["values"]:
        for b in new["values"]:
            if a["name"] == b["name"] and a["unit"] == b["unit"] and a["name"] in _COUNTERS:
                if a["value"] * b["scale"] > b["value"] * a["scale"]:
                    return True
    return False
