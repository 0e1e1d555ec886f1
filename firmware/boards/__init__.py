"""Boards as data: one module each, plain constants (facts in docs/hardware.md).

CHIPS it may carry; UART, RX, TX of the meter's line; ENABLE, the pin that switches the MEP port on
(active low, the MAX3232 inverts) and SUPPLY of the MAX3232 (active high), each None where there is
none; BUTTON to ground, LED, CONSOLE, NOTES.
"""

NAMES = ("dabbler", "ustepper", "nesreader", "nesreader5v", "devkit")
FIELDS = ("CHIPS", "UART", "RX", "TX", "ENABLE", "SUPPLY", "BUTTON", "LED", "CONSOLE", "NOTES")


class BoardError(Exception):
    """The board cannot be used; the text is one line for the owner."""


def load(name, config, chip=None):
    """The board ``name``: an object with `FIELDS` as attributes.

    ``chip`` (``esp32``, ``esp32c3``, ``esp32s3``) is the one this runs on, if known. ``config``
    gives a devkit its pins. Raises BoardError.
    """
    if name not in NAMES:
        raise BoardError("board %s: unknown; write one of %s" % (name, ", ".join(NAMES)))
    board = getattr(__import__("firmware.boards." + name).boards, name)
    if chip is not None and chip not in board.CHIPS:
        raise BoardError(
            "board %s has the chip %s, this one is %s; choose another board"
            % (name, " or ".join(board.CHIPS), chip)
        )
    if name == "devkit":
        return board.Devkit(config, chip or "esp32")
    return board
