"""NES-MEP-Reader's format for Home Assistant, its unique ids kept so that the history survives.

``power`` and ``energy`` every 2 s, ``realtime`` every 10 s, ``state`` every 20 s; a discovery
message for each value that the meter has. Classes and units that Home Assistant refuses today
are corrected.
"""

import json

from . import METER, MODULE, entries, fixed, read, today
from .nesreader import ENERGIES, FACTORS, POWERS, clock, meter, module, values

# Path, store's name (or what else it depends on), topic, unit, device class, state class, name.
_ENTITIES = (
    "P power_forward power W power measurement Active import;"
    "Q reactive_import power var reactive_power measurement Reactive import;"
    "QO reactive_export power var reactive_power measurement Reactive export;"
    "PO power_reverse power W power measurement Active export;"
    "I# current_l# power A current measurement L# current;"
    "U# voltage_l# power V voltage measurement L# voltage;"
    "PF# power_factor_l# power - power_factor measurement L# power factor;"
    "APP apparent_power power VA apparent_power measurement Aparent Power;"
    "FRQ frequency power Hz frequency measurement Frequency;"
    "RQ1 reactive_q1 power var reactive_power measurement ReactivePower_Q1;"
    "RQ2 reactive_q2 power var reactive_power measurement ReactivePower_Q2;"
    "RQ3 reactive_q3 power var reactive_power measurement ReactivePower_Q3;"
    "RQ4 reactive_q4 power var reactive_power measurement ReactivePower_Q4;"
    "tPI energy_forward energy kWh energy total_increasing Accumulated active import;"
    "tQI energy_reactive_import energy kvarh - total_increasing Accumulated reactive import;"
    "tQO energy_reactive_export energy kvarh - total_increasing Accumulated reactive export;"
    "tPO energy_reverse energy kWh energy total_increasing Accumulated active export;"
    "day.use energy_forward realtime kWh energy total_increasing Current day used;"
    "day.produced energy_reverse realtime kWh energy total_increasing Current day produced;"
    "rssi * state dBm signal_strength measurement Status;"
    "up * state s duration measurement Uptime"
)
_PLACES = (("unit_of_meas", 3), ("dev_cla", 4), ("stat_cla", 5))


def _topic(about, path):
    return "%s/sensor/%s_%s/config" % (about.prefix, about.name, path.replace(".", ""))


def birth(about):
    """Topic on which Home Assistant says "online" when it has started."""
    return about.prefix + "/status"


def hello(store, about):
    """Discovery of what the meter has."""
    found = read(store, [w[1] for w in entries(_ENTITIES)])
    for w in entries(_ENTITIES):
        if w[1] == "*" or w[1] in found:
            yield _topic(about, w[0]), _config(store, about, w), True


def _config(store, about, w):
    uid = "%s_%s" % (about.name, w[0].replace(".", ""))
    config = {
        "name": " ".join(w[6:]),
        "stat_t": "%s/%s" % (about.base, w[2]),
        "uniq_id": uid,
        "obj_id": uid,
        "val_tpl": "{{ value_json.%s | is_defined }}" % w[0],
        "dev": {
            "ids": [about.name],
            "name": "AMS reader",
            "mdl": about.board,
            "sw": about.version,
            "mf": "NES-MEP-Reader",
        },
    }
    for key, place in _PLACES:
        if w[place] != "-":
            config[key] = w[place]
    url = about.url()
    if url:
        config["dev"]["cu"] = url
    return json.dumps(config)


def leave(about):
    """Take the entities back."""
    for w in entries(_ENTITIES):
        yield _topic(about, w[0]), "", True


def messages(store, about):
    """Powers and energies."""
    text = values(store, POWERS + ";" + FACTORS)
    if text:
        yield about.base + "/power", "{%s%s}" % (meter(store), text), False
    text = values(store, ENERGIES)
    if text:
        yield about.base + "/energy", "{%s%s}" % (text[1:], clock(store)), False


def realtime(store, about):
    """The energy of the day."""
    days = []
    for key, value in zip(("use", "produced"), today(store)):
        if value is not None:
            days.append('"%s":%s' % (key, fixed(value, "32")))
    if days:
        yield about.base + "/realtime", '{"day":{%s}}' % ",".join(days), False


def system(store, about):
    """The module."""
    yield about.base + "/state", '{%s,"version":"%s"}' % (module(about), about.version), False


EVERY = ((2, messages, METER), (10, realtime, METER), (20, system, MODULE))
