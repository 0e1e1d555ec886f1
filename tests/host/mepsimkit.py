"""Requests built by hand and a digest written a second time from the guide, for the simulator."""

from tools.mepsim.live import House
from tools.mepsim.meter import Meter
from tools.mepsim.models import MODELS

MBK = b"a7941d85bce8a8fa"
MAK = b"b1d4e0c2773f9a66"
ONES = b"\x01" * 16
NOON = 1700049600  # 2023-11-15 12:00:00 UTC


def digest(key, message):
    """The guide's digest (appendix A), in the order in which it is described there."""
    d = [0] * 8
    rest = list(message)
    while True:
        for k in list(key) + list(key[:8]):
            previous = d[0]
            for bit in range(8):
                v = 7 - bit
                m = rest.pop(0) if rest else 0
                n = ~(d[v] + v) & 0xFF
                x = (n << 1) + (n >> 7) if k >> bit & 1 else -((n >> 1) + (n << 7))
                d[v] = (previous + m + x) & 0xFF
                previous = d[v]
        if not rest:
            return bytes(d)


def packet(body, seq, key=MBK):
    """A whole request, its length field included."""
    message = body + (seq & 0xFFFFFFFF).to_bytes(4, "big")
    return (len(message) + 8).to_bytes(2, "big") + message + digest(key, message)


def read(table, count, offset=None):
    """Body of a read, full or partial."""
    if offset is None:
        return b"\x30" + table.to_bytes(2, "big") + count.to_bytes(2, "big")
    place = table.to_bytes(2, "big") + offset.to_bytes(3, "big")
    return b"\x3f" + place + count.to_bytes(2, "big")


def write(table, data, offset=None):
    """Body of a write, full or partial."""
    size = len(data).to_bytes(2, "big")
    if offset is None:
        return b"\x40" + table.to_bytes(2, "big") + size + data
    return b"\x4f" + table.to_bytes(2, "big") + offset.to_bytes(3, "big") + size + data


def meter(model="gen3", house="sunny", **kw):
    """A meter of the named model (or a Model), sequence number 1000."""
    model = MODELS[model] if isinstance(model, str) else model
    kw.setdefault("epoch", NOON)
    kw.setdefault("sequence", 1000)
    return Meter(model, House(house, 1, model.tiers), **kw)


class Client:
    """Asks a meter without a line; checks every reply's length and digest."""

    def __init__(self, meter, key=MBK):
        self.meter = meter
        self.key = key
        self.ms = 0

    def ask(self, body, step=1, key=None):
        """The reply's body; the request is ``step`` ahead of the meter's number."""
        key = key or self.key
        request = packet(body, self.meter.sequence + step, key)
        return self.body(request, self.meter.handle(request[2:], self.ms), key)

    def body(self, request, reply, key):
        assert int.from_bytes(reply[:2], "big") == len(reply) - 2
        assert digest(key, request[2:-8] + reply[2:-8]) == reply[-8:]
        return reply[2:-8]

    def data(self, table, count=0xFFFF, offset=None):
        """The bytes of a successful read."""
        body = self.ask(read(table, count, offset))
        assert body[0] == 0, "0x%02X" % body[0]
        assert int.from_bytes(body[1:3], "big") == len(body) - 3
        return body[3:]

    def whole(self, table, size):
        """A table read in pieces of at most 465 bytes."""
        return self.whole_part(table, 0, size)

    def whole_part(self, table, offset, size):
        """A part of a table, in pieces of at most 465 bytes."""
        out = b""
        while len(out) < size:
            out += self.data(table, min(465, size - len(out)), offset + len(out))
        return out


def i32(data, at):
    return int.from_bytes(data[at : at + 4], "little", signed=True)
