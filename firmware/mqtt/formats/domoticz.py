"""Domoticz, as NES-MEP-Reader sends it: ``udevice`` commands to ``domoticz/in``, every 2 s.

``domoticz_idx`` has the numbers of up to five devices: energy, voltage L1, L2, L3, currents.
"""

from . import METER, pieces

_TOPIC = "domoticz/in"
_SPECS = (
    "p power_forward 01;e energy_forward 01",
    "v voltage_l1 32",
    "v voltage_l2 32",
    "v voltage_l3 32",
    "i# current_l# 31",
)
_PARTS = (2, 1, 1, 1, 3)


def messages(store, about):
    """One command for each device that has a number."""
    for n, idx in enumerate(about.idx):
        parts = [text for _, text in pieces(store, _SPECS[n])] if idx else ()
        # Part of them would put a value in another's place.
        if len(parts) == _PARTS[n]:
            text = '{"command":"udevice","idx":%d,"nvalue":0,"svalue":"%s"}'
            yield _TOPIC, text % (idx, ";".join(parts)), False


EVERY = ((2, messages, METER),)
