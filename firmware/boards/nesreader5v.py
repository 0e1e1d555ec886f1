"""NES-MEP-Reader 5 V: an ESP32 D1 mini with a MAX232, fed by USB."""

CHIPS = ("esp32",)
UART = 2
RX = 16  # through 1.0k/1.8k: the MAX232 gives 5 V
TX = 17
ENABLE = 5
SUPPLY = None
BUTTON = None
LED = None
CONSOLE = "USB of the D1 mini (UART0)"
NOTES = "takes no power from the meter"
