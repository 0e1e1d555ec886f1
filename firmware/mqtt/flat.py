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
        if not client.connected:
            due = now
        if ticks_diff(now, due) < 0 or not (client.connected and client.idle):
            continue
        due = ticks_add(now, _TURN_MS)
        try:
            if kinds is not store.kinds or connection != client.connects:
                # What the broker has now may be another meter's, or of another life.
                from . import steps

                sent = kinds = None
                sent, which, amounts = steps.prepare(store, config["mqtt_steps"])
                del steps
                drop("firmware.mqtt.steps")
                connection = client.connects
                kinds = store.kinds
                at = again = 0
                due = ticks_add(now, _FIRST_MS)
            else:
                part += len(kinds)
                if part >= _AGAIN:
                    part -= _AGAIN
                    again = (again + 1) % len(kinds)
                    if sent[again] != _GONE:
                        sent[again] = UNTOLD
                changed = _changed(store, at, sent, which, amounts)
                if changed:
                    at = changed[-1] + 1
                    _tell(store, client, base, sent, changed)
        except MemoryError:
            kinds = None


def _changed(store, at, sent, which, amounts):
    # Which values are due, from the one at ``at`` on; ``sent`` holds them then, without scale.
    found = []
    kinds = store.kinds
    for i in range(at, at + len(kinds)):
        i %= len(kinds)
        age = store.age_ms(i)
        old = sent[i]
        new = _GONE
        least = 0
        if age is not None and age <= _FRESH_MS:
            scale = kinds[i][_SCALE]
            new = store.value(i) // scale
            if old > _GONE:
                least = amounts[which[i]] // scale
        if new != old and abs(new - old) >= least:
            sent[i] = new
            found.append(i)
            if len(found) == _MOST:
                break
    return found


def _tell(store, client, base, sent, changed):
    for i, name in enumerate(store.each_name()):
        if i in changed:
            new = sent[i]
            text = "" if new == _GONE else str(new * store.kinds[i][_SCALE])
            if not client.publish(base + name, text, True):
                sent[i] = UNTOLD
