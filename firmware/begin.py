"""What the application loads once, at its start: its outputs, and what only a module has."""

import gc

from shim import const
from .hal.memory import drop

_GARBAGE = const(8192)  # collect after so many bytes, before they lie all over the heap


def load(app, chip):
    """Give ``app`` (`firmware.app.App`) its web and MQTT, on the ``chip`` Wi-Fi and time too.

    Code comes before anything runs: so the heap's free part stays in one piece. And nothing of
    this module may be kept by what lives on, because that would keep all of it.
    """
    config = app.config
    from .web import app as pages

    gc.collect()
    app.pages = pages
    if config["mqtt_host"]:
        from .mqtt import publisher

        if chip and config["power_profile"] == "low":
            from .mqtt.sleeper import Sleeper as Client
        else:
            from .mqtt.client import Client

        app.mqtt = Client(config, app.log)
        app.publisher = publisher
    if chip:
        network(app)
    gc.collect()
    if hasattr(gc, "threshold"):
        gc.threshold(_GARBAGE)


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
