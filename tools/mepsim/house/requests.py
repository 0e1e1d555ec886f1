"""ET15: on-demand requests to the devices, in a ring of five (guide, p. 89-92)."""

from .layout import put, u16

PLACES, ENTRY, MESSAGE, MULTICAST = 5, 6, 25, 65
_TAKES_MS = 2500
PENDING, SUCCESS, NO_RESPONSE = 0, 1, 2


class Requests:
    """The queue. A request is answered some seconds after it was posted."""

    def __init__(self, devices, size):
        self._devices = devices
        self.table = bytearray(1 + PLACES * (ENTRY + MESSAGE) + size)
        self._next = 0
        self._open = []  # (ms when done, place, device's place, type, unix time)

    def post(self, transaction, device, target, kind, data, unix, ms):
        """The place in the queue, -1 if it is full."""
        if len(self._open) >= PLACES - 1:
            return -1
        place = self._next
        self._next = (place + 1) % PLACES
        at = 1 + place * ENTRY
        put(self.table, at, u16(transaction) + u16(target) + bytes([kind, PENDING]))
        message = 1 + PLACES * ENTRY + place * MESSAGE
        if len(data) < MESSAGE:
            put(self.table, message, bytes([len(data)]) + data.ljust(MESSAGE - 1, b"\x00"))
        self._open.append((ms + _TAKES_MS * (len(self._open) + 1), place, device, kind, unix))
        self._pointers()
        return place

    def settle(self, ms):
        """Answer what is due."""
        while self._open and self._open[0][0] <= ms:
            when, place, device, kind, unix = self._open.pop(0)
            there = self._devices.answer(device, kind, unix + 2)
            self.table[1 + place * ENTRY + 5] = SUCCESS if there else NO_RESPONSE
        self._pointers()

    def _pointers(self):
        read = self._open[0][1] if self._open else self._next
        self.table[0] = self._next | read << 4
