from mep import requests as rq
from mep.codes import code_name
from mep.digest import Digest
from mep.errors import LocalError
from mep.writing import write
from mepkit import KEY, hexed


def _sealed(size, buf, seq):
    n = rq.seal(buf, size, seq >> 16, seq & 0xFFFF, Digest(KEY))
    return bytes(buf[:n])


def test_partial_read_is_the_guides_frame():
    buf = bytearray(478)
    n = rq.read(buf, 2, 0x17, 0x2C, 0)
    assert _sealed(n, buf, 0x01020304) == hexed("0014 3f001700000000 2c 01020304 74861f6d7658dd56")


def test_partial_write_is_the_guides_frame():
    buf = bytearray(478)
    n = write(buf, 2, 2048 + 50, b"\x01", 0x1E)
    want = hexed("0015 4f083200001e0001 01 77636e2f 86e50e2667d1e63c")
    assert _sealed(n, buf, 0x77636E2F) == want


def test_full_write_is_the_guides_frame():
    buf = bytearray(478)
    n = write(buf, 2, 7, hexed("11080700f803"))
    want = hexed("0017 4000070006 11080700f803 5b4e4309 697ab201497e9cf7")
    assert _sealed(n, buf, 0x5B4E4309) == want


def test_full_read_and_large_offsets():
    buf = bytearray(478)
    assert rq.read(buf, 0, 0x081C, 0x0200) == 5
    assert bytes(buf[:5]) == hexed("30 081c 0200")
    assert rq.read(buf, 0, 0x40, 0x1D1, 0x123456) == 8
    assert bytes(buf[:8]) == hexed("3f 0040 123456 01d1")


def test_a_write_that_does_not_fit_is_refused():
    buf = bytearray(478)
    most = 478 - 14 - 8
    assert write(buf, 2, 7, bytes(most), 0) == 8 + most
    for refused in (
        lambda: write(buf, 2, 7, bytes(most + 1), 0),
        lambda: write(buf, 2, 7, bytes(most + 4)),
    ):
        try:
            refused()
        except LocalError as e:
            assert "does not fit" in str(e)
        else:
            raise AssertionError("accepted")


def test_code_names():
    assert code_name(3) == "no permission"
    assert code_name(0x77) == "unknown code 0x77"
