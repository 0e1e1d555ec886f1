"""A bare development kit: its pins come from the configuration."""

from . import BoardError
from .chips import CHIPS as KNOWN
from .chips import fault

CHIPS = ("esp32", "esp32c3", "esp32s3")

# The usual wiring by chip: UART, RX, TX, the kit's own button.
_USUAL = {"esp32": (2, 16, 17, 0), "esp32c3": (1, 6, 7, 9), "esp32s3": (1, 17, 18, 0)}


class Devkit:
    """Constants of a kit with ``chip`` under ``config``.

    Keys: uart, pin_rx, pin_tx (the chip's usual ones by default), pin_enable, pin_supply (none by
    default); -1 is the default too. Raises BoardError.
    """

    LED = None
    CONSOLE = "the kit's USB"
    NOTES = "pins as configured"

    def __init__(self, config, chip):
        usual = _USUAL[chip]
        self.CHIPS = (chip,)
        self.UART = _pin(config, "uart", usual[0])
        self.RX = _pin(config, "pin_rx", usual[1])
        self.TX = _pin(config, "pin_tx", usual[2])
        self.ENABLE = _pin(config, "pin_enable", None)
        self.SUPPLY = _pin(config, "pin_supply", None)
        self.BUTTON = usual[3]
        if self.BUTTON in (self.RX, self.TX, self.ENABLE, self.SUPPLY):
            self.BUTTON = None
        why = fault(self, KNOWN[chip])
        if why:
            raise BoardError("board devkit (%s): %s" % (chip, why))


def _pin(config, key, default):
    value = config.get(key)
    if value is None or value == -1:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise BoardError("board devkit: %s must be a whole number, -1 for none" % key)
    return value
