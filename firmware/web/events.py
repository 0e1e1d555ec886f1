"""Server-sent events: each snapshot as one text, built once and shared by all clients.

A client takes the newest text when its socket has taken the one before. So there is no queue: a
slow client misses snapshots, and costs the others nothing.
"""

from shim import const
from .. import report
from ..hal.clock import sleep_ms
from ..hal.memory import crowded
from ..hal.ports import MICROPYTHON

_BEAT_MS = const(25)  # how late an event may be
_IDLE_BEATS = const(600)  # a comment after 15 s without news tells both ends that the line lives


class Feed:
    """The newest snapshot of ``store`` as an event; at most ``limit`` clients."""

    def __init__(self, store, limit):
        self.store = store
        self.limit = limit
        self.clients = 0


class Events:
    """The body of one client's response. ``gone()`` tells whether the client has left."""

    def __init__(self, feed, gone):
        self._feed = feed
        self._gone = gone
        self._sent = 0  # no snapshot has this number, so the first one goes out at once
        self._part = 0  # of the event under way: 1, its text is due; 2, its end
        self._open = True
        feed.clients += 1

    def __aiter__(self):
        return self

    async def __anext__(self):
        store = self._feed.store
        if self._part == 1:
            while crowded():
                await sleep_ms(_BEAT_MS)
                if self._gone():
                    raise StopAsyncIteration
            # The text that all outputs share, asked for at the moment it is sent: the next
            # snapshot's is made in the same place.
            self._part = 2
            self._sent = store.snapshot
            text = report.snapshot(store)
            return text if MICROPYTHON else bytes(text)  # CPython may keep what it cannot send
        if self._part == 2:
            self._part = 0
            return b"\n\n"
        idle = 0
        while self._sent == store.snapshot:
            await sleep_ms(_BEAT_MS)
            if self._gone():
                raise StopAsyncIteration
            idle += 1
            if idle == _IDLE_BEATS:
                return b": \n\n"
        self._part = 1
        return b"data: "

    async def aclose(self):
        """Give the client's place back. May be called twice."""
        if self._open:
            self._open = False
            self._feed.clients -= 1
