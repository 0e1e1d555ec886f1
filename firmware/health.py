"""How the module is: a line in the log every ten minutes, and figures for who asks."""

import gc
import sys

from shim import const
from .hal.memory import free

EVERY_S = const(600)


def line(uptime_s, counters, restarts, rssi=None, radio=None):
    """One line of text: uptime, heap, signal, the line's counters that matter, restarted tasks.

    ``radio``: bytes that its packets may take, if they are not the heap's.
    """
    parts = ["up %d:%02d h" % (uptime_s // 3600, uptime_s // 60 % 60)]
    gc.collect()
    left = free()
    if left is not None:
        parts.append("heap free %d" % left)
    if radio is not None:
        parts.append("radio %d" % radio)
    if rssi is not None:
        parts.append("signal %d dBm" % rssi)
    for name in ("verified", "retries", "failed", "dropped"):
        if name in counters:
            parts.append("%s %d" % (name, counters[name]))
    for name in restarts:
        if restarts[name]:
            parts.append("%s restarted %d times" % (name, restarts[name]))
    return ", ".join(parts)


def status(app, uptime_s, lag_ms):
    """Health figures of ``app`` (dict): uptime, heap, lag of the event loop, restarts, MQTT."""
    figures = {
        "uptime_s": uptime_s,
        "interpreter": "%s %s" % (sys.implementation.name, _version()),
        "loop_lag_ms": lag_ms,
        "restarts": app.supervisor.restarts,
        "mqtt": app.mqtt.counters() if app.mqtt else None,
    }
    if app.line:
        figures["line"] = app.line.diagnosis or app.line.state
    figures["notes"] = app.notes()
    if app.guard:
        figures["started"] = app.guard.cause
        figures["version"] = app.guard.version
        figures["trial"] = app.guard.trial
        figures["faults"] = app.guard.faults
    if app.wifi:
        figures["wifi"] = app.wifi.status()
        figures["time"] = app.time.local()
    if app.low:
        figures["low"] = app.low.status()
    if app.late:
        figures["late"] = app.late.status()
    if hasattr(gc, "mem_free"):
        figures["heap_free"] = free()
        figures["heap_used"] = gc.mem_alloc()
    return figures


def _version():
    return ".".join([str(n) for n in sys.implementation.version[:3]])
