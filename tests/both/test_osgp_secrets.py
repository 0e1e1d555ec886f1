"""No key or password leaves a table, neither as bytes nor decoded; all the rest does."""

from mep.errors import LocalError
from osgp import about, codec, secrets
from osgp.names import known_names
from osgpkit import GEN3
from test_tables_bt import laid, meter

KEY = b"0123456789abcdef"
ET11 = {0: 5, 1: 66}
HIDDEN = "2a" * 32


def et13():
    """Two of four M-Bus devices have a key; then comes the MEP client (MEP guide p. 80)."""
    parts = {2: 7, 29: 16, 30: KEY + KEY, 64: b"\x32\0"}
    parts.update({66 + 30: b"\xff" + bytes(31), 197: 0x55, 198: 5, 330 - 66 + 8: 2, 329: 0xAB})
    return laid(330, parts)


def test_the_keys_of_mbus_devices():
    dims = meter(GEN3, ET11=ET11)
    data = et13()
    out, names = secrets.mask(2061, data, dims)
    assert names == ["security_key"] and len(out) == len(data) == codec.size(2061, dims)
    # One by one from the guide's offsets: no byte else is touched.
    for i in range(len(data)):
        masked = 30 <= i < 62 or 96 <= i < 128
        assert out[i] == (secrets.MASK if masked else data[i]), i
    before = codec.decode(2061, data, 0, 330, dims)
    after = codec.decode(2061, out, 0, 330, dims)
    shown = [device.pop("security_key") for device in after["mbus"]]
    # What is not set is no secret, and that it is not set is worth knowing.
    assert shown == [HIDDEN, HIDDEN, 64 * "0", 64 * "0"]
    for device in before["mbus"]:
        del device["security_key"]
    assert before == after and KEY not in out
    rows = [row for row in about.describe(2061) if row[0] == "mbus[].security_key"]
    assert rows == [("mbus[].security_key", "raw", None, 1, None)]


def test_bytes_that_do_not_fill_the_table_are_hidden_as_a_whole():
    dims = meter(GEN3, ET11=ET11)
    for count in (0, 1, 40, 61, 329):
        out, names = secrets.mask(2061, et13()[:count], dims)
        assert out == b"*" * count and names == ["all"]
    # Where it is not known how large the records are, too.
    dims.tables.clear()
    assert secrets.mask(2061, et13(), dims)[0] == b"*" * 330
    assert secrets.mask(2061, et13(), None)[0] == b"*" * 330


def test_what_has_no_secrets_stays():
    data = bytearray(b"\x01\x02password")
    assert secrets.mask(2051, data, meter()) == (bytes(data), [])


def test_which_tables_have_secrets():
    found = [n for n in known_names() if secrets.has_secrets(codec.table_number(n))]
    # ET92 to ET98 are those of modems, of which the guides tell only the names.
    assert found == ["ET13", "ET92", "ET93", "ET94", "ET95", "ET96", "ET98"]
    out, names = secrets.mask(2048 + 95, b"internet\0secret", meter())
    assert out == b"*" * 15 and names == ["data"]
    try:
        secrets.has_secrets(42)
    except LocalError as e:
        assert "BT42" in str(e)
    else:
        raise AssertionError("nobody declares BT42")


def test_every_field_that_is_named_like_a_secret_is_one():
    from osgp.fields import declaration

    for name in known_names():
        for line in declaration(name).FIELDS.split("\n"):
            words = line.split()
            if len(words) < 3 or words[1].split("[")[0] not in ("raw", "chars"):
                continue
            for part in ("key", "password", "secret", "pin"):
                assert part not in words[2].split("_") or "SECRET" in words, (name, line)
