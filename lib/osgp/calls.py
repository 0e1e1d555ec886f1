"""One procedure call: BT07 is written once, then the answer is looked for (MEP guide p. 51).

Interface: `Call(procedure, parameters, port, last)` is a machine that reads and writes. Until both
are None: wait ``wait_ms``, then do `next_write` or `next_read` and tell `written`, `learn`,
`refused`, `absent`, or `failed` where no answer to a request came. Then ``outcome`` is one of
DONE, ENDED (another result), REFUSED or UNKNOWN, ``text`` says it in words, ``result`` is the code
or None, ``data`` what came behind it, ``answer`` the same as a dict, and ``psn`` is the ``last``
of the next call.

The write is never given out again once it may have been executed: the session repeats it unchanged
(0x0C then means that it arrived), and a call without any reply is looked for in the answer.
"""

from mep.errors import LocalError
from shim import const
from .codec import table_name

DONE = "done"
ENDED = "ended"
REFUSED = "refused"
UNKNOWN = "unknown"

_BT07 = const(7)
_REPEATED = const(4)  # reply code of BT07: the PSN is the one before
_PSN_FIRST = const(5)
_PSN_LAST = const(9)
_HEAD = const(4)  # procedure, PSN, result
_NOT_FULLY = const(1)
_FIRST_MS = const(100)
_POLL_MS = const(250)
_LATER_MS = const(1000)


def next_psn(last):
    """The procedure sequence number after ``last`` (None: not known): 5 to 9, never the same."""
    if last is None or not _PSN_FIRST <= last < _PSN_LAST:
        return _PSN_FIRST
    return last + 1


class Call:
    """``procedure``: a `osgp.procedures.Procedure`; ``parameters``: bytes as it encodes them.

    ``port``: an `osgp.port.Port` that is done. ``last``: the PSN used before, None if unknown.
    """

    def __init__(self, procedure, parameters, port, last=None):
        if procedure.client == "two" and not port.several:
            raise LocalError("%s: only where two MEP clients can be connected" % procedure.code)
        self.procedure = procedure
        self.psn = next_psn(last)
        self.wait_ms = 0
        self.outcome = self.result = self.answer = None
        self.data = b""
        self.text = ""
        self._parameters = parameters
        self._tables = list(port.answers)
        self._writing = True
        self._again = False  # the PSN has been changed once
        self._heard = False  # the meter has taken the write
        self._waited = 0  # ms, since the write

    @property
    def done(self):
        """True when there is nothing left to do."""
        return self.outcome is not None

    def next_write(self):
        """(table, offset, data) to write, or None; offset None is the full form."""
        if not self._writing:
            return None
        n = self.procedure.number
        return _BT07, None, bytes((n & 255, n >> 8, self.psn)) + self._parameters

    def next_read(self):
        """(table, offset, count) to read, or None."""
        if self._writing or self.done:
            return None
        return self._tables[0], 0, _HEAD + self.procedure.answer_size

    def written(self, table, repeated=False):
        """The meter has taken what `next_write` gave."""
        self._expect(table)
        self._heard = True
        self._look()

    def failed(self, table):
        """No reply that can be believed came, after all tries."""
        self._expect(table)
        if self._writing:
            self._look()
        else:
            self._wait()

    def refused(self, table, code):
        """The meter answered ``code``."""
        self._expect(table)
        if not self._writing:
            self._no_answer_in(table)
        elif code == _REPEATED and not self._again:
            self._again = True
            self.psn = next_psn(self.psn)
        else:
            self._writing = False
            self._end(REFUSED, "the meter refuses the call: 0x%02X" % code)

    def absent(self, table):
        """The meter does not have ``table``."""
        self.refused(table, 5)

    def learn(self, table, buf, start, count):
        """Take the reply to `next_read`."""
        self._expect(table)
        n = self.procedure.number
        # Another source's answer, or the one before, is not ours: ours may still come.
        if (
            count < _HEAD
            or buf[start] != n & 255
            or buf[start + 1] & 15 != n >> 8
            or buf[start + 2] != self.psn
        ):
            self._wait()
            return
        self._heard = True
        self.result = buf[start + 3]
        self.data = bytes(buf[start + _HEAD : start + count])
        if self.result == _NOT_FULLY and self.procedure.seconds > 1:
            self._wait()
            return
        words = self.procedure.result(self.result)
        self._end(ENDED if self.result else DONE, words)
        self.answer = self.procedure.decode(self.data) if not self.result else {}

    def _expect(self, table):
        wanted = self.next_write() or self.next_read()
        if wanted is None or wanted[0] != table:
            raise LocalError("%s was not asked for" % table_name(table))

    def _look(self):
        self._writing = False
        self._waited = self.wait_ms = _FIRST_MS

    def _left(self):
        # A second for the answer to be posted, whatever the procedure needs after that.
        return 1000 * max(1, self.procedure.seconds) - self._waited

    def _wait(self):
        left = self._left()
        if left > 0:
            self.wait_ms = min(left, _POLL_MS if self._waited < 1000 else _LATER_MS)
            self._waited += self.wait_ms
        elif self.result == _NOT_FULLY:
            words = self.procedure.result(_NOT_FULLY)
            self._end(ENDED, "%s after %d s" % (words, self.procedure.seconds))
            self.answer = {}
        else:
            self._lost()

    def _no_answer_in(self, table):
        if len(self._tables) > 1:
            self._tables.pop(0)
        else:
            self._lost()

    def _lost(self):
        if self._heard:
            why = "the meter has taken the call, but its answer is not in " + self._where()
        else:
            why = "no reply: it is not known whether the meter has executed the call"
        self._end(UNKNOWN, why + "; it is not sent again")

    def _where(self):
        return table_name(self._tables[0])

    def _end(self, outcome, words):
        self.outcome = outcome
        self.text = "%s: %s" % (self.procedure.code, words)
        self.wait_ms = 0
