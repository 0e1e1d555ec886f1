"""What NES-MEP-Reader's formats json and ha have in common."""

import json

from . import members

_METER = (("id", "manufacturer"), ("type", "model"), ("fwr", "firmware"), ("ser", "serial"))
POWERS = (
    "P power_forward;Q reactive_import;PO power_reverse;QO reactive_export;"
    "I# current_l# 32;U# voltage_l# 32"
)
FACTORS = (
    "PF# power_factor_l# 32;APP apparent_power;FRQ frequency 32;"
    "RQ1 reactive_q1;RQ2 reactive_q2;RQ3 reactive_q3;RQ4 reactive_q4"
)
ENERGIES = (
    "tPI energy_forward 32;tPO energy_reverse 32;"
    "tQI energy_reactive_import 32;tQO energy_reactive_export 32"
)


def meter(store):
    """Which meter it is, as members of a JSON object (str)."""
    parts = ['"lv":""']
    for key, ours in _METER:
        text = store.meter.get(ours)
        if text is not None:
            if key == "fwr":  # without zeros before the number
                text = ".".join([str(int(n)) if n.isdigit() else n for n in text.split(".")])
            parts.append('"%s":%s' % (key, json.dumps(text)))
    return ",".join(parts)


def values(store, spec):
    """The known values in ``spec`` with a comma before them, and the time after them."""
    text = members(store, spec)
    return "," + text if text else ""


def clock(store):
    """Member ``rtc`` with a comma before it, nothing without a time."""
    now = store.now()
    return "" if now is None else ',"rtc":%d' % (now - 1)


def module(about, middle=""):
    """Members that tell of the module (str); ``middle`` stands after ``up``."""
    facts = about.facts()
    text = '"id":"%s","name":%s,"up":%d%s' % (
        about.mac,
        json.dumps(about.name),
        facts["up"],
        middle,
    )
    return text if facts["rssi"] is None else '%s,"rssi":%d' % (text, facts["rssi"])
