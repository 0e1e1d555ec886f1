"""States and hardware: BT03, BT04, ET23, ET29, ET46, ET52..ET54, ET89, ET90, ET97.

MEP guide p. 98-104, 121, 130-139, 186-195; optical guide p. 10 and 45.
"""

from . import logs
from .layout import bits, put, record, u16, u32

# Hardware options of ET29.
_DISCONNECT, _RELAY, _MBUS, _COVER, _MEP_1, _MAGNET, _MEP_2 = 5, 6, 8, 9, 10, 12, 23
# Alarms of BT03, from byte 4 on.
_MBUS_ALARM, _LOG_ENTRY, _SELF_READ, _EVENTS, _PROFILE = 17, 23, 1, 28, 30
_REQUEST, _RESPONSE = 896, 1785


def firmware_has_ln(firmware):
    """True if there are ET90 and ET97: in 3.82 and, of Gen 4, from 4.02 on."""
    return firmware >= (4, 2) or (3, 82) <= firmware < (4, 0)


class Status:
    """The states of one meter."""

    def __init__(self, model, devices, epoch):
        self._model = model
        self._devices = devices
        self.lock = (0, 0)
        self.unread = True
        firmware = model.firmware
        extended = 20 if model.gen4 else 13
        self._pending = bytes(10 + extended + 5 + 1 + 8 * (4 if model.gen4 else 3))
        self.memory = {2048 + 23: self._messages(), 2048 + 52: self._no_transaction(_REQUEST)}
        if firmware_has_ln(firmware):
            self.memory[2048 + 97] = self._ids()

    def tables(self):
        """``{number: function of a unix time}``."""
        out = {
            3: self._alarms,
            4: lambda now: self._pending,
            2048 + 29: lambda now: self._hardware(),
            2048 + 46: lambda now: bytes(23 if self._model.firmware >= (3, 70) else 13),
            2048 + 53: lambda now: bytes(self._no_transaction(_RESPONSE)),
            2048 + 54: self._meter_status,
            2048 + 89: lambda now: self._clients(),
        }
        if firmware_has_ln(self._model.firmware):
            out[2048 + 90] = lambda now: self._sizes()
        return out

    def _alarms(self, now):
        failed = 1 not in self._devices.cleared
        alarms = bits(_SELF_READ, _EVENTS, _PROFILE, _LOG_ENTRY)
        alarms |= 1 << _MBUS_ALARM if failed else 0
        return bytes([0x01, 0, 0, 0]) + alarms.to_bytes(9, "little")

    def _messages(self):
        out = bytearray(218 if self._model.gen4 else 186)
        put(out, 0, u32(5120443) + u32(5120017))
        put(out, 95, u32(0x20240115))
        return out

    def _no_transaction(self, size):
        # Length, type (requests), number, no records, the number again; then what is not used.
        return bytearray((u16(7) + bytes([0]) + u16(0) + u16(0)).ljust(size, b"\x00"))

    def _hardware(self):
        gen4 = self._model.gen4
        options = bits(_DISCONNECT, _RELAY, _MBUS, _COVER, _MEP_1, _MAGNET)
        options |= 1 << _MEP_2 if gen4 else 0
        head = options.to_bytes(3, "little") + bytes(2) + bytes([0x02])
        if not gen4:
            return head + bytes(14)
        return record(
            54,
            (0, head),
            (24, bytes([2, 1, 1, 3, 3, 1, 2, 2, 1])),
            (33, u16(bits(1, 5))),
            (47, 1),
            (48, bytes(6)),  # no P2P modem
        )

    def _meter_status(self, now):
        firmware, gen4 = self._model.firmware, self._model.gen4
        abilities = bits(1, 6, 7) if gen4 else bits(1, 6)
        if firmware >= (3, 50):
            abilities |= 1 << 2
        if gen4:
            abilities |= 1 << 8
        parts = [(0, u16(abilities))]
        if firmware >= (3, 70):
            parts.append((80, u16(logs.ALTERNATE)))
        if firmware >= (3, 80):
            parts += [(82, u32(1204)), (86, u32(17)), (90, 0x05)]
        if gen4:
            tail = 91 + 6 * 7 + 4
            parts += [
                (tail, u16(412)),
                (tail + 2, int(bool(self.lock[0]))),
                (tail + 3, self.lock[0]),
            ]
        return record(self._status_size(), *parts)

    def _status_size(self):
        firmware = self._model.firmware
        if firmware >= (4, 0):
            extra = (4 if firmware >= (4, 10) else 0) + (5 if firmware >= (4, 30) else 0)
            return 91 + 6 * 7 + 8 + extra
        for since, size in (((3, 80), 91), ((3, 70), 82), ((3, 60), 76)):
            if firmware >= since:
                return size
        return 68

    def _clients(self):
        # ET89: the client before the one that is there; two of them in any case.
        first = u16(1015) + b"\x81\x00\x21\x05\x04\x01\x02\x03\x04".ljust(30, b"\x00")
        return first + bytes([3, 1]) + bytes(34)

    def _sizes(self):
        # ET90: texts of P2P modems.
        firmware = self._model.firmware
        texts = bytes(16)
        if firmware >= (4, 10):
            texts = u16(50) + bytes([20, 2, 64, 32, 32, 5, 32, 32, 32, 32, 32, 40, 2, 10])
        out = texts + bytes([3])
        return out + (u16(200) + bytes([23]) if firmware >= (4, 20) else b"")

    def _ids(self):
        # ET97: three messages of 8 bytes, comparison and mask of each client's id.
        out = bytes(3 * 8) + bytes(31)
        if self._model.gen4:
            out += bytes(31) + bytes(1) + bytes(17) * 2 + u16(15) + bytes(3)
        return bytearray(out)
