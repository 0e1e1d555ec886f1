"""The M-Bus devices on the meter: when they are read, when they are too old, what MQTT hears.

`firmware.news` loads this for a moment, about once a minute, if something may be due. A task then
has `firmware.asked.mbus` read them between the live values into the store's ``mbus``; its code is
gone at the end. What there is too little memory for is put off.

``app.mbus`` is a list: when it is due (s of uptime), what MQTT was told, the last good devices,
each with the tick value of its look (`firmware.asked.mbus`), and the task.
"""

import asyncio
import json
from binascii import crc32

from shim import const
from .hal import clock

_DUE = const(0)
_TOLD = const(1)
_GOOD = const(2)
_TASK = const(3)
_FAILED_S = const(600)  # until it is tried again
_NOBODY_S = const(86400)  # until a meter without devices is looked at again
_PERIODS = const(3)  # so old are values none any more
_DAYS_S = const(432000)  # and in any case: tick differences are wrong soon after
_PLACES = const(4)


def look(app, uptime_s):
    """Tell what is new of ``app.store.mbus``, and have it read again if that is due."""
    state = app.mbus
    store = app.store
    every = app.config["mbus_every_min"] * 60
    if store.mbus is None:  # the first look, or another meter
        state[_DUE] = min(state[_DUE], uptime_s + _FAILED_S)
        state[_GOOD] = ()
    _expire(store, state, every)
    _tell(app.mqtt, app.config["mqtt_base"], store.mbus, state)
    if uptime_s >= state[_DUE] and store.online and state[_TASK] is None:
        state[_TASK] = asyncio.create_task(_read(app, uptime_s, every))


def _expire(store, state, every):
    most_s = min(_PERIODS * every + _FAILED_S, _DAYS_S)
    now = clock.ticks_ms()
    for old, seen in state[_GOOD]:
        if clock.ticks_diff(now, seen) > most_s * 1000:
            found = []
            for device in store.mbus:
                if device is old:
                    device = dict(old)
                    device["values"] = None
                found.append(device)
            store.mbus = found


def _tell(mqtt, base, devices, state):
    # What each place was told is kept as a checksum.
    told = state[_TOLD]
    if not mqtt or not mqtt.connected or (devices is None and not told):
        return
    if not told or told[0] != mqtt.connects:
        told = state[_TOLD] = [mqtt.connects] + [None] * _PLACES
    for n in range(1, _PLACES + 1):
        text = ""
        for device in devices or ():
            if device["n"] == n:
                said = dict(device)
                said["time"] = clock.iso(device["time"])
                text = json.dumps(said)
        mark = crc32(text.encode()) & 0x3FFFFFFF  # a small int
        if told[n] != mark and mqtt.publish("%s/mbus/%d" % (base, n), text, True):
            told[n] = mark


class _Question:
    # As a request, but at no path of HTTP.

    method = "GET"
    path = ("mbus_read",)


async def _read(app, uptime_s, every):
    state = app.mbus
    wait = 0  # put off to the next look
    try:
        code, what = await app.asked(_Question)
        if code == 200:
            await what.aclose()
            _expire(app.store, state, every)  # what was kept because its counter fell
            wait = every if app.store.mbus else max(every, _NOBODY_S)
            _tell(app.mqtt, app.config["mqtt_base"], app.store.mbus, state)
        elif "memory" not in what and "another question" not in what:
            app.log("info", "M-Bus devices: " + what)
            wait = _FAILED_S
    except Exception as e:
        app.log("error", "M-Bus devices: %s: %s" % (type(e).__name__, e))
        wait = _FAILED_S
    finally:
        state[_DUE] = uptime_s + wait
        state[_TASK] = None
