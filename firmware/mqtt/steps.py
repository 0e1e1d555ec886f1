"""By how much a value has to change before it is sent again: for `firmware.mqtt.flat`, once a
connection.
"""

from array import array

from ..readings import UNIT
from .flat import UNTOLD

# Unit or value, and its step in that unit; for all else it is 1.
STEPS = "W:5, var:5, VA:5, mV:500, mA:20, mHz:20, 1/1000:10, 1/100 deg:100"


def prepare(store, own):
    """(what was sent of each value, which of the steps it has, the steps) for ``store``.

    ``own``: the owner's steps as text, like `STEPS`; the last that fits a value counts. A value is
    named by its unit, its name, or what its name begins with.
    """
    keys = [""]
    amounts = [1]
    for entry in (STEPS + "," + own if own else STEPS).split(","):
        key, amount = entry.split(":")
        keys.append(key.strip())
        amounts.append(int(amount))
    kinds = store.kinds
    n = len(kinds)
    sent = array("i", bytes(4 * n))
    which = bytearray(n)
    i = 0
    for name in store.each_name():
        for j, key in enumerate(keys):
            if key in (kinds[i][UNIT], name) or name.startswith(key + "_"):
                which[i] = j
        sent[i] = UNTOLD
        i += 1
    return sent, which, amounts
