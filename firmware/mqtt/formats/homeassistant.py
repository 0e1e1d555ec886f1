"""Home Assistant: discovery, and values in its units.

Below ``mqtt_base``: ``ha/power`` and ``ha/energy`` (retained) every 10 s, ``ha/module`` every
minute; one entity for each value that the meter has, named by the store's name, so an id never
changes. ``ha_discovery`` device: messages for a whole device (Home Assistant 2024.11 and later),
in parts that fit into a small heap; entity: one message each, for all versions. What is said
seldom is made by `ha_discovery` and `ha_mbus`.
"""

import json

from ...hal.memory import drop
from . import METER, MODULE, entries, fixed, read

# Value, unit, device class, state class, form. Of each group, which is a message of a device
# (`ha_discovery`), every meter has one.
_COUNTER = "energy_%s kWh energy total_increasing 33;"
_ENERGY = (
    "".join([_COUNTER % s for s in ("forward", "forward_t0", "forward_t#")])
    + "".join([_COUNTER % s for s in ("reverse", "reverse_t0", "reverse_t#")])
    + "energy_reactive_import kvarh - total_increasing 33;"
    + "".join([_COUNTER % ("forward_t%d" % t) for t in range(4, 8)])
    + "energy_reactive_export kvarh - total_increasing 33"
    + "".join([";" + (_COUNTER % ("reverse_t%d" % t))[:-1] for t in range(4, 8)])
)
_POWER = (
    "power_forward W power measurement 00;power_forward_l1 W power measurement 00;"
    "power_forward_l2 W power measurement 00;reactive_import var reactive_power measurement 00;"
    "power_forward_l3 W power measurement 00;power_reverse_l3 W power measurement 00;"
    "power_reverse W power measurement 00;power_reverse_l1 W power measurement 00;"
    "power_reverse_l2 W power measurement 00;reactive_export var reactive_power measurement 00;"
    "apparent_power VA apparent_power measurement 00;frequency Hz frequency measurement 32;"
    "current_l# A current measurement 33;voltage_l# V voltage measurement 32;"
    "power_factor_l# - power_factor measurement 33"
)
_MODULE = (
    "rssi dBm signal_strength measurement 00;up s duration measurement 00;"
    "mem B data_size measurement 00;age s duration measurement 00;"
    "errors - - total_increasing 00;cause - - - 00"
)
STATES = (("module", _MODULE), ("energy", _ENERGY), ("power", _POWER))
_MINUTE_S = 60


def birth(about):
    """Topic on which Home Assistant says "online" when it has started."""
    return about.prefix + "/status"


def hello(store, about):
    """Discovery of the module, then of what the meter has; its code is here for that."""
    from . import ha_discovery

    about.hello = True  # for `mbus`
    try:
        yield from ha_discovery.hello(store, about)
    finally:
        ha_discovery = None
        drop("firmware.mqtt.formats.ha_discovery", "firmware.mqtt.names")


def leave(about):
    """Take back what `hello` said, in whatever way."""
    from . import ha_discovery, ha_mbus

    yield from ha_discovery.leave(about)
    for n in range(1, ha_mbus.PLACES + 1):
        yield from ha_mbus.gone(about, n)
    drop("firmware.mqtt.formats.ha_discovery", "firmware.mqtt.formats.ha_mbus")


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
    found["version"] = about.version
    yield about.base + "/ha/module", json.dumps(found), False


def mbus(store, about):
    """The meter's M-Bus devices: which there are, and their values."""
    devices = store.mbus
    # None: nobody knows yet.
    if devices is None or not (devices or any(about.places)):
        return
    from . import ha_mbus

    try:
        yield from ha_mbus.messages(devices, about)
    finally:
        ha_mbus = None
        drop("firmware.mqtt.formats.ha_mbus", "firmware.mqtt.formats.ha_discovery")
        drop("firmware.mqtt.names")


EVERY = (
    (10, energy, METER),
    (10, power, METER),
    (_MINUTE_S, module, MODULE),
    (_MINUTE_S, mbus, MODULE),
)
