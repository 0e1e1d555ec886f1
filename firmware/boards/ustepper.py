"""uStepper 1.00: ESP32-C3-MINI-1, the MAX3232 always on."""

CHIPS = ("esp32c3",)
UART = 1  # UART0 is the console's
RX = 6
TX = 7
ENABLE = 5
SUPPLY = None
BUTTON = None
LED = None
CONSOLE = "USB-C (CDC), or UART0 on the header"
NOTES = "USB power works; mind that it ties the meter's ground to the computer's"
