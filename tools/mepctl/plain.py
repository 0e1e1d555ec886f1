"""An encrypted line's packets in plain text, for recordings: digests are over that anyway."""

from mep.rc4 import Cipher
from .raw import genuine

_LENGTH = 2
_AFTER_BODY = 12  # sequence number and digest of a request
_DIGEST = 8
_REFUSED = b"\x0b"  # comes in the clear


class Plain:
    """Hands the lines of a `recording.Tap` on to ``put``, their packets decrypted by ``key``."""

    def __init__(self, key, put):
        self._key = key
        self._put = put
        self._cipher = Cipher(key)
        self._packet = self._older = None  # the last requests, in plain text

    def __call__(self, line):
        data = bytearray() if line[0] == "#" else bytearray.fromhex(line[1:])
        if line[0] == ">":
            self._cipher.seal(data, len(data) - _LENGTH - _AFTER_BODY)
            self._packet, self._older = bytes(data), self._packet
        elif line[0] == "<":
            data = self._reply(data)
        self._put("%s %s" % (line[0], data.hex()) if data else line)

    def _reply(self, data):
        end = len(data) - _LENGTH - _DIGEST
        if end < 1 or data[_LENGTH:-_DIGEST] == _REFUSED:
            return data
        for packet, older in ((self._packet, False), (self._older, True)):
            inner = bytearray(data[_LENGTH:])
            self._cipher.turn(inner, end, older)
            found = data[:_LENGTH] + inner
            if packet and genuine(self._key, packet, found):
                return found
        self._put("# the next reply fails its digest: it stands here as it came, encrypted")
        return data
