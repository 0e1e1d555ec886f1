"""What the profile battery keeps through deep sleep: 2 KB of the chip's RTC memory.

Whatever stands there after a loss of supply, only what fits its checksum is taken.
"""

import struct
from binascii import crc32

from shim import const
from .records import SIZE, Ring

_AT = const(8)  # before it: `firmware.boot_guard` and `firmware.hal.esp32`
_HEAD = "<4sIHHIHHHBBHBBH"  # mark, checksum of all behind it, then the fields
_SUM_TO = const(8)
_MARK = b"mepK"
_SIZE = const(30)
RECORDS = const(111)  # what fits into 2048 bytes


class Kept:
    """``memory`` as of machine.RTC.

    ``ring`` holds the readings; ``wakes`` counts them, ``fails`` those without a reading since the
    last one sent; ``number`` is the session's; ``layout`` tells where the values are: (offset in
    BT28, index of power forward and reverse, offset in BT23, index of energy forward and reverse,
    Wh per count), 255 for a value that is not there, or None.
    """

    def __init__(self, memory):
        self._memory = memory
        self.ring = Ring(RECORDS)
        self.wakes = self.fails = self.number = 0
        self.layout = None
        self.good = self._load(memory.memory())  # False: nothing was kept

    def save(self):
        """Keep it all."""
        ring = self.ring
        data = struct.pack(
            _HEAD,
            _MARK,
            0,
            self.wakes & 0xFFFF,
            min(self.fails, 0xFFFF),
            self.number & 0xFFFFFFFF,
            min(ring.lost, 0xFFFF),
            ring.count,
            *(self.layout or (0, 0, 0, 0, 0, 0, 0)),
        )
        data = bytearray(data + ring.pack())
        struct.pack_into("<I", data, 4, crc32(data[_SUM_TO:]))
        others = (self._memory.memory() + bytes(_AT))[:_AT]
        self._memory.memory(others + bytes(data))

    def _load(self, data):
        data = data[_AT:]
        if len(data) < _SIZE or data[:4] != _MARK:
            return False
        fields = struct.unpack(_HEAD, data[:_SIZE])
        count = fields[6]
        if count > RECORDS or len(data) != _SIZE + count * SIZE:
            return False
        if fields[1] != crc32(data[_SUM_TO:]):
            return False
        self.wakes, self.fails, self.number = fields[2:5]
        self.layout = fields[7:] if fields[-1] else None
        self.ring.unpack(data[_SIZE:])
        self.ring.lost = fields[5]
        return True
