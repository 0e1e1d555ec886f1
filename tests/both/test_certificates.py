import os

from firmware import certificates, storage
from firmware.texts import Refusal

# DER: sequences whose length has two bytes more, one more, and none.
LONG = b"\x30\x82\x01\x04" + bytes(range(256)) + b"tail"
SHORT = b"\x30\x81\x80" + b"k" * 128
TINY = b"\x30\x77" + b"k" * 0x77


def pem(data, what):
    from binascii import b2a_base64

    text = b2a_base64(data).replace(b"\n", b"")
    lines = b"\r\n".join([text[i : i + 64] for i in range(0, len(text), 64)])
    return b"-----BEGIN %s-----\r\n%s\r\n-----END %s-----\r\n" % (what, lines, what)


def _refused(name, data):
    try:
        certificates.der(name, data)
    except Refusal as e:
        assert str(e).startswith("config: paste one "), str(e)
        return True
    return False


def test_pem_and_der_are_taken():
    assert certificates.der("ca", LONG[:4] + LONG[4:]) == LONG
    assert certificates.der("ca", b"subject=x\n" + pem(LONG, b"CERTIFICATE")) == LONG
    assert certificates.der("cert", b"\xef\xbb\xbf" + pem(LONG, b"CERTIFICATE")) == LONG
    for kind in (b"PRIVATE KEY", b"RSA PRIVATE KEY", b"EC PRIVATE KEY"):
        assert certificates.der("key", pem(SHORT, kind)) == SHORT
    curve = b"-----BEGIN EC PARAMETERS-----\nBggq\n-----END EC PARAMETERS-----\n"
    assert certificates.der("key", curve + pem(SHORT, b"EC PRIVATE KEY")) == SHORT
    assert (
        certificates.der("key", pem(TINY, b"EC PRIVATE KEY"))
        == certificates.der("key", TINY)
        == TINY
    )
    assert certificates.der("ca", b" \n") == b""


def test_what_is_no_good_is_refused_without_being_quoted():
    whole = pem(LONG, b"CERTIFICATE")
    for name, data in (
        ("ca", b"hello"),
        ("ca", whole[:-30]),
        ("ca", whole[:100] + whole[140:]),
        ("ca", whole + whole),
        ("ca", pem(SHORT, b"PRIVATE KEY")),
        ("key", whole),
        ("key", pem(SHORT, b"ENCRYPTED PRIVATE KEY")),
        ("key", SHORT[:-1]),
        ("key", TINY + b"k"),
        ("ca", b"0"),
        ("ca", b"\x30\x82\x01"),
        ("ca", b"-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----\n"),
    ):
        assert _refused(name, data), (name, data)


def test_fingerprints():
    assert certificates.fingerprint("AB:" * 31 + "cD") == "ab" * 31 + "cd"


def _says(text, part):
    try:
        certificates.wanted(text)
    except OSError as e:
        assert part in str(e), e
        return
    raise AssertionError("taken")


def test_what_is_wanted():
    stored = {}
    kept = storage.load, storage.save, storage.remove, certificates.paths
    storage.load = stored.get
    storage.save = stored.__setitem__
    storage.remove = stored.pop
    certificates.paths = None
    try:
        assert certificates.wanted("AB" * 32) == ("ab" * 32, None)
        _says("ca", "no CA certificate")
        certificates.store("ca", pem(LONG, b"CERTIFICATE"))
        assert certificates.stored("ca") and list(stored) == ["mqtt_ca"]
        assert certificates.wanted("ca") == (LONG, None)
        certificates.store("cert", LONG)
        _says("ca", "store both")
        certificates.store("key", SHORT)
        assert certificates.wanted("ca") == (LONG, (LONG, SHORT))
        certificates.store("ca", b"")
        assert not certificates.stored("ca")
    finally:
        storage.load, storage.save, storage.remove, certificates.paths = kept


def test_a_host_has_them_in_files():
    name = "test_certificates.tmp"
    with open(name, "wb") as f:
        f.write(pem(LONG, b"CERTIFICATE"))
    try:
        certificates.paths = {"ca": name}
        assert certificates.wanted("ca") == (LONG, None)
        certificates.paths = {"cert": "a", "key": "b"}
        assert certificates.wanted("0" * 64)[1] == ("a", "b")
        _says("ca", "no CA certificate")
    finally:
        certificates.paths = None
        os.remove(name)
