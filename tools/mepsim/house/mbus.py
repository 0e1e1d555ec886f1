"""The tables of M-Bus devices and MEP clients: ET13, ET14, ET16, ET34, ET45, ET57, ET58, ET74.

Guide p. 80-95, 106, 119-121, 163-165, 176. Telegrams are those of `telegrams`.
"""

from .layout import ltime, put, record, ring, u16, u32
from .past import DAY_S, local
from .telegrams import telegram

CONFIGURATION, STATUS, MORE = 66, 36, 22  # entries of ET13, ET14, ET34
DATA = 517  # of ET16
READ_ENTRY = 525  # of ET45
RECURRING = 20
FIRST_CLIENT = 4
_KEY = bytes(range(0x11, 0x21))
_EVERY_DAY = bytes([0, 0, 10, 1])  # at 00:10
_MBUS_BAUD, _READ_AT_S = 4, 600
_UP, _CLIENT_UP = 1, 3
_FAILED_READ = 0x10
DATE_AND_TIME = 3  # an MDT


class MBus:
    """The M-Bus side of one meter; ``tables`` is its owner, whose ET13 it fills."""

    def __init__(self, model, devices, tables, epoch):
        self._model = model
        self._devices = devices
        self._owner = tables
        self._epoch = int(epoch)
        self._count = 6 if model.gen4 else 5
        self.marks = {}

    def configure(self, table):
        """Put the devices into ET13 (bytearray)."""
        for place, meter in enumerate(self._devices.meters):
            at = place * CONFIGURATION
            put(table, at, _EVERY_DAY + u16(60) + bytes([_MBUS_BAUD, 0xFC]))
            put(table, at + 8, meter.customer.encode().ljust(20))
            # The first eight bytes of a key are never told (p. 82).
            put(table, at + 29, bytes([16]) + bytes(8) + _KEY[8:])
            put(table, at + 62, u16(0) + u16(20))

    def types(self):
        """The entries of ET57 in use, four bytes each."""
        rows = [(m.mdt, m.header) for m in self._devices.meters]
        rows.append((DATE_AND_TIME, bytes([0x04, 0x6D])))
        return [bytes([1 | mdt << 2]) + drh.ljust(3, b"\x00") for mdt, drh in rows]

    def et57(self):
        """ET57, which a client may write."""
        return bytearray(b"".join(self.types()).ljust(4 * 16, b"\x00"))

    def et34(self):
        """ET34, which a client may write."""
        entry = record(
            MORE,
            (4, u16(60)),
            (8, DATE_AND_TIME),
            (9, bytes([9 | 5 << 5, 1 | 6 << 5, 30, 3, 20])),
        )
        return bytearray(entry * 2 + bytes(MORE * (self._count - 2)))

    # -- reads

    def _read(self, place, when):
        # A billing read as ET16 has it: time, response info, length, telegram and its zero.
        data = telegram(self._devices.meters[place], when) + b"\x00"
        return ltime(local(when)) + bytes([0x04, len(data)]) + data

    def _last(self, place):
        # The first read of a new device, or the last on-demand one.
        first = self._epoch // DAY_S * DAY_S - 419 * DAY_S + 33600
        return self._devices.demanded.get(place, first)

    def scheduled(self, now):
        """(time, place) of the daily reads up to a unix time."""
        out = []
        for day in range(int(now) // DAY_S - 12, int(now) // DAY_S + 1):
            midnight = day * DAY_S
            when = midnight - (local(midnight) - midnight) + _READ_AT_S
            for place in range(len(self._devices.meters)):
                if when + 4 * place <= now and place not in self._devices.removed:
                    out.append((when + 4 * place, place))
        return out

    def _et16(self, now):
        out = bytearray(DATA * self._count)
        for place in range(len(self._devices.meters)):
            put(out, place * DATA, self._read(place, self._last(place)))
        return out

    def _et45(self, now):
        entries = []
        reads = self.scheduled(now)
        for when, place in reads:
            data = self._read(place, when)
            head = u16(0) + u16(self._devices.meters[place].handle) + bytes([0, 4])
            entries.append(u16(len(head) + len(data)) + head + data)
        # As many have been before as makes the ring's places move on day by day.
        before = 2 * (int(now) // DAY_S - 12)
        shift = before % RECURRING
        last, data = ring(RECURRING, [b""] * shift + entries, READ_ENTRY)
        sequence = u16(before + len(entries))
        return bytes([0x06, min(RECURRING, len(entries)), last]) + sequence + bytes([4]) + data

    # -- states

    def _et14(self, now):
        devices, owner = self._devices, self._owner
        occupied, entries = 0, b""
        for place in range(self._count):
            if place < len(devices.meters):
                if place in devices.removed:
                    entries += bytes(STATUS)
                    continue
                occupied |= 1 << place
                entries += self._device(place, now)
            elif place >= FIRST_CLIENT and owner.registered(place - FIRST_CLIENT + 1):
                occupied |= 1 << place
                handle = self._model.handle + 1000 * (place - FIRST_CLIENT)
                baud = owner.memory[2048 + 13][place * CONFIGURATION + 6]
                entries += record(STATUS, (0, u16(handle)), (2, _CLIENT_UP), (3, baud))
            else:
                entries += bytes(STATUS)
        return bytes(5) + bytes([occupied]) + entries

    def _device(self, place, now):
        devices = self._devices
        scheduled = [when for when, p in self.scheduled(now) if p == place][-1]
        last = max(scheduled, devices.demanded.get(place, 0))
        polls = (int(now) - self._epoch // DAY_S * DAY_S + 419 * DAY_S) // 3600
        failed = place == 1 and place not in devices.cleared
        return record(
            STATUS,
            (0, u16(devices.meters[place].handle)),
            (2, _UP),
            (3, _MBUS_BAUD),
            (4, u16(len(self._read(place, self._last(place))))),
            (6, u32(polls + 420)),
            (10, u32(polls + 416)),
            (14, (_FAILED_READ if failed else 0)),
            (16, place + 1 if self._model.firmware >= (4, 30) else 0),
            (23, 0),
            (24, ltime(local(int(now) // 3600 * 3600))),
            (30, ltime(local(last))),
        )

    def tables(self):
        """``{number: function of a unix time}``."""
        return {
            2048 + 14: self._et14,
            2048 + 16: self._et16,
            2048 + 45: self._et45,
            2048 + 58: lambda now: bytes(20 * self._count),
            2048 + 74: lambda now: bytes(9),
        }
