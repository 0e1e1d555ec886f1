"""The chip's UART as a meter port (see `firmware.hal.ports`)."""

from machine import UART, Pin
from shim import const

_RXBUF = const(1024)  # more than two of the largest replies; the port's default is 256


class UartPort:
    """UART of ``board``: a module of `firmware.boards`."""

    def __init__(self, board, baud):
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
        self.close = self._uart.deinit

    def readinto(self, buf):
        uart = self._uart
        return uart.readinto(buf) or 0 if uart.any() else 0
