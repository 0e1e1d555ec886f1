"""Tries what was written before it is stored: the MEP key at the meter, the MQTT broker.

Each gives (outcome, detail): a name of the set-up pages' texts, and what may follow it. Loaded
for a try and dropped after it.
"""

import asyncio

from mep.events import SILENT, WRONG_KEY, Failed, Response
from mep.keys import parse_key
from mep.session import Session
from osgp.codec import read_text
from shim import const
from ..hal import clock
from ..hal.ports import CHIP
from ..meter.line import Line
from ..meter.link import Link

_BT01 = const(1)
_PAUSE_MS = const(2000)  # a meter that has just been woken may be late
_TICK_MS = const(100)
_TICKS = const(150)  # name and connection 4 s, TLS 5 s, answer 4 s at most


async def try_key(config, log, open_line=None):
    """Ask the meter for BT01 under ``config``: who it is, or why not."""
    try:
        if open_line is None:
            open_line = Line(_board(config), config, log).open_line
        key = parse_key(config["key"])
        cipher = None
        if config["rc4"]:
            from mep.rc4 import Cipher

            cipher = Cipher(key)
        session = Session(key, clock.ticks_ms(), config["baud"], cipher)
        link = Link(session, open_line, log, config["baud"])
        try:
            for _ in range(2):
                event = await link.transact(_BT01, 16, 0)
                if not isinstance(event, Failed) or event.reason != SILENT:
                    break
                await link.idle(clock.ticks_add(clock.ticks_ms(), _PAUSE_MS))
        finally:
            link.close()
    except Exception as e:  # a board that is not this one, pins that collide, a port that is gone
        log("warn", "key test: %s: %s" % (type(e).__name__, e))
        return "key_line", str(e)
    if isinstance(event, Failed):
        if event.reason == SILENT:
            return "key_silent", ""
        return ("key_refused", "") if event.reason == WRONG_KEY else ("key_noise", event.reason)
    name = ""
    if isinstance(event, Response) and event.count == 16:
        name = (
            read_text(event.buf, event.start, 4) + " " + read_text(event.buf, event.start + 4, 8)
        )
    return "key_ok", name  # a refusal too has the right digest


def _board(config):
    if not CHIP:
        return None
    from .. import boards
    from ..hal.esp32 import chip

    return boards.load(config["board"], config, chip())


async def try_broker(config, log):
    """Connect to the broker of ``config``: done, or why not."""
    from ..mqtt.client import Client

    client = Client(config, log)
    first = client.counters()["reason"]
    task = asyncio.create_task(client.run())
    try:
        for _ in range(_TICKS):
            await clock.sleep_ms(_TICK_MS)
            counters = client.counters()
            if counters["mqtt_connected"]:
                return "mqtt_ok", ""
            why = counters["reason"]
            if why and why != first:
                return _outcome(why), why
    finally:
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
    return "mqtt_silent", ""


def _outcome(why):
    for sign, name in (
        ("mqtt_user", "mqtt_login"),
        ("TLS", "mqtt_tls"),
        ("certificate", "mqtt_tls"),
        ("is no host", "mqtt_name"),
        ("name server", "mqtt_name"),
        ("not a host name", "mqtt_name"),
        ("does not answer", "mqtt_silent"),
        ("no MQTT", "mqtt_other"),
        ("refuses", "mqtt_other"),
        ("speak", "mqtt_other"),
        ("not available", "mqtt_other"),
    ):
        if sign in why:
            return name
    return "mqtt_silent"
