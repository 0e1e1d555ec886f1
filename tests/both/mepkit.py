"""A meter's end of the line in a few lines, for tests: it seals replies with the digest."""

from binascii import unhexlify

from mep.digest import Digest

KEY = b"\x01" * 16


def hexed(text):
    return unhexlify(text.replace(" ", ""))


def reply(packet, body, key=KEY):
    """The reply packet with ``body`` to the request ``packet`` (bytes, with its length)."""
    d = Digest(key)
    d.update(packet, 2, len(packet) - 8)
    d.update(body, 0, len(body))
    out = bytearray(2 + len(body) + 8)
    out[0] = (len(body) + 8) >> 8
    out[1] = (len(body) + 8) & 0xFF
    for i, b in enumerate(body):
        out[2 + i] = b
    d.into(out, 2 + len(body))
    return bytes(out)


def data_reply(packet, data, key=KEY):
    return reply(packet, bytes([0, len(data) >> 8, len(data) & 0xFF]) + data, key)


def feed(session, data):
    """Give ``data`` to the session; returns the list of events as (name, detail)."""
    session.receive(data, len(data))
    return events(session)


def events(session):
    found = []
    while True:
        e = session.next_event()
        if e is None:
            return found
        name = type(e).__name__
        if name == "Response":
            detail = None if e.repeated else bytes(e.buf[e.start : e.start + e.count])
        elif name == "Refused":
            detail = e.code
        elif name == "Failed":
            detail = e.reason
        else:
            detail = None
        found.append((name, detail))


def send(session):
    """What the session wants to send, as bytes; None if nothing."""
    view = session.data_to_send()
    return None if view is None else bytes(view)


class TableMeter:
    """A faultless meter over a dict of table number to bytes, as a port in virtual time.

    ``absent``: tables refused with 0x05. ``silent``: answers nothing while True.
    """

    def __init__(self, time, tables, key=KEY):
        self.time = time
        self.tables = tables
        self.key = key
        self.absent = set()
        self.silent = False
        self.jump = False
        self.reads = []  # (time, table, offset, count)
        self._coming = []

    def write(self, packet):
        packet = bytes(packet)
        table = packet[3] << 8 | packet[4]
        offset = packet[5] << 16 | packet[6] << 8 | packet[7]
        count = packet[8] << 8 | packet[9]
        self.reads.append((self.time.now, table, offset, count))
        if self.silent:
            return
        if self.jump:
            self.jump = False
            body = b"\x0c\x00\x00\x10\x00"
        elif table in self.absent or table not in self.tables:
            body = b"\x05"
        else:
            data = self.tables[table][offset : offset + count]
            body = bytes([0, len(data) >> 8, len(data) & 0xFF]) + data
        # As slow as 9600 baud is, both ways.
        when = self.time.now + 25 + (len(body) + len(packet)) * 105 // 100
        self._coming.append((when, reply(packet, body, self.key)))

    def readinto(self, buf):
        n = 0
        while self._coming and self._coming[0][0] <= self.time.now:
            for b in self._coming.pop(0)[1]:
                buf[n] = b
                n += 1
        return n

    def close(self):
        pass


def i32s(*values):
    """Little-endian 32-bit integers."""
    out = b""
    for v in values:
        v &= 0xFFFFFFFF
        out += bytes([v & 0xFF, v >> 8 & 0xFF, v >> 16 & 0xFF, v >> 24 & 0xFF])
    return out
