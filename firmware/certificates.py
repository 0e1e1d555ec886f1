"""What TLS to the broker is checked with, kept apart from the configuration: it is long.

The certificate of the CA, and a client certificate with its private key, are records of
`firmware.storage`; a host has them in files of its own (`paths`). Loaded when it connects and by
the pages that store them.
"""

from binascii import a2b_base64

from shim import const
from . import storage
from .texts import Refusal

NAMES = ("ca", "cert", "key")
paths = None  # a host's: {"ca": path, "cert": path, "key": path}, what is not there left out
_RECORD = "mqtt_"
_LEAST = const(48)  # bytes; a key on P-256 has 67 at least
_BEGIN = b"-----BEGIN "
_END = b"-----END "


def wanted(text):
    """``(trust, own)`` of `firmware.hal.tls.wrap` for the value ``text`` of mqtt_tls.

    Raises OSError if something is not there.
    """
    trust = fingerprint(text)
    if text == "ca":
        trust = _load("ca")
        if trust is None:
            raise OSError("no CA certificate is stored here; store it, or use a fingerprint")
    if paths is not None:
        own = (paths.get("cert"), paths.get("key"))
        return trust, own if own[0] else None
    own = (_load("cert"), _load("key"))
    if (own[0] is None) != (own[1] is None):
        raise OSError("a client certificate needs its key, and a key its certificate; store both")
    return trust, own if own[0] else None


def fingerprint(text):
    """``text`` as 64 small hex digits; colons between them may be there."""
    return text.replace(":", "").lower()


def stored(name):
    """True if ``name`` (of NAMES) is stored here."""
    return _load(name) is not None


def store(name, data):
    """Keep the PEM or DER in ``data`` (bytes) as ``name``; empty: forget it. Raises Refusal."""
    data = der(name, data)
    if data:
        storage.save(_RECORD + name, data)
    else:
        storage.remove(_RECORD + name)


def der(name, data):
    """``data`` (bytes, PEM or DER) of ``name`` as DER, b"" for nothing. Raises Refusal."""
    if not data.strip():
        return b""
    if data[:1] != b"0":  # DER: a sequence
        data = _of_pem(data, b"PRIVATE KEY-----" if name == "key" else b"CERTIFICATE-----")
    if not data or not _whole(data):
        if name == "key":
            raise Refusal("pem_key", "")
        raise Refusal("pem", "")
    return data


def _whole(data):
    # DER: a sequence whose length is what there is.
    if len(data) < _LEAST or data[0] != 0x30:
        return False
    if data[1] < 0x80:
        return data[1] + 2 == len(data)
    if data[1] == 0x82:
        return (data[2] << 8 | data[3]) + 4 == len(data)
    return data[1] == 0x81 and data[2] + 3 == len(data)


def _of_pem(data, what):
    # The one block of this kind; None if there is none, or are several, or it is encrypted.
    parts = data.split(_BEGIN)
    if len(parts) > 1 and parts[1].startswith(b"EC PARAMETERS"):
        parts.pop(1)  # openssl writes the curve before the key
    if len(parts) != 2 or b"ENCRYPTED" in parts[1]:
        return None
    head, _, rest = parts[1].partition(b"\n")
    if not head.strip().endswith(what) or _END not in rest:
        return None
    try:
        return a2b_base64(rest.split(_END)[0])
    except ValueError:
        return None


def _load(name):
    if paths is None:
        return storage.load(_RECORD + name)
    if name not in paths:
        return None
    with open(paths[name], "rb") as f:
        return der(name, f.read(storage.MAX))
