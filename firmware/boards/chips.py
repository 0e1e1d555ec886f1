"""What each chip's pins can do (data sheets, chapters on pins and strapping)."""


class Chip:
    """``pins`` it has, ``uarts``, pins of the flash, input-only, strapping and console pins.

    ``mhz`` is its fastest clock.
    """

    def __init__(self, pins, uarts, flash, inputs, strapping, console, mhz=240):
        self.pins = pins
        self.uarts = uarts
        self.flash = flash
        self.inputs = inputs
        self.strapping = strapping
        self.console = console
        self.mhz = mhz

    def has(self, pin):
        """True if ``pin`` exists and the flash does not need it."""
        return pin >= 0 and self.pins >> pin & 1 == 1 and pin not in self.flash


# Bit masks of the pins there are. 20, 24 and 28..31 do not exist on ESP32, nor 22..25 on S3.
CHIPS = {
    "esp32": Chip(0xFF0EEFFFFF, 3, range(6, 12), range(34, 40), (0, 2, 5, 12, 15), (1, 3)),
    "esp32c3": Chip(0x3FFFFF, 2, range(11, 18), (), (2, 8, 9), (20, 21), 160),
    "esp32s3": Chip(0x1FFFFFC3FFFFF, 3, range(26, 33), (), (0, 3, 45, 46), (43, 44)),
}


def fault(board, chip):
    """Why ``board`` cannot work with ``chip`` (str), or None."""
    if not 1 <= board.UART < chip.uarts:
        return "uart %d: write 1%s, UART0 is the console" % (
            board.UART,
            " or 2" if chip.uarts > 2 else "",
        )
    used = []
    for name in ("RX", "TX", "ENABLE", "SUPPLY", "BUTTON", "LED"):
        pin = getattr(board, name)
        if pin is None:
            continue
        if not chip.has(pin):
            return "pin %d for %s: there is no such pin, or it belongs to the flash" % (pin, name)
        if pin in used:
            return "pin %d for %s: is used twice" % (pin, name)
        if pin in chip.console:
            return "pin %d for %s: belongs to the console" % (pin, name)
        if pin in chip.inputs and name not in ("RX", "BUTTON"):
            return "pin %d for %s: can only be an input" % (pin, name)
        used.append(pin)
    return None
