"""The client's side of the MEP line: one request at a time, every reply's digest checked.

Theory of operation. The session has no clock and no line. Its shell calls five things: `request`,
`data_to_send`, `receive`, `next_event` and, when `timeout_ms` passed without a byte, `timed_out`.

    IDLE --request--> READY --sent--> WAIT --verified reply--> IDLE
                        ^              | |
                        |   0x0C ------+ +-- damaged, 0x0B, impossible length --> HUSH
                        +---- silence, tries left <-------------------------------+
                                silence, no tries left --> IDLE, Failed

In HUSH something came that is no good reply to this try: a late reply to an older try, garbage, a
length field that lies. The right one may be behind it, so packets are still judged; silence ends
it, and nothing is waited for longer than the line may be silent inside a packet.

Retries. The guide says both "count up, for retries too" and "send the same packet". A read goes
out again under the next number, so a late reply to the older try fails the digest and the right
one is waited for. A write goes out again unchanged: had the meter executed it, it answers 0x0C.

0x0B. Under a wrong key the reply's digest cannot be right, so 0x0B is believed unverified, but
only as a reason to try again. If every try ended with it the key is wrong (a key that was right
before: every try of three requests); if only some did, the line damaged them.
"""

from shim import const
from . import events as ev
from . import requests as rq
from .digest import Digest
from .errors import LocalError
from .frame import ALERT, BAD, MAX_LENGTH, PACKET, PacketReader

REPLY_MS = const(500)  # guide, "Response timeout": last byte sent to first two bytes back
GAP_MS = const(150)  # silence that ends a packet; the meter itself pauses 25 ms every 117 bytes
TRIES = const(4)
_JUMPS = const(3)  # 0x0C answers taken in a row before giving up

_READ = const(
    22
)  # bytes of the longest packet that reads; the first write makes room for its like

_IDLE = const(0x00)
_READY = const(0x10)
_WAIT = const(0x20)
_HUSH = const(0x30)

_REQUEST = const(0)
_SENT = const(1)
_OK = const(2)
_REFUSED = const(3)
_RENUMBER = const(4)
_BAD = const(5)
_ALERT = const(6)
_STRAY = const(7)
_AGAIN = const(8)
_GIVE_UP = const(9)
_CANCEL = const(10)

# The next state, by state and what happens (above, in that order); 0xFF: that cannot be.
_NEXT = (
    b"\x10\xff\xff\xff\xff\xff\x00\x00\xff\xff\x00"  # _IDLE
    b"\xff\x20\xff\xff\xff\xff\x10\x10\xff\xff\x00"  # _READY
    b"\xff\xff\x00\x00\x10\x30\x20\x20\x10\x00\x00"  # _WAIT
    b"\xff\xff\x00\x00\x10\x30\x30\x20\x10\x00\x00"  # _HUSH
)
_EVENTS = const(11)
_NEVER = const(0xFF)

# Indices into the counts, in the order of `events.counters`.
_REQUESTS = const(0)
_SENDS = const(1)
_VERIFIED = const(2)
_RETRIES = const(3)
_SILENTS = const(4)
_CUTS = const(5)
_DIGESTS = const(6)
_LENGTHS = const(7)
_AUTHS = const(8)
_JUMPED = const(9)
_REFUSALS = const(10)
_FAILURES = const(11)
_ALERTS = const(12)
_STRAYS = const(13)
_STALES = const(14)


