"""NES-MEP-Reader rev 2: an ESP32 D1 mini, fed from the meter's 26 V by an LM2596."""

CHIPS = ("esp32",)
UART = 2
RX = 16
TX = 17
ENABLE = 5  # named RTS on the board
SUPPLY = None
BUTTON = 26
LED = 2
CONSOLE = "USB of the D1 mini (UART0)"
NOTES = "set the buck converter to 3.4..3.6 V before the D1 mini is plugged in"
