"""What changes seldom: the energy of the day, and what is retained at the broker.

Below ``mqtt_base``, retained: ``health``, why the module started and what is to mend, and
``alerts``, what the meter wants, each when it changes; without an alert the broker is told to
forget what it keeps of earlier ones. ``today``, the energy of today and yesterday, about once a
minute. Loaded for a moment, when there may be news.
"""

import json

from shim import const
from . import report
from .hal import clock
from .hal.memory import drop

_HASTE_S = const(600)
_JOINED_S = const(30)  # a start has no connection at first


def look(app, uptime_s, day=True):
    """Tell the broker of ``app`` (`firmware.app.App`); with ``day``, follow its day before."""
    store = app.store
    config = app.config
    # The meter's clock may be wrong: what NTP may set right in a moment begins no day.
    hasty = uptime_s < _HASTE_S and clock.unix() is None and config["ntp_servers"]
    if day and store.now() is not None and not hasty:
        from . import days

        # The guard's module, because no other may be in memory.
        why = days.follow(store, config["timezone"], getattr(app.guard, "storage", None))
        if why:
            app.log("error", "energy of the day: " + why)
        del days
        drop("firmware.days", "firmware.timezone", "firmware.texts")
    if config["mbus_every_min"] and (store.mbus != [] or uptime_s >= app.mbus[0]):
        from . import mbus

        mbus.look(app, uptime_s)
        del mbus
        drop("firmware.mbus")
    mqtt = app.mqtt
    wait = mqtt and not mqtt.connected and not app.low and config["mqtt_buffer_h"]
    if wait and not app.late and uptime_s >= _JOINED_S:
        from .late import Late

        app.late = Late(app)
        app.late.turn()
    if mqtt and mqtt.connected:
        base = config["mqtt_base"]
        cause = app.guard.cause if app.guard else None
        text = json.dumps({"started": cause, "notes": app.notes()})
        alerts = store.alerts
        told = mqtt.connects, text, alerts and alerts["now"]
        if told != app.told and mqtt.publish(base + "/health", text, True):
            text = json.dumps(alerts) if told[2] else ""
            if mqtt.publish(base + "/alerts", text, True):
                app.told = told
        mqtt.publish(base + "/today", "{%s}" % report.today(store), True)
