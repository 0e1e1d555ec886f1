"""The meter as a function: a request packet and a time in, a reply packet out. No I/O, no clock.

What the guide leaves open is decided here, and marked "our choice".
"""

from mep.digest import Digest
from .access import MAK, MBK, NOBODY
from .delta import Delta
from .house.logs import WRITTEN
from .procedures import Procedures
from .rc4 import packet_cipher
from .tables import ET, Tables

READ, READ_PART, WRITE, WRITE_PART = 0x30, 0x3F, 0x40, 0x4F

OK = 0x00
UNRECOGNISED = 0x01
NO_PERMISSION = 0x03
NOT_POSSIBLE = 0x04
NO_TABLE_OPERATION = 0x05
AUTHENTICATION = 0x0B
SEQUENCE = 0x0C

MAX_DATA = 476 - 1 - 2 - 8  # of one reply: without code, count, digest
WINDOW = 8
IDT_JUMP = 25
_BT07 = 7

DEFAULT_MBK = b"a7941d85bce8a8fa"
DEFAULT_MAK = b"b1d4e0c2773f9a66"


def _number(data):
    return int.from_bytes(data, "big")


class Meter:
    """One meter. ``epoch``: unix time at 0 ms; ``sequence``: the number it took last.

    ``client``: which MEP port the line is on. ``rc4``: clear requests are not believed; without it
    the meter answers in kind. ``locked``: the hardware lock is closed, nothing that needs the MAK
    can be written.
    """

    def __init__(
        self,
        model,
        house,
        mbk=DEFAULT_MBK,
        mak=DEFAULT_MAK,
        epoch=0,
        sequence=0x77635B8F,
        client=1,
        rc4=False,
        locked=False,
    ):
        self.model = model
        self.house = house
        self.tables = Tables(model, house, epoch, client)
        self.procedures = Procedures(self.tables)
        self.delta = Delta(self.tables, ET + 71)
        self.rc4 = rc4
        self.locked = locked
        self.sequence = sequence
        self.codes = {}  # how often each reply code was given
        self._keys = ((MAK, mak), (MBK, mbk))
        self._foreign = bytes(b ^ 0x55 for b in mbk)

    @property
    def alerting(self):
        """True while the meter wants to send alert sequences to its registered client."""
        tables = self.tables
        flags = tables.alert_flags
        if not tables.client_flags & 0x04:
            flags &= ~0x08  # M-Bus changes only for who asked for them (p. 18)
        if not tables.client_flags & 0x08:
            flags &= ~0x10
        return bool(tables.client_flags & 0x01 and flags)

    def enable_alerts(self):
        """Register a client and let a scheduled read be wanted, which nothing ever serves."""
        self.tables.client_flags |= 0x01
        self.tables.alert_flags |= 0x01

    def jump(self, by=IDT_JUMP):
        """The sequence number moves on without a request."""
        self.sequence = (self.sequence + by) & 0xFFFFFFFF

    def change_interface(self):
        """A reconfiguration: the IDT version counts up, the sequence number by 25 (p. 55)."""
        self.tables.next_idt_version()
        self.jump()

    def tick(self, ms):
        """Let time pass in the house; without it the next read has to catch up."""
        self.house.at(self.tables.epoch * 1000 + ms)

    def handle(self, packet, ms, foreign_key=False):
        """The reply packet (bytes) to ``packet``, which comes without its length field.

        ``foreign_key``: behave as if the client had a wrong key.
        """
        packet = bytes(packet)
        level, digest, cipher, packet = self._authenticate(packet, foreign_key)
        if level is None:
            body = bytes([AUTHENTICATION])
        elif not 1 <= (_number(packet[-12:-8]) - self.sequence) & 0xFFFFFFFF <= WINDOW:
            expected = (self.sequence + 1) & 0xFFFFFFFF
            body = bytes([SEQUENCE]) + expected.to_bytes(4, "big")
        else:
            self.sequence = _number(packet[-12:-8])
            self.tables.set_sequence(self.sequence)
            self.procedures.settle(ms)
            body = self.answer(packet[:-12], level, ms)
        self.codes[body[0]] = self.codes.get(body[0], 0) + 1
        return self._sealed(digest, body, cipher)

    def answer(self, body, level, ms):
        """The reply's body to a request's body from a client with key ``level``."""
        code = body[0]
        if code == READ or code == READ_PART:
            if len(body) < (3 if code == READ else 6):
                return bytes([UNRECOGNISED])
            return self._read(body, ms)
        if code == WRITE or code == WRITE_PART:
            if len(body) < (5 if code == WRITE else 8):
                return bytes([UNRECOGNISED])
            return bytes([self._write(body, level, ms)])
        return bytes([UNRECOGNISED])

    # -- helpers

    def _authenticate(self, packet, foreign):
        # The advanced key first, then the basic one (p. 13); clear, then encrypted. A refusal
        # carries a digest of the key tried last (our choice): nobody can verify it anyway.
        end = len(packet) - 8
        if foreign:
            return None, self._digest(self._foreign, packet), None, packet
        for level, key in () if self.rc4 else self._keys:
            digest = self._digest(key, packet)
            if digest.check(packet, end):
                return level, digest, None, packet
        for level, key in self._keys:
            cipher = packet_cipher(key, packet[end:])
            clear = cipher.run(packet[:end]) + packet[end:]
            digest = self._digest(key, clear)
            if digest.check(clear, end):
                return level, digest, cipher, clear
        return None, self._digest(self._keys[-1][1], packet), None, packet

    def _digest(self, key, packet):
        digest = Digest(key)
        digest.update(packet, 0, len(packet) - 8)
        return digest

    def _sealed(self, digest, body, cipher):
        # The digest goes on from the request over the reply's clear body (appendix A).
        digest.update(body, 0, len(body))
        seal = bytearray(8)
        digest.into(seal, 0)
        if cipher:
            body = cipher.run(body)
        return (len(body) + 8).to_bytes(2, "big") + body + bytes(seal)

    def _read(self, body, ms):
        number = _number(body[1:3])
        table = self.tables.read(number, ms)
        if table is None:
            return bytes([NO_TABLE_OPERATION])
        if body[0] == READ:
            # A missing count is "indeterminate" (p. 12); here it is 0.
            data = table[: _number(body[3:5])]
            # Owners report 0x05 for a full read of more than fits into a reply.
            if len(data) > MAX_DATA:
                return bytes([NO_TABLE_OPERATION])
        else:
            offset, count = _number(body[3:6]), _number(body[6:8])
            # The guide does not say what happens beyond the end: 0x04 is our choice.
            if offset + count > len(table) or count > MAX_DATA:
                return bytes([NOT_POSSIBLE])
            data = table[offset : offset + count]
        return bytes([OK]) + len(data).to_bytes(2, "big") + data

    def _write(self, body, level, ms):
        number = _number(body[1:3])
        needed = self.tables.writable(number)
        if needed is None:
            return NO_TABLE_OPERATION
        if needed == NOBODY or level < needed or (self.locked and needed == MAK):
            return NO_PERMISSION
        if number not in self.tables.memory:
            return NOT_POSSIBLE  # a register: writing it is not simulated
        head = 5 if body[0] == WRITE else 8
        offset = 0 if body[0] == WRITE else _number(body[3:6])
        count = _number(body[head - 2 : head])
        data = body[head : head + count]
        if len(data) < count or offset > len(self.tables.memory[number]):
            return NOT_POSSIBLE
        if number == _BT07:
            return self.procedures.call(offset, data, level, ms)
        self.tables.write(number, offset, data)
        if needed == MAK:
            self.tables.site.logs.add(int(self.tables.epoch + ms / 1000), WRITTEN, number)
        return OK
