"""Procedures: BT07 takes the call, ET59 or BT08 gives the answer (guide, p. 51-53)."""

from .tables import ET, ET59_RESPONSE, REGISTERED

OK = 0x00
NOT_POSSIBLE = 0x04

# Result codes in the answer.
DONE, BAD_PARAMETER, CONFLICT, UNKNOWN = 0, 2, 3, 6

_EP17 = ET + 17
_ALL = 0xFFFF  # every device


class Procedures:
    """The procedures of one meter. It remembers the last procedure sequence number."""

    def __init__(self, tables):
        self._tables = tables
        self._psn = None
        self.results = {_EP17: self._remove_client}

    def call(self, offset, data, level):
        """Take a write of BT07; returns the reply code of the write."""
        # A call is one write from the start. A PSN must differ from the one before (p. 52).
        if offset or len(data) < 3 or data[2] == self._psn:
            return NOT_POSSIBLE
        number = int.from_bytes(data[:2], "little") & 0x0FFF
        self._psn = data[2]
        run = self.results.get(number)
        # Where the client wants the answer is read before a procedure can change it.
        et59 = self._tables.client_flags & ET59_RESPONSE
        result = run(bytes(data[3:]), level) if run else UNKNOWN
        answer = number.to_bytes(2, "little") + bytes([data[2], result])
        self._tables.write(ET + 59 if et59 else 8, 0, answer)
        return OK

    def _remove_client(self, parameters, _level):
        # EP17: action, handle. The client is logged out until it registers again.
        if len(parameters) < 3 or parameters[0] > 1:
            return BAD_PARAMETER
        handle = int.from_bytes(parameters[1:3], "little")
        if handle not in (self._tables.model.handle, _ALL):
            return CONFLICT
        self._tables.client_flags &= ~REGISTERED & 0xFF
        return DONE
