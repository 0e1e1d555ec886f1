"""The line between a client and a meter in one process, in virtual time (ms, float).

`write` and `read` take the time from the caller, which must not go back. What the meter does in
between happens at its own times, so tests can leap ahead and `serve` can follow a real clock.
The line is half-duplex: a request that comes while the meter is busy waits for it; a further
one is not heard.
"""

from collections import deque

from mep.frame import MAX_LENGTH, PACKET, SMALLEST_REQUEST, PacketReader
from .faults import Faults
from .line import Timing, unpaced
from .rates import heard

ALERT_MS = 1000.0
_ALERT = b"\x00\x00"


class Channel:
    """A line with ``meter`` at its other end.

    ``stats``: dict of counts. ``tap(direction, packet, ms)``, if set, is shown each request that
    the meter took and each of its replies, undamaged.
    """

    def __init__(self, meter, faults=None, paced=True, baud=9600, start_ms=0.0):
        self.meter = meter
        self.faults = faults or Faults()
        self.timing = Timing(baud) if paced else unpaced()
        self.tap = None
        self.stats = dict.fromkeys(
            ("requests", "replies", "alerts", "overruns", "timeouts", "unframed"), 0
        )
        self._now = start_ms
        self._reader = PacketReader(MAX_LENGTH, SMALLEST_REQUEST)
        self._rx = deque()  # (time, byte) on the way to the meter
        self._rx_free = start_ms
        self._heard = start_ms
        self._pending = None  # (time, request) to be taken
        self._tx = deque()  # [start, bytes, how many were read]
        self._tx_free = start_ms
        self._taken = start_ms - ALERT_MS
        self._frame = self._alerted = start_ms
        self._silent_until = start_ms
        self.client_baud = None  # the client's rate; None: always that of the meter
        self.baud = baud  # what the meter speaks now
        self._wanted = meter.tables.baud
        self._rate = None  # (ms, rate) that the line takes on then

    def write(self, data, ms):
        """The client sends ``data``."""
        self._advance(ms)
        if ms < self._silent_until:
            return
        if self._rate and ms >= self._rate[0]:
            self.baud = self._rate[1]
            self.timing.byte_ms = 10000.0 / self.baud
            self._rate = None
        data = self._across(bytes(data), self.client_baud, self.baud)
        data = self.faults.corrupt(data, ms, ">")
        at = max(ms, self._rx_free)
        for b in data:
            at += self.timing.byte_ms
            self._rx.append((at, b))
        self._rx_free = at

    def read(self, ms):
        """The bytes that have arrived at the client since the last call."""
        self._advance(ms)
        out = b""
        while self._tx:
            chunk = self._tx[0]
            start, data, done = chunk
            n = self.timing.arrived(len(data), ms - start)
            out += self._across(data[done:n], self.baud, self.client_baud)
            chunk[2] = n
            if n < len(data):
                break
            self._tx.popleft()
        return out

    def next_event_ms(self, grain_ms=0.0):
        """When something happens next that `read` may show; None if nothing is under way.

        ``grain_ms``: bytes may be seen so much later, but the last of a packet never is.
        """
        times = []
        if self._rx:
            times.append(self._rx[-1][0])
        if self._pending:
            times.append(self._pending[0])
        for when in (self._alert_ms(), self._sample_ms()):
            if when is not None:
                times.append(when)
        if self._tx:
            start, data, done = self._tx[0]
            first = start + self.timing.arrival(done)
            last = start + self.timing.duration(len(data))
            times.append(min(last, max(first, self._now + grain_ms)))
        return min(times) if times else None

    def silence(self, seconds, ms=None):
        """From now (or ``ms``) on nothing passes in either direction for so long."""
        if ms is not None:
            self._advance(ms)
        self.faults.note("silence", self._now, "%g s" % seconds)
        self._hush(seconds * 1000)

    def _across(self, data, sent, at):
        # An unpaced line has no rate.
        if not self.client_baud or not self.timing.byte_ms:
            return data
        return heard(data, sent, at)

    # -- what happens at the meter, in the order of time

    def _advance(self, ms):
        while True:
            rx = self._rx[0][0] if self._rx else None
            pending = self._pending[0] if self._pending else None
            alert, sample = self._alert_ms(), self._sample_ms()
            when = min((t for t in (rx, pending, alert, sample) if t is not None), default=None)
            if when is None or when > ms:
                break
            self._now = max(self._now, when)
            if when == sample:
                self.meter.delta.sample(when)
            elif when == rx:
                self._hear(*self._rx.popleft())
            elif when == pending:
                self._take(*self._pending)
            else:
                self._send_alert(max(when, self._now))
        self._now = max(self._now, ms)

    def _hear(self, ms, byte):
        reader = self._reader
        if reader.dirty and ms - self._heard > self.timing.gap_ms + self.timing.byte_ms:
            reader.reset()
            self.stats["timeouts"] += 1
        self._heard = ms
        reader.feed((byte,), 0, 1)
        if reader.found == PACKET:
            self._framed(bytes(reader.buf[: reader.length]), ms)
        elif reader.found:
            # An alert or an impossible length: no request begins like that. Only a pause in the
            # bytes tells where the next one begins.
            reader.swallow()
            self.stats["unframed"] += 1

    def _framed(self, packet, ms):
        if self.faults.hit("deaf", ms):
            return
        self._frame = ms
        if self._pending:
            self.stats["overruns"] += 1
            return
        at = max(ms, self._tx_free, self._taken + self.timing.spacing_ms)
        self._pending = (at, packet)

    def _take(self, ms, packet):
        self._pending = None
        self._taken = ms
        self.stats["requests"] += 1
        faults = self.faults
        if faults.hit("silence", ms):
            self._hush(faults.silence_ms, ms)
            return
        if faults.due("idt_change", self.stats["requests"], ms):
            self.meter.change_interface()
        elif faults.due("seq_jump", self.stats["requests"], ms):
            self.meter.jump()
        reply = self.meter.handle(packet, ms, faults.hit("wrong_key", ms))
        if self.tap:
            self.tap(">", len(packet).to_bytes(2, "big") + packet, ms)
            self.tap("<", reply, ms)
        self.stats["replies"] += 1
        start = ms + self.timing.answer_ms
        pieces = faults.reply(reply, ms)
        if not pieces:
            self._tx_free = start + self.timing.duration(len(reply))
        for pause, data in pieces:
            start = self._send(start + pause, data)
        if self.timing.byte_ms and self.meter.tables.baud != self._wanted:
            # The reply still has the old rate (p. 20).
            self._wanted = self.meter.tables.baud
            self._rate = (self._tx_free, self._wanted)

    def _send(self, start, data):
        start = max(start, self._tx_free)
        self._tx.append([start, self.faults.corrupt(data, start, "<"), 0])
        self._tx_free = start + self.timing.duration(len(data))
        return self._tx_free

    def _sample_ms(self):
        due = self.meter.delta.due(self._now)
        return None if due is None else max(due, self._now)

    def _alert_ms(self):
        if not self.meter.alerting:
            return None
        # Once a second, held off for a second after a request (guide, p. 17 and 21).
        held = max(self._alerted, self._frame) + ALERT_MS
        return max(held, self._tx_free, self._silent_until)

    def _send_alert(self, ms):
        self._alerted = ms
        self.stats["alerts"] += 1
        self._send(ms, _ALERT)

    def _hush(self, duration_ms, ms=None):
        now = self._now if ms is None else ms
        self._silent_until = now + duration_ms
        self._rx_free = self._tx_free = now
        self._rx.clear()
        self._tx.clear()
        self._pending = None
        self._reader.reset()
