"""Chips and boards, as the tools need to know them."""

import importlib

from firmware.boards import NAMES
from . import FlashError

# kind: (name as esptool and ESP Web Tools write it, chip id in an image's header, where an
# image begins in the flash, name of MicroPython's usual build)
CHIPS = {
    "esp32": ("ESP32", 0, 0x1000, "ESP32_GENERIC"),
    "esp32c3": ("ESP32-C3", 5, 0, "ESP32_GENERIC_C3"),
    "esp32s3": ("ESP32-S3", 9, 0, "ESP32_GENERIC_S3"),
}
# sys.implementation._mpy >> 10: whose machine code the interpreter runs
ARCHES = {1: "x86", 2: "x64", 10: "xtensawin", 11: "rv32imc"}


def chips_of(board):
    """The kinds of chip that ``board`` may carry. Raises FlashError."""
    if board not in NAMES:
        raise FlashError(
            "board %s: unknown; write one of %s" % (board, ", ".join(NAMES)), usage=True
        )
    return importlib.import_module("firmware.boards." + board).CHIPS


def check(board, chip):
    """Raise FlashError unless ``board`` carries ``chip``."""
    chips = chips_of(board)
    if chip in chips:
        return
    fitting = [name for name in NAMES if chip in chips_of(name)]
    raise FlashError(
        "wrong chip: board %s carries an %s, but this is an %s; %s"
        % (
            board,
            " or ".join(name_of(c) for c in chips),
            name_of(chip),
            "write BOARD=" + " or BOARD=".join(fitting) if fitting else "no board here has it",
        ),
        usage=True,
    )


def name_of(chip):
    """``chip`` as its maker writes it."""
    return CHIPS[chip][0] if chip in CHIPS else chip.upper()


def kind_of(text):
    """The kind in a text like `ESP32-C3`, `ESP32C3 module with ESP32C3` or `ESP32-D0WD`."""
    text = text.upper()
    # Other members of the family must not pass for the plain ESP32.
    for tail in ("S2", "S3", "C2", "C3", "C5", "C6", "H2", "P4"):
        if "ESP32-" + tail in text or "ESP32" + tail in text:
            return "esp32" + tail.lower()
    return "esp32" if "ESP32" in text else text.lower()
