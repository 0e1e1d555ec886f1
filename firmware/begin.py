"""What the application does once, at its start; nothing of it stays in memory.

So nothing of this module may be kept by what lives on: that would keep all of it.
"""

import gc

from mep.session import Session
from shim import const
from .hal import clock
from .hal.memory import drop, free
from .log import Log
from .meter.link import Link
from .meter.poller import Poller
from .readings import Readings
from .supervisor import Supervisor

_GARBAGE = const(8192)  # collect after so many bytes, before they lie all over the heap
_PAGES = const(60000)  # bytes: pages and TLS together are for chips with more memory
_NO_PAGES = "mqtt_tls: no page beside it, for lack of memory; settings: hold the button at a start"
# Of the configuration, what nobody asks for after the start; of low power, if it is not chosen.
_ONCE = (
    "alerts_serve alerts_watch ap_password cpu_mhz domoticz_idx ha_discovery ha_prefix pin_enable "
    "pin_rx pin_supply pin_tx rc4 sleep_readings sleep_s uart"
)
_LOW = " radio_every_s radio_window_s"


def build(app, show, open_line, chip):
    """Give ``app`` (`firmware.app.App`) its log, store, line, link, poller and supervisor."""
    from mep.keys import fingerprint, parse_key
    from . import config as configuration

    config = app.config
    guard = app.guard
    key = parse_key(config["key"])
    app.log = Log(configuration.secrets(config), show)
    app.store = Readings(clock, config["stale_s"])
    baud = min(config["baud"], 9600)  # the line may fall back to that: it waits long enough
    session = Session(key, clock.ticks_ms(), baud, _cipher(config, key))
    if not open_line and config["port"].startswith("socket://") and not chip:
        open_line = app.open_socket
    elif not open_line:
        from .meter.line import Line

        app.line = Line(_board(config, chip), config, app.log)
        open_line = app.line.open_line
    app.open_line = open_line
    app.link = Link(session, open_line, app.log, config["baud"])
    app.poller = Poller(app.link, app.store, app.log, config["fast"], app.line)
    if config["alerts_serve"]:
        from .meter import alerts

        app.poller.server = alerts.Server(config["alerts_watch"], alerts.Gate())
    app.note = None
    if guard:
        guard.redact = app.log.redact
        app.note = guard.note
        app.log("info", "started: " + guard.cause)
    app.supervisor = Supervisor(app.log, app.note)
    app.log("info", "MEP key of %d bytes, fingerprint %s" % (len(key), fingerprint(key)))
    drop("mep.keys", "firmware.config", "firmware.texts", "firmware.storage")


def load(app, chip):
    """Give ``app`` (`firmware.app.App`) its web and MQTT, on the ``chip`` Wi-Fi and time too.

    Code comes before anything runs: so the heap's free part stays in one piece.
    """
    config = app.config
    if chip and config["mqtt_host"] and config["mqtt_tls"] != "off" and free() < _PAGES:
        app.log("warn", _NO_PAGES)
    else:
        from .web import app as pages

        gc.collect()
        app.pages = pages
    if config["mqtt_host"]:
        mqtt(app, chip)
    if chip:
        network(app)
        from .hal import heap

        heap.names()
        drop("firmware.hal.heap")
    _trim(config)
    gc.collect()
    if hasattr(gc, "threshold"):
        gc.threshold(_GARBAGE)


def _trim(config):
    # In place, because others have it as well; filled anew, so that its table is as small.
    if hasattr(gc, "mem_free"):
        gone = _ONCE if config["power_profile"] == "low" else _ONCE + _LOW
        gone = gone.split()
        left = {name: config[name] for name in config if name not in gone}
        config.clear()
        config.update(left)


def mqtt(app, chip):
    """Give ``app`` its MQTT."""
    config = app.config
    guard = app.guard
    low = chip and config["power_profile"] == "low"
    from .mqtt import publisher

    if low:
        from .mqtt.sleeper import Sleeper as Client
    else:
        from .mqtt.client import Client

    app.mqtt = Client(config, app.log)
    # Formats that are switched off may have left something at the broker.
    if config["mqtt_formats"] != "native" or (guard and guard.storage.load("formats")):
        from .mqtt import opening

        drop("firmware.mqtt.publisher", "firmware.mqtt.opening")
        publisher = opening.runner(app, app.mqtt, config)
    app.publisher = publisher
    if config["mqtt_commands"] and low:
        app.log("warn", "mqtt_commands: none are heard under power_profile low")
    elif config["mqtt_commands"]:
        from .mqtt import commands

        commands.Commands(app)
    if guard and not low:
        from . import late

        app.late = late.left(app)  # of the life before
        if not app.late:
            drop("firmware.late", "firmware.records")


def network(app):
    """Give ``app`` its CPU's rate, Wi-Fi and time, as its power profile wants them."""
    from . import power
    from .hal import esp32
    from .timesync import TimeSync

    config = app.config
    power.set_clock(config, esp32, app.log)
    drop("firmware.power")
    weak = app.guard.cause == "brown-out"
    if weak:
        from .radio import weak_text

        app.weak = weak_text(config)
        app.log("warn", app.weak)
    if config["power_profile"] == "low":
        from .lowpower import build

        app.low = build(app, esp32, weak)
    else:
        from .wifi import Wifi

        app.wifi = Wifi(config, app.log, esp32.network, app.alive("wifi"), weak, app.lost)
    app.time = TimeSync(config, app.log, app.store.now, app.online, esp32.set_clock)


def _cipher(config, key):
    if not config["rc4"]:
        return None
    from mep.rc4 import Cipher

    return Cipher(key)


def _board(config, chip):
    # The constants of the module this runs on; a host has none.
    if not chip:
        return None
    from . import boards
    from .hal import esp32

    board = boards.load(config["board"], config, esp32.chip())
    drop("firmware.boards")
    return board
