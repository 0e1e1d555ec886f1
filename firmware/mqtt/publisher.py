"""What is published natively, and when.

Below ``mqtt_base``: ``readings``, each snapshot as JSON; ``meter``, which meter it is, retained;
``status``, "online" while there are verified replies, else "offline", retained; unless
``mqtt_flat`` is false ``values``, each value by itself (`firmware.mqtt.flat`).
"""

import asyncio
import json
from array import array

from shim import const
from .. import report
from ..hal.clock import sleep_ms, ticks_add, ticks_diff, ticks_ms

_CHECK_S = const(1)
_FLAT_MS = const(900)  # less than between two readings
_FIRST_MS = const(3000)  # within which every table is read
_SLOW_MS = const(20)


async def run(store, client, config, alive=None):
    """Publish the snapshots of ``store`` for ever; a slow broker gets the latest one only.

    ``alive()`` is called at each turn.
    """
    readings = (config["mqtt_base"] + "/readings").encode()
    about = (config["mqtt_base"] + "/meter").encode()
    tell = None
    if config["mqtt_flat"]:
        from .flat import tell
    connection = meter = None  # last told of
    seen = store.snapshot
    while True:
        client.available(store.online)
        if alive:
            alive()
        if client.connected and store.snapshot:
            if meter is not store.meter or connection != client.connects:
                if client.publish(about, json.dumps(store.meter), True):
                    meter = store.meter
                    connection = client.connects
                    if tell:
                        sent = array("i", bytes(4 * len(store.kinds) + 8))
                        due = ticks_add(ticks_ms(), _FIRST_MS)
            elif tell and client.idle and ticks_diff(ticks_ms(), due) >= 0:
                due = ticks_add(ticks_ms(), _FLAT_MS)
                tell(store, client, config, sent)
        try:
            await asyncio.wait_for(store.wait(seen), _CHECK_S)
        except asyncio.TimeoutError:
            continue
        while client.connected and not client.idle:
            await sleep_ms(_SLOW_MS)
        passed = store.snapshot - seen
        seen = store.snapshot
        if client.connected:
            client.dropped += passed - 1
            client.publish(readings, report.snapshot(store))
        else:
            client.dropped += passed
