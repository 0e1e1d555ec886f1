"""Dabbler's module, THT 1.10 and SMD 2.00: ESP32-WROOM-32 with a switched MAX3232."""

CHIPS = ("esp32",)
UART = 2
RX = 16
TX = 17
ENABLE = 5
SUPPLY = 32
BUTTON = 0  # the programming jumper J7: usable once the chip has started
LED = None
CONSOLE = "UART0 on J5"
NOTES = "J7 closed at power-on starts the ROM loader instead of the firmware"
