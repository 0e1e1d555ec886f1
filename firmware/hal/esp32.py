"""The chip: its UART as a meter port (see `firmware.hal.ports`), pins, clock, reset reason."""

import sys
import time

import machine
import network
from machine import UART, Pin

from shim import const
from . import clock

_RXBUF = const(1024)  # more than two of the largest replies; the port's default is 256
_POWER_ON = const(1)  # in the reset register; anything else behind PWRON_RESET is a brown-out
_REASON = const(0x3F)
SET_UP = b"S"
SETTINGS = b"A"
TOKEN = const(32)
kept = None  # what keeps the heap's size (`firmware.hal.heap`)
_ASKED = const(6)  # in the memory of `rtc`, behind what `firmware.boot_guard` keeps there


class UartPort:
    """UART of ``board``: a module of `firmware.boards`."""

    def __init__(self, board, baud):
        self._tx = board.TX
        self._uart = UART(
            board.UART,
            baudrate=baud,
            tx=Pin(board.TX),
            rx=Pin(board.RX),
            timeout=0,
            timeout_char=0,
            rxbuf=_RXBUF,
        )
        self.write = self._uart.write

    def readinto(self, buf):
        uart = self._uart
        return uart.readinto(buf) or 0 if uart.any() else 0

    def close(self):
        self._uart.deinit()
        # An idle UART holds its pin high, which would feed a MAX3232 that is switched off.
        Pin(self._tx, Pin.IN)


class Switch:
    """An output on ``pin`` whose level ``on`` means on; an input until it is told."""

    def __init__(self, pin, on):
        self._pin = Pin(pin, Pin.IN)
        self._on = on

    def set(self, active):
        """Drive the pin: on or off."""
        self._pin.init(Pin.OUT, value=self._on if active else 1 - self._on)

    def release(self):
        """Let go of the pin."""
        self._pin.init(Pin.IN)


def pressed(pin):
    """True while the button between ``pin`` and ground is held; False without one (None)."""
    return pin is not None and Pin(pin, Pin.IN, Pin.PULL_UP).value() == 0


def watchdog(timeout_ms):
    """The watchdog, started. To start it again changes its time (ports/esp32/machine_wdt.c)."""
    return machine.WDT(timeout=timeout_ms)


def restart():
    """Start the chip again."""
    machine.reset()


def deep_sleep(ms):
    """Sleep so long; then the chip starts again."""
    machine.deepsleep(ms)


def set_mhz(mhz):
    """Set the processor's clock. Raises ValueError if this chip does not have it."""
    machine.freq(mhz * 1000000)


def radio():
    """Let the Wi-Fi driver take its memory; nothing is sent yet."""
    network.WLAN(network.STA_IF)


def set_clock(seconds, ms=0):
    """Set the clock to ``seconds`` since 1970 and ``ms``."""
    t = time.gmtime(seconds - clock.EPOCH)
    machine.RTC().datetime((t[0], t[1], t[2], t[6], t[3], t[4], t[5], ms * 1000))


def rtc():
    """Memory that a reset leaves alone: ``memory()``, ``memory(bytes)``."""
    return machine.RTC()


def want(what, token=b""):
    """Have the next start be one of ``what``: SET_UP, or SETTINGS for the session ``token``."""
    memory = machine.RTC()
    kept = memory.memory() + bytes(_ASKED)  # at least so many
    rest = kept[_ASKED + 1 : -_ASKED]
    if token:
        # In the place of a battery's readings: that profile has no page that could ask for this.
        rest = (rest + b"-")[:1] + token
    memory.memory(kept[:_ASKED] + what + rest)


def wanted():
    """(what this start is to be, token): SET_UP, SETTINGS or b""; says so once."""
    memory = machine.RTC()
    kept = memory.memory()
    asked = kept[_ASKED : _ASKED + 1]
    token = kept[_ASKED + 2 : _ASKED + 2 + TOKEN]
    if asked not in (SET_UP, SETTINGS):
        return b"", b""
    memory.memory(kept[:_ASKED] + b"-" + kept[_ASKED + 1 :])
    return asked, token if asked == SETTINGS and len(token) == TOKEN else b""


def chip():
    """The chip's kind as `firmware.boards` names it."""
    name = getattr(sys.implementation, "_machine", "").upper()
    for kind in ("C3", "S3"):
        if "ESP32" + kind in name or "ESP32-" + kind in name:
            return "esp32" + kind.lower()
    return "esp32"


def reset_cause():
    """Why the chip started, in words."""
    cause = machine.reset_cause()
    if cause == machine.PWRON_RESET:
        # The port calls a brown-out a power-on; RTC_CNTL_RESET_STATE (technical reference
        # manuals: ESP32 at 0x3FF48034, C3 and S3 at 0x60008038) tells them apart.
        try:
            raw = machine.mem32[0x3FF48034 if chip() == "esp32" else 0x60008038] & _REASON
        except Exception:  # a chip without that register: better no difference than no start
            raw = _POWER_ON
        return "power on" if raw == _POWER_ON else "brown-out"
    if cause == machine.WDT_RESET:
        return "watchdog"
    if cause == machine.DEEPSLEEP_RESET:
        return "deep sleep"
    if cause == machine.SOFT_RESET:
        return "soft reset"
    return "reset"
