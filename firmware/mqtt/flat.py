"""Each value on a topic of its own, retained, when it has changed by its step: part of native.

The text is a decimal integer in the meter's unit. What was not read for a minute is taken back by
an empty message.
"""

from shim import const
from ..readings import UNIT

# The smallest change that is sent, for a unit; for all else it is 1.
STEPS = ",W:5,var:5,VA:5,mV:500,mA:20,mHz:20,1/1000:10,1/100 deg:100,"

_UNTOLD = const(-0x3FFFFFFF)  # instead of what was sent: nobody knows what the broker has
_GONE = const(-0x3FFFFFFE)  # an empty message was sent
_SCALE = const(5)  # of a kind of the store
_FRESH_MS = const(60000)
_MOST = const(8)  # messages a turn
_ROUND = const(600)  # turns, of a second each, after which all is sent again


def tell(store, client, config, sent):
    """Send what is due, some messages at most. To be called once a second.

    ``sent``: array of int, all 0 for a new connection or meter: what was sent of each value,
    without its scale, then the number of turns, and where to go on.
    """
    own = config["mqtt_steps"]
    kinds = store.kinds
    turns = sent[-2]
    if not turns:
        for i in range(len(kinds)):
            if sent[i] != _GONE:
                sent[i] = _UNTOLD
    sent[-2] = (turns + 1) % _ROUND
    left = _MOST
    for i, name in enumerate(store.each_name()):
        if i < sent[-1]:
            continue
        unit = kinds[i][UNIT]
        scale = kinds[i][_SCALE]
        age = store.age_ms(i)
        old = sent[i]
        new = _GONE if age is None or age > _FRESH_MS else store.value(i) // scale
        if new == old:
            continue
        if new != _GONE and old > _GONE and abs(new - old) * scale < _step(own, name, unit):
            continue
        topic = "%s/values/%s" % (config["mqtt_base"], name)
        if client.publish(topic, "" if new == _GONE else str(new * scale), True):
            sent[i] = new
        left -= 1
        if not left:
            sent[-1] = i + 1
            return
    sent[-1] = 0


def _step(own, name, unit):
    # The owner's go before; they are written with spaces.
    steps = ",%s%s" % (own.replace(", ", ","), STEPS) if own else STEPS
    for key in (name, name[:-3], unit):
        at = steps.find(",%s:" % key)
        if at >= 0:
            at += len(key) + 2
            return int(steps[at : steps.find(",", at)])
    return 1
