"""Delta data alerts: the meter tells when a source has changed by an amount (MEP guide p. 34).

`Delta` is a machine that reads and writes: the client is registered in ET50, ET71 gets sources and
amounts (it forgets them without mains), and after each alert EP39 says that it was seen. Type 12
of EP39 is the guide's; the layout of its parameters is what MEP clients in use send. The guide
says that the call clears the configuration (p. 35): ET71 is looked at, and written, after each.
"""

from shim import const
from .calls import DONE, Call

_BT08 = const(8)
_ET11 = const(2059)
_ET50 = const(2098)
_ET59 = const(2107)
_ET71 = const(2119)
_SOURCES_AT = const(27)  # in ET11: entries of ET71
_CLIENT = const(0x0B)  # registered, answers in ET59, delta data alerts
_REGISTERED = const(0x01)
_BY_ET59 = const(0x02)
_ENTRY = const(13)  # bytes of an entry of ET71
_STATUS = const(12)

_SEEN = b"\x0c\x01\x00\x00"  # EP39: type 12, success, no data


class _Post:
    # Of EP39 what `osgp.calls` wants; all procedures would cost the chip more than it has.
    code = "EP39"
    number = 0x0827
    client = "any"
    seconds = 1
    answer_size = 0

    @staticmethod
    def result(code):
        return "result %d" % code

    @staticmethod
    def decode(_):
        return {}


def parse(text):
    """Pairs (source, amount) of the configuration's text "8:100, 9:100", as a list."""
    pairs = [part.split(":") for part in text.split(",") if part.strip()]
    return [(int(source), int(amount)) for source, amount in pairs]


class Delta:
    """Serves delta data alerts for ``watch`` (list of (source id, amount)).

    `set_up` and `seen` begin a piece of work; then wait ``wait_ms`` and do what `next_read` and
    `next_write` give, until both are None. ``ready``: the meter watches. ``why``: what is wrong,
    as text, or "". ``lost``: it was only that no reply came. ``entry``: this client's in ET13.
    """

    def __init__(self, watch):
        self.ready = self.lost = False
        self.why = ""
        self.entry = 4
        self.wait_ms = 0
        self.seen_count = 0
        self._watch = watch
        self.answers = ()  # where procedures answer, as `osgp.calls` wants to know
        self._version = None
        self._psn = None
        self._steps = self._step = self._code = None

    def set_up(self, version=None):
        """Begin: the meter may have forgotten everything. ``version`` as `osgp.port.Port`."""
        self.ready = False
        self.why = ""
        self._version = version
        self._begin(self._set_up())

    def seen(self):
        """Begin: tell the meter that its alert was seen."""
        self._begin(self._acknowledge())

    def next_read(self):
        """(table, offset, count) to read next, or None."""
        step = self._step
        return step[1:] if step and step[0] == "r" else None

    def next_write(self):
        """(table, offset, data) to write next, or None; offset None is the full form."""
        step = self._step
        return step[1:] if step and step[0] == "w" else None

    def learn(self, table, buf, start, count):
        """Take what `next_read` asked for."""
        self._advance(bytes(buf[start : start + count]))

    def written(self, table):
        """What `next_write` gave is written."""
        self._advance(True)

    def absent(self, table):
        """The meter does not have ``table``."""
        self.refused(table, 5)

    def refused(self, table, code):
        """The meter answered ``code``."""
        self._advance(None, code)

    def failed(self, table):
        """No reply that can be believed came, after all tries."""
        self._advance(None)

    def stop(self):
        """Drop the work under way."""
        self._step = None

    # -- helpers

    def _begin(self, steps):
        self.wait_ms = 0
        self.lost = False
        self._steps = steps
        self._step = next(steps)

    def _advance(self, result, code=None):
        self.wait_ms = 0
        self._code = code
        try:
            self._step = self._steps.send(result)
        except StopIteration:
            self._step = None

    def _failed(self, what):
        self.ready = False
        self.lost = self._code is None
        answer = "no reply" if self.lost else "the meter answers 0x%02X" % self._code
        self.why = "%s: %s" % (what, answer)

    def _unfit(self, why):
        self.ready = False
        self.why = why

    def _set_up(self):
        data = yield "r", _ET11, _SOURCES_AT, 1
        if data is None:
            return self._failed("ET11")
        if not data or data[0] < len(self._watch):
            return self._unfit("this meter has no delta data alerts, or for fewer sources")
        from .port import Port  # not kept

        port = Port(self._version)
        if (yield from self._learn(port)) and (yield from self._register(port)):
            self.entry = port.entry
            self.answers = port.answers
            del port, Port
            yield from self._watching()

    def _learn(self, port):
        while port.next_read():
            table, offset, count = port.next_read()
            data = yield "r", table, offset, count
            if data is not None:
                port.learn(table, data, 0, len(data))
            elif self._code is None:
                return self._failed("MEP port")
            else:
                port.absent(table)
        return True

    def _register(self, port):
        if port.flags is None:
            return self._unfit("ET50 does not tell whether a client is registered")
        want = port.flags | _CLIENT
        if want == port.flags:
            return True
        if not (yield "w", _ET50, port.flags_at, bytes((want,))):
            return self._failed("ET50")
        data = yield "r", _ET50, port.flags_at, 1
        if not data:
            return self._failed("ET50")
        if not data[0] & _REGISTERED:
            return self._unfit("ET50 does not keep the registration")
        # The meter may keep its answers where they were.
        if port.client == 1:
            port.answers = (_ET59, _BT08) if data[0] & _BY_ET59 else (_BT08,)
        return True

    def _watching(self):
        # Are the sources in ET71 as wanted? An invalid one is told by the meter in its status.
        size = _ENTRY * len(self._watch)
        data = yield "r", _ET71, 0, size
        if data is None:
            return self._failed("ET71")
        if len(data) < size:
            return self._unfit("ET71: %d of %d bytes came" % (len(data), size))
        bad = []
        for i, (source, amount) in enumerate(self._watch):
            at = i * _ENTRY
            want = bytes((source & 255, source >> 8, amount & 255, amount >> 8))
            if data[at : at + 4] != want:
                if not (yield "w", _ET71, at, want):
                    return self._failed("ET71")
            elif data[at + _STATUS] & 1:
                bad.append(str(source))
        self.ready = True
        self.why = "sources unknown to this meter: " + ", ".join(bad) if bad else ""

    def _acknowledge(self):
        call = Call(_Post, _SEEN, self, self._psn)
        while not call.done:
            self.wait_ms = call.wait_ms
            step = call.next_write()
            kind = "w" if step else "r"
            step = step or call.next_read()
            data = yield (kind,) + step
            if data is None:
                if self._code is None:
                    call.failed(step[0])
                else:
                    call.refused(step[0], self._code)
            elif kind == "w":
                call.written(step[0])
            else:
                call.learn(step[0], data, 0, len(data))
        self._psn = call.psn
        if call.outcome != DONE:
            return self._unfit(call.text)
        self.seen_count += 1
        yield from self._watching()
