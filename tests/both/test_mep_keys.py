from mep.errors import LocalError
from mep.keys import fingerprint, parse_key

TEXT = "a7941d85bce8a8fa2ab7"
KEY = b"a7941d85bce8a8fa"
HEX = "6137393431643835626365386138666132616237"
DECIMAL = "97 55 57 52 49 100 56 53 98 99 101 56 97 56 102 97 50 97 98 55"


def _refused(text):
    try:
        parse_key(text)
    except LocalError as e:
        return str(e)
    raise AssertionError("accepted %r" % text)


def test_every_form_gives_the_same_key():
    for text in (TEXT, TEXT[:16], HEX, HEX[:32], HEX.upper(), DECIMAL, " " + TEXT + "\r\n"):
        assert parse_key(text) == KEY, text


def test_decimal_separators():
    for sep in (",", ", ", ";", " ; ", "  "):
        assert parse_key(DECIMAL.replace(" ", sep)) == KEY, sep
    assert parse_key(" ".join(DECIMAL.split()[:16])) == KEY


def test_twenty_hex_digits_are_ascii():
    assert parse_key("0123456789abcdef0123") == b"0123456789abcdef"


def test_binary_keys_come_as_hex():
    assert parse_key("01" * 16) == b"\x01" * 16
    assert parse_key("00" * 16) == bytes(16)


def test_unknown_forms_are_refused_without_showing_the_key():
    for text in ("", "a7941d85", TEXT + "x", HEX[:-1], "zz" * 16, DECIMAL + " 1", "x" * 21):
        message = _refused(text)
        assert message.startswith("key: "), message
        assert "20 characters" in message
        assert len(text) < 8 or text not in message


def test_decimal_out_of_range_names_the_byte():
    assert "byte 3 of 20" in _refused(DECIMAL.replace("57", "300"))
    assert "byte 1 of 16" in _refused("-1" + " 1" * 15)
    assert "byte 2 of 16" in _refused("1 zz" + " 1" * 14)


def test_control_and_non_ascii_characters():
    assert "ASCII" in _refused("a7941d85bce8a8fa2ab\xe9")
    assert "ASCII" in _refused("a7941d85bce8a8f\x01")


def test_fingerprint_is_short_and_tells_apart():
    a = fingerprint(KEY)
    assert len(a) == 4 and int(a, 16) >= 0
    assert a != fingerprint(b"a7941d85bce8a8fb")
