"""NES-MEP-Reader's format raw: a topic for each value, every 10 s; the time every 2 s.

Not sent, because nobody knows them here: ``vcc``, prices, costs, peaks, energy of hour and month.
"""

from . import METER, MODULE, fixed, pieces, today

_SPEC = (
    "import/l# power_forward_l# 02;export/l# power_reverse_l# 02;power/frequency frequency 32;"
    "l#/powerfactor power_factor_l# 32;power/aparentpower apparent_power;"
    "power/reactivepower_Q1 reactive_q1;power/reactivepower_Q2 reactive_q2;"
    "power/reactivepower_Q3 reactive_q3;power/reactivepower_Q4 reactive_q4;"
    "import/reactive/accumulated energy_reactive_import 33;"
    "import/active/accumulated energy_forward 33;"
    "export/reactive/accumulated energy_reactive_export 33;"
    "export/active/accumulated energy_reverse 33;"
    "l#/current current_l# 32;l#/voltage voltage_l# 32;"
    "export/reactive reactive_export;export/active power_reverse;"
    "import/reactive reactive_import;import/active power_forward"
)


def stamp(store, about):
    """The time of the last pass."""
    now = store.now()
    if now is not None:
        yield about.base + "/meter/dlms/timestamp", str(now - 1), False


def messages(store, about):
    """The values."""
    base = about.base
    now = store.now()
    if now is not None:
        yield base + "/meter/clock", str(now - 1), False
    meter = store.meter
    for topic, key in (("id", "manufacturer"), ("type", "model")):
        if meter.get(key):
            yield "%s/meter/%s" % (base, topic), meter[key], False
    for topic, text in pieces(store, _SPEC):
        yield "%s/meter/%s" % (base, topic), text, topic.endswith("accumulated")
    for topic, value in zip(("import", "export"), today(store)):
        if value is not None:
            yield "%s/realtime/%s/day" % (base, topic), fixed(value, "32"), False
    yield base + "/uptime", str(about.facts()["up"]), False


def system(store, about):
    """The module."""
    facts = about.facts()
    yield about.base + "/id", about.mac, True
    for topic in ("mem", "rssi"):
        if facts[topic] is not None:
            yield "%s/%s" % (about.base, topic), str(facts[topic]), False


EVERY = ((2, stamp, METER), (10, messages, METER), (20, system, MODULE))
