"""Home Assistant: discovery, and values in its units.

Below ``mqtt_base``: ``ha/power`` and ``ha/energy`` (retained) every 10 s, ``ha/module`` every
minute; one entity for each value that the meter has, named by the store's name, so an id never
changes. ``ha_discovery`` device: messages for a whole device (Home Assistant 2024.11 and later),
in parts that fit into a small heap; entity: one message each, for all versions.
"""

import json

from ...hal.memory import drop
from . import METER, MODULE, entries, fixed, read

# Value, unit, device class, state class, form. `t#` are the tariffs, counted from 0.
_ENERGY = (
    "energy_forward kWh energy total_increasing 33;energy_reverse kWh energy total_increasing 33;"
    "energy_forward_t0 kWh energy total_increasing 33;"
    "energy_forward_t# kWh energy total_increasing 33;"
    "energy_reverse_t0 kWh energy total_increasing 33;"
    "energy_reverse_t# kWh energy total_increasing 33;"
    "energy_reactive_import kvarh - total_increasing 33;"
    "energy_reactive_export kvarh - total_increasing 33"
)
_POWER = (
    "power_forward W power measurement 00;power_reverse W power measurement 00;"
    "power_forward_l# W power measurement 00;power_reverse_l# W power measurement 00;"
    "reactive_import var reactive_power measurement 00;"
    "reactive_export var reactive_power measurement 00;"
    "apparent_power VA apparent_power measurement 00;frequency Hz frequency measurement 32;"
    "current_l# A current measurement 33;voltage_l# V voltage measurement 32;"
    "power_factor_l# - power_factor measurement 33"
)
_MODULE = (
    "rssi dBm signal_strength measurement 00;up s duration measurement 00;"
    "mem B data_size measurement 00;age s duration measurement 00;"
    "errors - - total_increasing 00;cause - - - 00"
)
_STATES = (("module", _MODULE), ("energy", _ENERGY), ("power", _POWER))
_GROUP = 5  # entities in a device's message
_MINUTE_S = 60


def hello(store, about):
    """Discovery of the module, then of what the meter has."""
    from .. import names

    texts = names.load(about.language)
    for topic, spec in _STATES:
        if topic == "module":
            facts = about.facts()
            found = [key for key in facts if facts[key] is not None]
        else:
            found = read(store, [w[0] for w in entries(spec)])
        shared = json.dumps(_shared(store, about, topic))[:-1]
        some = []
        n = 0
        for w in entries(spec):
            if w[0] in found:
                entity = _entity(about, texts, topic, w)
                if about.discovery == "entity":
                    yield _entity_topic(about, w[0]), shared + "," + entity[1:], True
                else:
                    some.append('"%s":%s' % (w[0], entity))
            if len(some) == _GROUP:
                yield _device_topic(about, topic, n), _device(shared, some), True
                some = []
                n += 1
        if some:
            yield _device_topic(about, topic, n), _device(shared, some), True
    drop("firmware.mqtt.names")


def _entity_topic(about, name):
    return "%s/sensor/%s/%s/config" % (about.prefix, about.id, name)


def _device_topic(about, topic, n):
    return "%s/device/%s_%s%d/config" % (about.prefix, about.id, topic, n)


def _device(shared, some):
    return '%s,"cmps":{%s}}' % (shared, ",".join(some))


def _shared(store, about, topic):
    # What the entities of one state topic have in common.
    # `status` is of the readings: the module's own figures are there without a meter.
    available = [] if topic == "module" else [{"t": about.base + "/status"}]
    if about.will:  # the broker speaks for us there, not in `status`
        where, gone, here = about.will
        available.append({"t": where, "pl_avail": here, "pl_not_avail": gone})
    url = about.url()
    if topic == "module":
        device = {"ids": [about.id], "name": about.name, "mf": "mep", "mdl": about.board}
        device["sw"] = about.version
    else:
        device = {"ids": [about.id + "_meter"], "name": "%s meter" % about.name}
        device["via_device"] = about.id
        for key, ours in (("mf", "manufacturer"), ("mdl", "model"), ("sw", "firmware")):
            if store.meter.get(ours):
                device[key] = store.meter[ours]
    if url:
        device["cu"] = url
    shared = {"dev": device, "o": {"name": "mep", "sw": about.version}}
    shared["stat_t"] = "%s/ha/%s" % (about.base, topic)
    if available:
        shared["avty"] = available
        shared["avty_mode"] = "all"
    return shared


def _entity(about, texts, topic, w):
    from ..names import of

    name = w[0]
    config = {
        "name": of(texts, name),
        "uniq_id": "%s_%s" % (about.id, name),
        "val_tpl": "{{ value_json.%s }}" % name,
        "exp_aft": about.expire_s,
    }
    if about.discovery == "entity":  # Home Assistant before 2025.10 knows no other
        config["obj_id"] = "%s_%s" % (about.slug, name)
    else:
        config["p"] = "sensor"
        config["default_entity_id"] = "sensor.%s_%s" % (about.slug, name)
    for key, text in (("unit_of_meas", w[1]), ("dev_cla", w[2]), ("stat_cla", w[3])):
        if text != "-":
            config[key] = text
    if topic == "module":
        config["ent_cat"] = "diagnostic"
        config["exp_aft"] += 2 * _MINUTE_S
    return json.dumps(config)


def leave(about):
    """Take back what `hello` said, in whatever way."""
    for topic, spec in _STATES:
        for n, w in enumerate(entries(spec)):
            if about.discovery == "entity":
                yield _entity_topic(about, w[0]), "", True
            elif n % _GROUP == 0:
                yield _device_topic(about, topic, n // _GROUP), "", True
    yield about.base + "/ha/energy", "", True


def _state(store, about, topic, spec):
    found = read(store, [w[0] for w in entries(spec)])
    parts = []
    for w in entries(spec):
        if w[0] in found:
            value = found[w[0]]
            text = "null" if value is None else fixed(value, w[4])
            parts.append('"%s":%s' % (w[0], text))
    # A retained message must never replace what was known by nothing.
    if any(value is not None for value in found.values()):
        yield "%s/ha/%s" % (about.base, topic), "{%s}" % ",".join(parts), topic == "energy"


def energy(store, about):
    """The counters, in kWh and kvarh."""
    return _state(store, about, "energy", _ENERGY)


def power(store, about):
    """Powers, voltages, currents."""
    return _state(store, about, "power", _POWER)


def module(store, about):
    """The module's own figures."""
    facts = about.facts()
    found = {w[0]: facts.get(w[0]) for w in entries(_MODULE)}
    yield about.base + "/ha/module", json.dumps(found), False


EVERY = ((10, energy, METER), (10, power, METER), (_MINUTE_S, module, MODULE))
