from firmware import boards
from firmware.boards.chips import CHIPS, fault

# Strapping pins that boards use all the same, each with why it does no harm.
HARMLESS = {
    ("esp32", 5, "ENABLE"): "selects the SDIO slave's timing only; its pull-up keeps ENABLE off",
    ("esp32", 2, "LED"): "read only while GPIO0 is low, and the LED pulls it down as wanted",
    ("esp32", 0, "BUTTON"): "is the loader's own jumper or button; open it at power-on",
    ("esp32s3", 0, "BUTTON"): "is the loader's own button",
    ("esp32c3", 9, "BUTTON"): "is the loader's own button",
}


def _each():
    for name in boards.NAMES:
        if name == "devkit":
            for chip in CHIPS:
                yield name, chip, boards.load(name, {}, chip)
        else:
            board = boards.load(name, {})
            for chip in board.CHIPS:
                yield name, chip, board


def test_each_board_has_every_field():
    for name, chip, board in _each():
        for field in boards.FIELDS:
            assert hasattr(board, field), (name, field)
        for field in ("UART", "RX", "TX"):
            assert isinstance(getattr(board, field), int), (name, field)
        assert board.NOTES and board.CONSOLE and chip in CHIPS


def test_no_board_has_a_pin_that_cannot_work():
    for name, chip, board in _each():
        assert fault(board, CHIPS[chip]) is None, name


def test_strapping_pins_are_used_with_a_reason_only():
    used = set()
    for name, chip, board in _each():
        for field in ("RX", "TX", "ENABLE", "SUPPLY", "BUTTON", "LED"):
            pin = getattr(board, field)
            if pin in CHIPS[chip].strapping:
                assert (chip, pin, field) in HARMLESS, (name, pin, field)
                used.add((chip, pin, field))
    assert used == set(HARMLESS)


def test_the_table_of_hardware():
    # Read off the boards: UART, RX, TX, ENABLE, SUPPLY, BUTTON.
    names = []
    for name, want in (
        ("firmware.boards.dabbler", (2, 16, 17, 5, 32, 0)),
        ("firmware.boards.ustepper", (1, 6, 7, 5, None, None)),
        ("firmware.boards.nesreader", (2, 16, 17, 5, None, 26)),
        ("firmware.boards.nesreader5v", (2, 16, 17, 5, None, None)),
        ("firmware.boards.devkit", (2, 16, 17, None, None, 0)),
    ):
        names.append(name.split(".")[-1])
        b = boards.load(names[-1], {})
        assert (b.UART, b.RX, b.TX, b.ENABLE, b.SUPPLY, b.BUTTON) == want, name
    assert tuple(names) == boards.NAMES


def _refused(name, config, chip, *words):
    try:
        boards.load(name, config, chip)
    except boards.BoardError as e:
        for word in words:
            assert word in str(e), str(e)
    else:
        raise AssertionError("%s %r was taken" % (name, config))


def test_an_unknown_board_lists_the_known():
    _refused("dabler", {}, None, "dabler", *boards.NAMES)
    _refused("__init__", {}, None, "unknown")


def test_the_wrong_chip_is_told():
    _refused("ustepper", {}, "esp32", "esp32c3", "choose another board")
    assert boards.load("ustepper", {}, "esp32c3").RX == 6


def test_a_devkit_takes_its_pins_from_the_config():
    b = boards.load(
        "devkit",
        {"uart": 1, "pin_rx": 4, "pin_tx": 13, "pin_enable": 27, "pin_supply": -1},
        "esp32",
    )
    assert (b.UART, b.RX, b.TX, b.ENABLE, b.SUPPLY) == (1, 4, 13, 27, None)
    # The kit's button gives way to a line that needs its pin.
    assert boards.load("devkit", {"pin_enable": 9}, "esp32c3").BUTTON is None
    # An input-only pin is good enough to receive.
    assert boards.load("devkit", {"pin_rx": 34}, "esp32").RX == 34


def test_bad_pins_of_a_devkit_are_told():
    _refused("devkit", {"pin_tx": 34}, "esp32", "pin 34 for TX", "only be an input")
    _refused("devkit", {"pin_enable": 6}, "esp32", "pin 6 for ENABLE", "flash")
    _refused("devkit", {"pin_rx": 24}, "esp32", "no such pin")
    _refused("devkit", {"pin_rx": 22}, "esp32c3", "no such pin")
    _refused("devkit", {"pin_rx": 1}, "esp32", "console")
    _refused("devkit", {"pin_enable": 16}, "esp32", "twice")
    _refused("devkit", {"uart": 2}, "esp32c3", "write 1,")
    _refused("devkit", {"uart": 0}, "esp32", "1 or 2")
    _refused("devkit", {"pin_rx": "4"}, "esp32", "pin_rx must be a whole number")
    _refused("devkit", {"pin_rx": True}, "esp32", "pin_rx")
