"""Homie 5: a device with the nodes ``meter`` and ``module``, each value retained when it changes.

``homie/5/<id>/$state`` is "lost" by last will. Looked at every 10 s, the module every minute.
"""

import json
from binascii import crc32

from ...hal.memory import drop
from . import CHANGES, MODULE, entries, fixed, read

# Value, unit, form.
_SPEC = (
    "energy_forward kWh 33;energy_reverse kWh 33;energy_reactive_import kvarh 33;"
    "energy_reactive_export kvarh 33;power_forward W 00;power_reverse W 00;"
    "power_forward_l# W 00;power_reverse_l# W 00;reactive_import var 00;reactive_export var 00;"
    "apparent_power VA 00;frequency Hz 32;current_l# A 33;voltage_l# V 32;power_factor_l# - 33"
)
_MODULE = "rssi dBm 00;up s 00"


def _root(about):
    return "homie/5/" + about.id.replace("_", "-")


def _id(name):
    return name.replace("_", "-")


def will(about):
    """Topic of the last will, what it says then, and what before."""
    return _root(about) + "/$state", "lost", "ready"


def hello(store, about):
    """The description, between the states init and ready."""
    root = _root(about)
    yield root + "/$state", "init", True
    from .. import names

    texts = names.load(about.language)
    found = read(store, [w[0] for w in entries(_SPEC)])
    facts = about.facts()
    nodes = [_node("module", texts, [w for w in entries(_MODULE) if facts[w[0]] is not None])]
    if found:
        nodes.append(_node("meter", texts, [w for w in entries(_SPEC) if w[0] in found]))
    drop("firmware.mqtt.names")
    text = '"homie":"5.0","name":%s,"nodes":{%s}' % (json.dumps(about.name), ",".join(nodes))
    version = crc32(text.encode()) & 0x3FFFFFFF
    yield root + "/$description", '{"version":%d,%s}' % (version, text), True
    yield root + "/$state", "ready", True


def _node(name, texts, words):
    from ..names import of

    parts = []
    for w in words:
        kind = "integer" if w[2] == "00" else "float"
        unit = "" if w[1] == "-" else ',"unit":"%s"' % w[1]
        text = json.dumps(of(texts, w[0]))
        parts.append('"%s":{"name":%s,"datatype":"%s"%s}' % (_id(w[0]), text, kind, unit))
    return '"%s":{"name":"%s","properties":{%s}}' % (name, name, ",".join(parts))


def messages(store, about):
    """The values that the meter has."""
    root = _root(about)
    found = read(store, [w[0] for w in entries(_SPEC)])
    for w in entries(_SPEC):
        value = found.get(w[0])
        if value is not None:
            yield "%s/meter/%s" % (root, _id(w[0])), fixed(value, w[2]), True


def module(store, about):
    """The module's figures."""
    facts = about.facts()
    for w in entries(_MODULE):
        if facts[w[0]] is not None:
            yield "%s/module/%s" % (_root(about), w[0]), fixed(facts[w[0]]), True


def leave(about):
    """Take the device back: nobody shall find it any more."""
    root = _root(about)
    for w in entries(_SPEC):
        yield "%s/meter/%s" % (root, _id(w[0])), "", True
    for w in entries(_MODULE):
        yield "%s/module/%s" % (root, w[0]), "", True
    yield root + "/$description", "", True
    yield root + "/$state", "", True


EVERY = ((10, messages, CHANGES), (60, module, MODULE))
