"""Procedures: BT07 takes the call, the answer is in ET59, BT08 or (client 2) ET85 (p. 51-53)."""

from .access import MAK
from .calls import (
    BAD_PARAMETER,
    CONFLICT,
    DONE,
    ET,
    ET59_RESPONSE,
    NO_AUTHORITY,
    NOT_FULLY,
    UNKNOWN,
    Caller,
    Later,
    find,
)
from .house.logs import CALLED

__all__ = ("BAD_PARAMETER", "CONFLICT", "DONE", "UNKNOWN", "Procedures")

OK = 0x00
NOT_POSSIBLE = 0x04
_SIZE = 16


class Procedures:
    """The procedures of one meter. It remembers the last procedure sequence number."""

    def __init__(self, tables):
        self._tables = tables
        self._psn = None
        self._waiting = []  # (ms, what the answer begins with, function that gives the result)

    def call(self, offset, data, level, ms=0):
        """Take a write of BT07; returns the reply code of the write."""
        # A call is one write from the start. A PSN must differ from the one before (p. 52).
        if offset or len(data) < 3 or data[2] == self._psn:
            return NOT_POSSIBLE
        tables = self._tables
        tables.write(7, 0, data)
        number = int.from_bytes(data[:2], "little") & 0x0FFF
        self._psn = psn = data[2]
        # Where the client wants the answer is read before a procedure can change it.
        where = 8
        if tables.client == 2:
            where = ET + 85
        elif tables.client_flags & ET59_RESPONSE:
            where = ET + 59
        needed, run = find(number, tables.model.gen4)
        if run is None:
            result = UNKNOWN
        elif level < needed:
            result = NO_AUTHORITY
        else:
            caller = Caller(tables, level, ms)
            result = run(caller, bytes(data[3:]))
            if level == MAK:
                tables.site.logs.add(caller.unix, CALLED, number)
        if isinstance(result, Later):
            self._waiting.append((ms + result.ms, (where, number, psn), result.finish))
            result = NOT_FULLY
        self._answer(where, number, psn, result)
        return OK

    def settle(self, ms):
        """Finish what is due at ``ms``."""
        for entry in [e for e in self._waiting if e[0] <= ms]:
            self._waiting.remove(entry)
            self._answer(*entry[1], entry[2]())
        self._tables.site.settle(ms)

    def _answer(self, where, number, psn, result):
        code, more = result if isinstance(result, tuple) else (result, b"")
        answer = number.to_bytes(2, "little") + bytes([psn, code]) + more
        self._tables.write(where, 0, answer.ljust(_SIZE, b"\x00"))
