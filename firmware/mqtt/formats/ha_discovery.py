"""What Home Assistant is told once: devices and entities of the format `homeassistant`."""

import json

from ...hal.memory import drop
from . import entries, read
from .homeassistant import STATES

# Entities in a device's message, and messages: a used heap has no large pieces.
_GROUPS = {"module": (6, 1), "energy": (5, 4), "power": (3, 7)}
_MINUTE_S = 60
# Name, device class, category.
_BUTTONS = "restart restart config;identify identify config"


def hello(store, about):
    """Discovery of the module, then of what the meter has."""
    from .. import names

    texts = names.load(about.language)
    for topic, spec in STATES:
        if topic == "module":
            facts = about.facts()
            found = [key for key in facts if facts[key] is not None]
        else:
            found = read(store, [w[0] for w in entries(spec)])
        drop()  # room for messages that are in one piece
        common = json.dumps(_shared(store, about, topic))[:-1]
        some = []
        at = 0
        for i, w in enumerate(entries(spec)):
            # By its place in the list: an entity never moves to another message.
            n = group(topic, i)
            if n != at and some:
                text = device(common, some)
                some = []
                yield _device_topic(about, topic, at), text, True
                text = None
                drop()
            at = n
            if w[0] in found:
                entity = json.dumps(_sensor(about, texts, topic, w))
                if about.discovery == "entity":
                    yield _entity_topic(about, "sensor", w[0]), common + "," + entity[1:], True
                else:
                    some.append('"%s":%s' % (w[0], entity))
        if some:
            yield _device_topic(about, topic, at), device(common, some), True
        if topic == "module":
            yield from _controls(store, about, texts)


def _controls(store, about, texts):
    # Buttons only for what the module may be told; those that are allowed no more are taken back.
    common = json.dumps(_shared(store, about, "module"))[:-1]
    some = []
    for kind, name, config in _each_control(about, texts):
        text = json.dumps(config) if config else ""
        if about.discovery == "entity":
            yield _entity_topic(about, kind, name), config and common + "," + text[1:], True
        elif config:
            some.append('"%s":%s' % (name, text))
        else:  # a component with nothing but its platform
            some.append('"%s":{"p":"%s"}' % (name, kind))
    if some:
        yield _device_topic(about, "control", 0), device(common, some), True


def _each_control(about, texts):
    # (platform, name, configuration or "")
    config = named(about, texts, "update", "update", "update")
    config["val_tpl"] = "{{ value_json.version }}"
    # Nobody tells the module which version is the newest; its owner may say it here.
    config["l_ver_t"] = about.base + "/latest"
    config["dev_cla"] = "firmware"
    config["ent_cat"] = "diagnostic"
    yield "update", "update", config
    for w in entries(_BUTTONS):
        config = ""
        if w[0] in about.buttons:
            config = named(about, texts, "button", w[0], w[0])
            config["cmd_t"] = about.base + "/cmd"
            config["pl_prs"] = json.dumps({"id": "ha", "cmd": w[0]})
            config["dev_cla"] = w[1]
            config["ent_cat"] = w[2]
        yield "button", w[0], config


def _entity_topic(about, kind, name):
    return "%s/%s/%s/%s/config" % (about.prefix, kind, about.id, name)


def _device_topic(about, topic, n):
    return "%s/device/%s_%s%d/config" % (about.prefix, about.id, topic, n)


def group(topic, i):
    """In which message of a device entity ``i`` of the state ``topic`` is."""
    return i // _GROUPS[topic][0]


def device(common, some):
    """The text of a message that tells of the entities ``some`` (texts)."""
    return '%s,"cmps":{%s}}' % (common, ",".join(some))


def _shared(store, about, topic):
    # `status` is of the readings: the module's own figures are there without a meter.
    common = shared(about, None if topic == "module" else about.base + "/status")
    if topic == "module":
        device = {"ids": [about.id], "name": about.name, "mf": "mep", "mdl": about.board}
        device["sw"] = about.version
    else:
        device = {"ids": [about.id + "_meter"], "name": "%s meter" % about.name}
        device["via_device"] = about.id
        keys = (("mf", "manufacturer"), ("mdl", "model"), ("sw", "firmware"))
        for key, ours in keys:
            if store.meter.get(ours):
                device[key] = store.meter[ours]
    url = about.url()
    if url:
        device["cu"] = url
    common["dev"] = device
    common["stat_t"] = "%s/ha/%s" % (about.base, topic)
    return common


def shared(about, status):
    """What the entities of a device have in common (dict), but for the device.

    ``status``: topic that says whether its values are there, or None.
    """
    common = {"o": {"name": "mep", "sw": about.version}}
    available = []
    if status:
        available.append({"t": status})
    if about.will:  # the broker speaks for us there, not in `status`
        where, gone, here = about.will
        available.append({"t": where, "pl_avail": here, "pl_not_avail": gone})
    if available:
        common["avty"] = available
        common["avty_mode"] = "all"
    return common


def named(about, texts, platform, what, key):
    """A dict with the names of the entity ``key``, of which people read what ``what`` says."""
    from ..names import of

    config = {"name": of(texts, what), "uniq_id": "%s_%s" % (about.id, key)}
    own = "%s_%s" % (about.slug, key)
    if about.discovery == "entity":  # Home Assistant before 2025.10 knows no other
        config["obj_id"] = own
    else:
        config["p"] = platform
        config["default_entity_id"] = "%s.%s" % (platform, own)
    return config


def classes(config, w):
    """Put unit, device class and state class into ``config``; ``w`` has them, "-" for none."""
    for key, text in zip(("unit_of_meas", "dev_cla", "stat_cla"), w):
        if text != "-":
            config[key] = text


def _sensor(about, texts, topic, w):
    name = w[0]
    config = named(about, texts, "sensor", name, name)
    config["val_tpl"] = "{{ value_json.%s }}" % name
    config["exp_aft"] = about.expire_s
    classes(config, w[1:4])
    if topic == "module":
        config["ent_cat"] = "diagnostic"
        config["exp_aft"] += 2 * _MINUTE_S
    return config


def leave(about):
    """Take back what `hello` said, in whatever way."""
    for topic, spec in STATES:
        for w in entries(spec):
            if about.discovery == "entity":
                yield _entity_topic(about, "sensor", w[0]), "", True
        if about.discovery != "entity":
            for n in range(_GROUPS[topic][1]):
                yield _device_topic(about, topic, n), "", True
    if about.discovery == "entity":
        yield _entity_topic(about, "update", "update"), "", True
        for w in entries(_BUTTONS):
            yield _entity_topic(about, "button", w[0]), "", True
    else:
        yield _device_topic(about, "control", 0), "", True
    yield about.base + "/ha/energy", "", True
