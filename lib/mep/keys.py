"""MEP keys (MBK and MAK) in every form that utilities hand out.

A key is 20 characters as issued, of which the protocol uses the first 16 bytes (guide, "Access
Levels"). Nothing here ever puts a key into an error text: it could end up in a log.
"""

from shim import const
from .digest import digest
from .errors import LocalError

KEY_SIZE = const(16)

_FORMS = (
    "write 20 characters as issued (or the first 16), "
    "or 40 (32) hex digits, or 20 (16) decimal bytes like '97 55 57'"
)


def parse_key(text):
    """The 16 key bytes of ``text`` (str). Raises LocalError saying which forms are known."""
    text = text.strip()
    size = len(text)
    for c in text:
        if not 32 <= ord(c) < 127:
            raise LocalError(
                "key: has a line break or a character that is not plain ASCII; " + _FORMS
            )
    if size in (16, 20):
        # Also when all 20 are hex digits: keys are issued as 20 characters.
        return text.encode()[:KEY_SIZE]
    if size in (32, 40) and _all_in(text, "0123456789abcdefABCDEF"):
        return bytes([int(text[i : i + 2], 16) for i in range(0, 2 * KEY_SIZE, 2)])
    parts = text.replace(",", " ").replace(";", " ").split()
    if len(parts) in (16, 20):
        return _decimal(parts)
    if not text:
        raise LocalError("key: is empty; " + _FORMS)
    raise LocalError("key: %d characters are no known form; %s" % (size, _FORMS))


def _all_in(text, allowed):
    for c in text:
        if c not in allowed:
            return False
    return True


def _decimal(parts):
    out = bytearray(len(parts))
    for i, part in enumerate(parts):
        if not _all_in(part, "0123456789") or len(part) > 3 or int(part) > 255:
            raise LocalError(
                "key: byte %d of %d is not a decimal number from 0 to 255; %s"
                % (i + 1, len(parts), _FORMS)
            )
        out[i] = int(part)
    return bytes(out[:KEY_SIZE])


def fingerprint(key):
    """4 hex digits that tell keys apart without showing them."""
    d = digest(key, b"fingerprint")
    return "%02x%02x" % (d[0], d[1])
