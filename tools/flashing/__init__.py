"""What puts the firmware on a module: esptool and mpremote, driven as programs and library."""


class FlashError(Exception):
    """It cannot be done; one line says why and what to do. ``usage``: the options are at fault."""

    def __init__(self, text, usage=False):
        Exception.__init__(self, text)
        self.usage = usage
