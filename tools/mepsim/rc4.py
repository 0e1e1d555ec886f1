"""RC4 of packets (guide, appendix B), written a second time from the guide for the simulator."""

_CONSTANT = bytes.fromhex("388B8FBC36A8558587AFC90FB23A3B99")


class Rc4:
    """One keystream: `run` gives data encrypted, or decrypted, and goes on."""

    def __init__(self, key):
        self._s = s = list(range(256))
        self._i = self._j = 0
        j = 0
        for i in range(256):
            j = (j + s[i] + key[i % len(key)]) & 255
            s[i], s[j] = s[j], s[i]

    def run(self, data):
        s, i, j = self._s, self._i, self._j
        out = bytearray(len(data))
        for n, b in enumerate(data):
            i = (i + 1) & 255
            j = (j + s[i]) & 255
            s[i], s[j] = s[j], s[i]
            out[n] = b ^ s[(s[i] + s[j]) & 255]
        self._i, self._j = i, j
        return bytes(out)


def packet_cipher(key, digest):
    """The keystream of an exchange, from the MEP key (16 bytes of it) and its request's digest."""
    mixed = Rc4(key[:16]).run(_CONSTANT)
    return Rc4(bytes(a ^ b for a, b in zip(mixed, digest + bytes(8))))
