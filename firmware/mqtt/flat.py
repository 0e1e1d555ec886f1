"""Each value on a topic of its own below ``<mqtt_base>/values``: part of the format native.

Retained, as decimal integer in the meter's unit, when it has changed by its step
(`firmware.mqtt.steps`), and again every ten minutes. What was not read for a minute is taken back
by an empty message.
"""

from shim import const
from ..hal.clock import ticks_add, ticks_diff, ticks_ms
from ..hal.memory import drop

UNTOLD = const(-0x3FFFFFFF)  # instead of what was sent: nobody knows what the broker has
_GONE = const(-0x3FFFFFFE)  # an empty message was sent
_SCALE = const(5)  # of a kind of the store
_FRESH_MS = const(60000)
_TURN_MS = const(1000)
_MOST = const(8)  # messages a turn
_FIRST_MS = const(3000)  # within which all tables are read
_AGAIN = const(600)  # turns until each value was sent again


def values(store, client, config):
    """Generator: each step sends what is due, after the readings and only if nothing waits."""
    base = config["mqtt_base"] + "/values/"
    kinds = connection = None
    due = ticks_ms()
    at = again = part = 0
    while True:
        yield
        now = ticks_ms()
        if ticks_diff(now, due) < 0 or not (client.connected and client.idle):
            continue
        due = ticks_add(now, _TURN_MS)
        if kinds is not store.kinds or connection != client.connects:
            # What the broker has now may be another meter's, or another life's.
            sent = None
            kinds = store.kinds
            connection = client.connects
            from . import steps

            sent, which, amounts = steps.prepare(store, config["mqtt_steps"])
            del steps
            drop("firmware.mqtt.steps")
            at = again = 0
            due = ticks_add(now, _FIRST_MS)
            continue
        n = len(kinds)
        part += n
        if part >= _AGAIN:
            part -= _AGAIN
            again = (again + 1) % n
            if sent[again] != _GONE:
                sent[again] = UNTOLD
        changed = []
        for _ in range(n):
            scale = kinds[at][_SCALE]
            old = sent[at]
            age = store.age_ms(at)
            new = _GONE if age is None or age > _FRESH_MS else store.value(at) // scale
            if new != old:
                least = 0 if new == _GONE or old <= _GONE else amounts[which[at]]
                if abs(new - old) * scale >= least:
                    sent[at] = new
                    changed.append(at)
            at = (at + 1) % n
            if len(changed) == _MOST:
                break
        if changed:
            for i, name in enumerate(store.each_name()):
                if i in changed:
                    new = sent[i]
                    text = "" if new == _GONE else str(new * kinds[i][_SCALE])
                    if not client.publish(base + name, text, True):
                        sent[i] = UNTOLD
