"""M-Bus devices on the meter as devices of Home Assistant: what it is told of them, their values.

A device's place on the meter, 1 to 4, makes its ids: they stay when a device is exchanged.
"""

import json

from shim import const
from ...hal.clock import iso
from . import entries
from .ha_discovery import classes, named, shared
from .ha_discovery import device as whole

PLACES = const(4)
_MOST = const(7)  # entities of a device, besides the time: all in one message
_EXPIRE_S = const(240)  # besides the others': it is sent once a minute
# Quantity, unit, and as what Home Assistant knows it: unit, device class, state class; what it is
# multiplied and divided by. A class with | is that of water, gas, and others.
_SPEC = (
    "energy Wh kWh energy total_increasing 1 1000;energy J MJ energy total_increasing 1 1000000;"
    "energy MWh MWh energy total_increasing 1 1;energy GJ GJ energy total_increasing 1 1;"
    "volume m3 m³ water|gas|volume total_increasing 1 1;"
    "volume ft3 ft³ water|gas|volume total_increasing 1 1;"
    "volume gal gal water|-|volume total_increasing 1 1;"
    "mass kg kg - total_increasing 1 1;mass t t - total_increasing 1 1;"
    "hca - - - total_increasing 1 1;"
    "power W W power measurement 1 1;power J/h kJ/h - measurement 1 1000;"
    "power MW MW power measurement 1 1;power GJ/h GJ/h - measurement 1 1;"
    "flow m3/h m³/h volume_flow_rate measurement 1 1;"
    "flow m3/min m³/h volume_flow_rate measurement 60 1;"
    "flow m3/s m³/h volume_flow_rate measurement 3600 1;"
    "mass_flow kg/h kg/h - measurement 1 1;"
    "flow_temperature C °C temperature measurement 1 1;"
    "flow_temperature F °F temperature measurement 1 1;"
    "return_temperature C °C temperature measurement 1 1;"
    "return_temperature F °F temperature measurement 1 1;"
    "external_temperature C °C temperature measurement 1 1;"
    "external_temperature F °F temperature measurement 1 1;"
    "temperature_difference K K - measurement 1 1;temperature_difference F °F - measurement 1 1;"
    "pressure bar bar pressure measurement 1 1;humidity % % humidity measurement 1 1"
)


def messages(devices, about):
    """What is new of ``devices``, as `firmware.asked.mbus` has them, and their values."""
    for n in range(1, PLACES + 1):
        device = None
        for one in devices:
            if one["n"] == n:
                device = one
        told = about.places[n - 1]
        if device is None:
            if told:
                about.places[n - 1] = None
                yield from gone(about, n)
            continue
        known = _known(device)
        who = "%s %s" % (device["id"], device["medium"])
        mark = " ".join([who] + [w[0] for w, _ in known])
        # Values that are too old are none; the entities stay.
        if about.hello or (told != mark and (known or not told)):
            if told and not told.startswith(who):
                yield from gone(about, n)
            about.places[n - 1] = mark
            yield from _hello(device, known, about)
        yield _topic(about, n), _state(device, known), True
    about.hello = False


def _known(device):
    # [(words of `_SPEC`, value)] of what Home Assistant has a place for.
    found = []
    for value in device["values"] or ():
        for w in entries(_SPEC):
            if w[0] == value["name"] and w[1] == (value["unit"] or "-"):
                found.append((w, value))
    return found[:_MOST]


def _topic(about, n):
    return "%s/ha/mbus_%d" % (about.base, n)


def _entity_topic(about, n, name):
    return "%s/sensor/%s/mbus%d_%s/config" % (about.prefix, about.id, n, name)


def _device_topic(about, n):
    return "%s/device/%s_mbus%d/config" % (about.prefix, about.id, n)


def _hello(device, known, about):
    from .. import names

    n = device["n"]
    texts = names.load(about.language)
    common = shared(about, about.base + "/status")
    common["stat_t"] = _topic(about, n)
    common["dev"] = _device(device, about, texts)
    common = json.dumps(common)[:-1]
    some = []
    for name, config in _each(device, known, about, texts):
        text = json.dumps(config)
        if about.discovery == "entity":
            yield _entity_topic(about, n, name), common + "," + text[1:], True
        else:
            some.append('"%s":%s' % (name, text))
    if some:
        yield _device_topic(about, n), whole(common, some), True


def _device(device, about, texts):
    from ..names import of

    n = device["n"]
    name = "%s %s %d" % (about.name, of(texts, _kind(device["medium"])), n)
    config = {"ids": ["%s_mbus%d" % (about.id, n)], "name": name, "sn": device["id"]}
    if device["maker"]:
        config["mf"] = device["maker"]
    config["via_device"] = about.id + "_meter"
    url = about.url()
    if url:
        config["cu"] = url
    return config


def _kind(medium):
    # What people call a device that measures ``medium``, as `firmware.mqtt.names` has it.
    for kind in ("water", "gas", "heat", "cooling"):
        if kind in medium and medium != "gas_detector":
            return "meter_" + kind
    return "meter_mbus"


def _each(device, known, about, texts):
    # (name, configuration) of its entities.
    n = device["n"]
    for w, _ in known:
        config = _sensor(about, texts, n, w[0], w[0])
        if "|" in w[3]:
            kind = ("meter_water", "meter_gas", _kind(device["medium"]))
            w[3] = w[3].split("|")[kind.index(kind[2])]
        classes(config, w[2:5])
        yield w[0], config
    config = _sensor(about, texts, n, "time", "read_at")
    config["dev_cla"] = "timestamp"
    config["ent_cat"] = "diagnostic"
    yield "time", config


def _sensor(about, texts, n, name, what):
    config = named(about, texts, "sensor", what, "mbus%d_%s" % (n, name))
    config["val_tpl"] = "{{ value_json.get('%s') }}" % name
    config["exp_aft"] = about.expire_s + _EXPIRE_S
    return config


def _state(device, known):
    parts = ['"time":' + json.dumps(iso(device["time"]))]
    for w, value in known:
        parts.append('"%s":%s' % (w[0], decimal(value["value"] * int(w[5]), value["scale"], w[6])))
    return "{%s}" % ",".join(parts)


def decimal(value, scale, more="1"):
    """``value`` divided by the powers of ten ``scale`` and ``more``, as exact decimal text."""
    scale *= int(more)
    text = str(abs(value) // scale)
    if scale > 1:
        text += "." + str(scale + abs(value) % scale)[1:]
    return "-" + text if value < 0 else text


def gone(about, n):
    """Take back the device at place ``n``."""
    if about.discovery == "entity":
        names = ["time"]
        for w in entries(_SPEC):
            if w[0] not in names:
                names.append(w[0])
                yield _entity_topic(about, n, w[0]), "", True
        yield _entity_topic(about, n, "time"), "", True
    else:
        yield _device_topic(about, n), "", True
    yield _topic(about, n), "", True
