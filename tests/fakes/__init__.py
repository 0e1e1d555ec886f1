"""Stand-ins for the chip's modules. Not for the device.

``with Chip() as chip:`` puts `machine`, `network` and `esp32` of this folder in place of whatever
the interpreter has, in their power-on state, and takes them out again. Time comes from
``chip.time``, any object with ``ticks_ms()`` and ``ticks_diff()`` (tests/both/virtual.py).
What they imitate was read in the documentation of MicroPython 1.25 (machine, machine.Pin,
machine.UART, machine.WDT, machine.RTC, network.WLAN, esp32) and tried against the ESP32 port's
source where that is silent; the places are named where it matters.
"""

import sys

from . import esp32, machine, network

NAMES = ("machine", "network", "esp32")


class Chip:
    """One chip of kind ``chip`` (esp32, esp32c3, esp32s3)."""

    def __init__(self, time=None, chip="esp32"):
        self.machine = machine
        self.network = network
        self.esp32 = esp32
        self._kind = chip
        self._kept = {}
        if time is None:
            from firmware.hal import clock as time
        self.time = time

    def __enter__(self):
        for module in (machine, network, esp32):
            module.clock = self.time
        machine.power_on(self._kind)
        network.power_on()
        esp32.erase()
        for name, module in zip(NAMES, (machine, network, esp32)):
            self._kept[name] = sys.modules.get(name)
            sys.modules[name] = module
        return self

    def __exit__(self, *_):
        for name in NAMES:
            if self._kept[name] is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = self._kept[name]
        for module in (machine, network, esp32):
            module.clock = None
        # What was imported against the fakes must not outlive them.
        sys.modules.pop("firmware.hal.esp32", None)