class Session:
    """One client on one line under one key (16 bytes).

    ``seq`` is any first sequence number, ``baud`` the line's rate, ``cipher`` the `mep.rc4.Cipher`
    of the key or None. Nothing is allocated after construction but by `counters` and
    by the first write.
    """

    def __init__(self, key, seq=0, baud=9600, cipher=None):
        self._high = seq >> 16 & 0xFFFF
        self._low = seq & 0xFFFF
        self._baud = baud
        self._digest = Digest(key)  # of this try
        self._older = Digest(key)  # of the try before
        self._cipher = cipher
        self._reader = PacketReader(slide=True)
        self._tx = bytearray(_READ)
        self._view = memoryview(self._tx)
        self._state = _IDLE
        self._size = 0  # of the request's body
        self._packet = None  # view of the packet in _tx
        self._write = False
        self._wanted = 0
        self._tries = 0
        self._jumps = 0
        self._reason = ""  # of the last try that was not silent
        self._denied = 0  # tries answered 0x0B, one after another
        self._event = None
        self._alerted = False
        self._counts = [0] * len(ev.counters())
        self.alert = ev.Alert()
        self._response = ev.Response()
        self._refused = ev.Refused()
        self._failed = ev.Failed()

    # -- the five calls

    def request(self, table, count=0, offset=None, data=None):
        """Begin to read ``count`` bytes (at most 465) or, with ``data``, to write.

        ``offset`` None is the full-table form. Raises LocalError while a request is under way.
        """
        if not 0 <= table <= 0xFFFF or not 0 <= count <= rq.MAX_DATA:
            raise LocalError("request: table %d, count %d out of range" % (table, count))
        if self._state != _IDLE:
            raise LocalError("request: the one before is still under way")
        if data is None:
            self._size = rq.read(self._tx, 2, table, count, offset)
        else:
            from .writing import write

            if len(self._tx) == _READ:
                self._tx = bytearray(2 + MAX_LENGTH)
                self._view = memoryview(self._tx)
                self._packet = None
            self._size = write(self._tx, 2, table, data, offset)
        self._write = data is not None
        self._wanted = count
        self._tries = TRIES
        self._jumps = _JUMPS
        self._reason = ev.SILENT
        self._event = None
        self._counts[_REQUESTS] += 1
        self._go(_REQUEST)
        self._number(True)

    def data_to_send(self):
        """The packet to write now, whole and at once (memoryview), or None."""
        if self._state != _READY:
            return None
        self._go(_SENT)
        self._reader.reset()
        self._tries -= 1
        self._counts[_SENDS] += 1
        return self._packet

    def receive(self, buf, n):
        """Take ``buf[:n]`` as it came from the line. Never raises."""
        reader = self._reader
        i = 0
        while i < n:
            if self._event is not None:
                # Its buffer belongs to the event. What follows at once is a double or noise.
                self._counts[_STRAYS] += 1
                reader.swallow()
                return
            i = reader.feed(buf, i, n)
            found = reader.found
            if found == ALERT:
                self._counts[_ALERTS] += 1
                self._alerted = True
                self._go(_ALERT)
            elif found == PACKET or found == BAD:
                self._found(found)

    def next_event(self):
        """The next Alert, Response, Refused or Failed, or None. The objects are used again."""
        if self._alerted:
            self._alerted = False
            return self.alert
        event = self._event
        self._event = None
        return event

    def timed_out(self):
        """`timeout_ms` passed without a byte (or the shell's patience with noise ended)."""
        state, cut = self._state, self._reader.inside
        self._reader.reset()
        if state == _WAIT:
            if cut:
                self._bad(_CUTS, ev.CUT)
            else:
                self._counts[_SILENTS] += 1
                self._denied = 0
            self._again()
        elif state == _HUSH:
            self._again()

    # -- what the shell may ask

    @property
    def busy(self):
        """True from `request` until its Response, Refused or Failed."""
        return self._state != _IDLE

    @property
    def timeout_ms(self):
        """How long the line may be silent from now, in ms; None if nothing is awaited."""
        if self._state == _WAIT and not self._reader.inside:
            return REPLY_MS + len(self._packet) * 10000 // self._baud + 1
        if self._state == _IDLE or self._state == _READY:
            return GAP_MS if self.dirty else None
        return GAP_MS

    @property
    def dirty(self):
        """True while bytes that belong to nothing may still be coming in."""
        return self._reader.dirty

    @property
    def missing(self):
        """Bytes still to come in the packet under way, 0 if that is not known."""
        return self._reader.missing

    @property
    def jumps(self):
        """How often the meter answered 0x0C: after one, ET04's IDT version may have changed."""
        return self._counts[_JUMPED]

    def cancel(self):
        """Forget the request under way (the line is gone)."""
        self._go(_CANCEL)
        self._reader.reset()
        self._event = None

    def counters(self):
        """dict of event counts since construction, keys as in `events.counters`."""
        return dict(zip(ev.counters(), self._counts))

    # -- helpers

    def _go(self, what):
        state = _NEXT[(self._state >> 4) * _EVENTS + what]
        if state == _NEVER:
            raise LocalError("session: step %d is not possible now" % what)
        self._state = state

    def _number(self, new=False):
        # Seal the body under the next number.
        cipher = self._cipher
        if cipher and not new:
            cipher.seal(self._tx, self._size)  # plain text again
        low = self._low + 1
        if low > 0xFFFF:
            low = 0
            self._high = (self._high + 1) & 0xFFFF
        self._low = low
        self._digest, self._older = self._older, self._digest
        n = rq.seal(self._tx, self._size, self._high, low, self._digest)
        if cipher:
            cipher.seal(self._tx, self._size)
        if self._packet is None or len(self._packet) != n:
            self._packet = self._view[:n]

    def _found(self, found):
        state = self._state
        if state == _IDLE or state == _READY:
            self._counts[_STRAYS] += 1
            self._go(_STRAY)
        elif found == BAD:
            self._bad(_LENGTHS, ev.LENGTH)
            self._go(_BAD)
        else:
            self._judge()

    def _judge(self):
        buf = self._reader.buf
        body = self._reader.length - 8
        good = self._fits(self._digest, buf, body)
        code = buf[0]
        if code == rq.AUTHENTICATION and body == 1:
            self._bad(_AUTHS, ev.NOISE)
            self._go(_BAD)
            return
        if not good:
            # The late reply to the try before? Then the right one may still come.
            if self._tries < TRIES - 1 and self._fits(self._older, buf, body):
                self._counts[_STALES] += 1
                self._go(_STRAY)
            else:
                self._bad(_DIGESTS, ev.DIGEST)
                self._go(_BAD)
            return
        self._denied = 0
        if code == rq.OK:
            self._ok(buf, body)
        elif code == rq.SEQUENCE and body == 5:
            self._counts[_JUMPED] += 1
            self._renumber(buf)
        else:
            self._counts[_REFUSALS] += 1
            self._refused.code = code
            self._done(_REFUSED, self._refused)

    def _fits(self, digest, buf, body):
        # Is it the reply to the try with that digest? Its body is in plain text then.
        cipher = self._cipher
        if cipher:
            older = digest is self._older
            cipher.turn(buf, body, older)
            if digest.follows(buf, body):
                return True
            cipher.turn(buf, body, older)  # as it came: a refused key is told in the clear
        return digest.follows(buf, body)

    def _ok(self, buf, body):
        response = self._response
        count = 0
        if not self._write:
            count = buf[1] << 8 | buf[2] if body >= 3 else rq.MAX_DATA
        if count > self._wanted or body != (1 if self._write else 3 + count):
            self._bad(_LENGTHS, ev.LENGTH)
            self._go(_BAD)
            return
        self._counts[_VERIFIED] += 1
        response.buf = buf
        response.count = count
        response.repeated = False
        self._done(_OK, response)

    def _renumber(self, buf):
        high = buf[1] << 8 | buf[2]
        low = buf[3] << 8 | buf[4]
        if self._write and self._tries < TRIES - 1:
            # Had the write been executed, exactly the number after its own would be expected now.
            # Anything else could be either, so the caller must look.
            ours = (self._low + 1) & 0xFFFF
            carry = 1 if ours == 0 else 0
            done = low == ours and high == (self._high + carry) & 0xFFFF
            self._high, self._low = high, low
            if done:
                self._counts[_VERIFIED] += 1
                self._response.count = 0
                self._response.repeated = True
                self._done(_OK, self._response)
            else:
                self._fail(ev.UNCONFIRMED)
            return
        self._high, self._low = high, low
        self._jumps -= 1
        if self._jumps < 0:
            self._fail(ev.SEQUENCE)
            return
        self._tries += 1  # an answer, if not the wanted one: no try is lost
        self._go(_RENUMBER)
        self._number()

    def _again(self):
        if self._tries > 0:
            self._counts[_RETRIES] += 1
            self._go(_AGAIN)
            if not self._write:
                self._number()
            return
        # A key that was right before has to be refused for longer: noise looks the same.
        counts = self._counts
        if self._denied >= TRIES * (3 if counts[_VERIFIED] or counts[_JUMPED] else 1):
            self._fail(ev.WRONG_KEY)
        elif self._write and self._reason != ev.SILENT:
            self._fail(ev.UNCONFIRMED)
        else:
            self._fail(self._reason)

    def _fail(self, reason):
        self._counts[_FAILURES] += 1
        self._failed.reason = reason
        self._done(_GIVE_UP, self._failed)

    def _done(self, what, event):
        self._go(what)
        self._event = event

    def _bad(self, counter, reason):
        self._counts[counter] += 1
        self._denied = self._denied + 1 if counter == _AUTHS else 0
        self._reason = reason
