"""Bytes between the line and the session: the shell that owns clock and port.

One task uses a link: it either waits for a reply (`transact`) or listens between requests
(`idle`), so that alerts and stray bytes never pile up.
"""

from shim import const
from ..hal import clock
from ..hal.ports import fault

_RX = const(512)
_POLL_MS = const(5)  # 5 bytes at 9600 baud
_LAZY_MS = const(20)
_HOLD_MS = const(500)  # no meter alerts so soon after a packet (guide: a second): noise


class Link:
    """``session``: a `mep.session.Session`; ``open_line``: coroutine function, gives a port."""

    def __init__(self, session, open_line, log, baud=9600):
        self.session = session
        self.spacing_ms = 100  # guide, "Response timing": at most one request per 100 ms
        self.alerts = 0
        self.openings = 0
        self.cut_at = 0  # bytes of the last reply that stopped short
        self._open_line = open_line
        self._log = log
        self._port = None
        self._got = 0  # bytes since the request
        self._rx = bytearray(_RX)
        self._baud = baud
        self._sent = clock.ticks_add(clock.ticks_ms(), -self.spacing_ms)
        # Noise can go on for ever; this is the longest that one try may take: answering time,
        # request, reply with its pauses, and as much again.
        self._patience = 2000 + 10 * 1000 * 1000 // baud

    async def transact(self, table, count=0, offset=None, data=None):
        """One request up to its end: the session's Response, Refused or Failed.

        A Response's buffer holds until this task awaits the link again. Raises OSError when the
        line cannot be opened.
        """
        session = self.session
        session.request(table, count, offset, data)
        try:
            while True:
                await self._quiet()
                packet = session.data_to_send()
                if packet is not None:
                    self._write(packet)
                event = await self._answer()
                if event is not None:
                    return event
        finally:
            if session.busy:
                session.cancel()

    async def idle(self, until, wake=False):
        """Listen until the tick value ``until``; with ``wake`` an alert ends it: True then."""
        session = self.session
        alerts = self.alerts
        heard = clock.ticks_ms()
        while True:
            now = clock.ticks_ms()
            left = clock.ticks_diff(until, now)
            if left <= 0:
                return
            if self._take():
                self._event()
                heard = now
                if wake and self.alerts != alerts:
                    if clock.ticks_diff(now, self._sent) > _HOLD_MS:
                        return True
            elif session.dirty and clock.ticks_diff(now, heard) > session.timeout_ms:
                session.timed_out()
            await clock.sleep_ms(min(left, _LAZY_MS))

    def close(self):
        """Close the port; the next request opens it again."""
        port = self._port
        self._port = None
        if port is not None:
            try:
                port.close()
            except OSError:
                pass

    async def _quiet(self):
        # Before a request: the line open, the meter's spacing kept, no packet still coming in.
        if self._port is None:
            self._port = await self._open_line()
            self.openings += 1
        session = self.session
        heard = began = clock.ticks_ms()
        while True:
            now = clock.ticks_ms()
            if self._take():
                self._event()
                heard = now
            limit = session.timeout_ms
            waited = clock.ticks_diff(now, heard)
            if limit is not None and (
                waited >= limit or clock.ticks_diff(now, began) > self._patience
            ):
                session.timed_out()
                limit = None
            spacing = self.spacing_ms - clock.ticks_diff(now, self._sent)
            if limit is None and spacing <= 0:
                return
            await clock.sleep_ms(min(spacing, _POLL_MS) if spacing > 0 else _POLL_MS)

    async def _answer(self):
        # From the packet's last byte to an event, or to the session's wish to send again.
        session = self.session
        heard = began = self._sent
        while True:
            n = self._take()
            now = clock.ticks_ms()
            if n:
                heard = now
                event = self._event()
                if event is not None:
                    return event
            limit = session.timeout_ms
            if limit is None:
                return None
            if (
                clock.ticks_diff(now, heard) >= limit
                or clock.ticks_diff(now, began) > self._patience
            ):
                if session.missing:
                    self.cut_at = self._got
                session.timed_out()
                return self._event()
            # Wake about when the packet can be complete, not for every byte of it.
            coming = session.missing * 10000 // self._baud
            await clock.sleep_ms(min(max(coming - 1, 2), _LAZY_MS) if coming else _POLL_MS)

    def _event(self):
        # The next event that is not an alert.
        while True:
            event = self.session.next_event()
            if event is None or event is not self.session.alert:
                return event
            self.alerts += 1

    def _take(self):
        port = self._port
        if port is None:
            return 0
        try:
            n = port.readinto(self._rx)
        except OSError as e:
            self._lost(e)
            return 0
        if n:
            self._got += n
            self.session.receive(self._rx, n)
        return n

    def _write(self, packet):
        # A line that was lost just now is as good as one that stays silent: the next try opens it.
        try:
            if self._port is not None:
                self._port.write(packet)
        except OSError as e:
            self._lost(e)
        self._sent = clock.ticks_ms()
        self._got = 0

    def _lost(self, error):
        self._log("warn", "meter line lost: %s" % fault(error))
        self.close()
