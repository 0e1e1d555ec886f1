"""What is published natively, and when.

Below ``mqtt_base``: ``readings``, each snapshot as JSON; ``meter``, which meter it is, retained;
``status``, "online" while there are verified replies, else "offline", retained; ``values``, each
value by itself (`firmware.mqtt.flat`).
"""

import asyncio
import json

from shim import const
from .. import report
from ..hal.clock import sleep_ms
from .flat import values

_CHECK_S = const(1)
_SLOW_MS = const(20)


async def run(store, client, config, alive=None):
    """Publish the snapshots of ``store`` for ever; a slow broker gets the latest one only.

    ``alive()`` is called at each turn.
    """
    readings = (config["mqtt_base"] + "/readings").encode()
    about = (config["mqtt_base"] + "/meter").encode()
    connection = meter = None  # last told of
    seen = store.snapshot
    flat = values(store, client, config)
    while True:
        next(flat)
        client.available(store.online)
        if alive:
            alive()
        new = meter is not store.meter or connection != client.connects
        if new and client.connected and store.snapshot:
            if client.publish(about, json.dumps(store.meter), True):
                meter = store.meter
                connection = client.connects
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
