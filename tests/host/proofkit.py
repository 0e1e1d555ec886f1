"""What the long proofs share: a reader whose every stored value is held against the meter's."""

import bisect
import http.client
import json
import os
import socket
import statistics
import threading
import time

from tools.bench.rate import EPOCH, VirtualLine
from tools.mepsim.channel import Channel
from tools.mepsim.faults import Faults
from tools.mepsim.live import House
from tools.mepsim.meter import Meter
from tools.mepsim.models import MODELS

LIVE = (23, 28)


def scale(name, short):
    """The scale of a proof: the variable ``name`` (tools/proof.py sets it), or the short form."""
    return int(os.environ.get(name, short))


def report(text, *figures):
    """Print one measured line; `make proof` shows it."""
    print("PROOF " + text % figures)


def percentile(values, part):
    """The smallest of ``values`` that ``part`` (0..1) of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def spread(values):
    """``median/95 %/most`` of some ms, as text."""
    return "median %d, 95 %% %d, most %d ms" % (
        statistics.median(values),
        percentile(values, 0.95),
        max(values),
    )


def channel(model, seed=1, house="sunny", alerts=False, **faults):
    """A paced line to a simulated meter (a name or a Model) with these faults."""
    model = MODELS[model] if isinstance(model, str) else model
    meter = Meter(model, House(house, seed, model.tiers), epoch=EPOCH, sequence=seed * 7919)
    if alerts:
        meter.enable_alerts()
    return Channel(meter, Faults(seed, **faults))


class Enough(BaseException):
    """The wanted number of replies is there."""


class Proof(VirtualLine):
    """A reader that checks at each commit that what is stored is what the meter said.

    The meter's side notes the true data of each reply to a read of BT23 or BT28. A snapshot must
    be, value for value, one such reply made since the last snapshot, and nothing else may stand
    in the store under that table. ``commits``: (ms, table); ``wrong``: what was not so.
    """

    def __init__(self, line, fast=False, replies=None, **more):
        super().__init__(line, fast, **more)
        self.commits = []
        self.wrong = []
        self.checked = 0
        self._replies = replies
        self._true = []  # (table, ints) of the replies since the last snapshot
        self._asked = None
        line.tap = self._tap
        self._commit = self.store.commit
        self.store.commit = self._committed

    def _tap(self, direction, packet, ms):
        if direction == ">":
            self._asked = packet
            return
        request, body = self._asked[2:], packet[2:-8]
        table = int.from_bytes(request[1:3], "big")
        if request[0] == 0x3F and table in LIVE and body[0] == 0:
            # The values only: BT23 and BT28 of a meter with demands begin with something else.
            data = body[3:]
            ints = [
                int.from_bytes(data[i : i + 4], "little", signed=True)
                for i in range(0, len(data), 4)
            ]
            self._true.append((table, ints))
        if self._replies is not None and self.channel.stats["replies"] >= self._replies:
            raise Enough()

    def _committed(self, table):
        self._commit(table)
        self.commits.append((self.time.now, table))
        store = self.store
        places = [i for i, kind in enumerate(store.kinds) if kind[1] == table]
        stored = [store.fresh(i) for i in places]
        scales = [store.kinds[i][5] for i in places]
        for said, ints in self._true:
            if said == table and stored == [n * s for n, s in zip(ints, scales)]:
                break
        else:
            self.wrong.append((self.time.now, table, stored, self._true[-2:]))
        self.checked += len(stored)
        self._true = []

    def run(self, ms=1 << 40):
        try:
            super().run(ms)
        except Enough:
            pass

    def times(self, table=28):
        """When each snapshot of ``table`` was complete (ms)."""
        return [ms for ms, of in self.commits if of == table]

    def next_after(self, ms, table=28):
        """How long after ``ms`` the next snapshot came, None if there was none."""
        times = self.times(table)
        i = bisect.bisect_right(times, ms)
        return times[i] - ms if i < len(times) else None

    def longest_after(self, ms, span, table=28):
        """The longest time without a new snapshot that began within ``span`` ms after ``ms``."""
        times = self.times(table)
        i = bisect.bisect_right(times, ms)
        longest = 0
        since = ms
        while i < len(times) and since < ms + span:
            longest = max(longest, times[i] - since)
            since = times[i]
            i += 1
        return longest


class Load:
    """Clients of the application's web server at ``port``, in threads, while this is entered.

    One asks for readings, status and the page again and again; two follow the live events; one
    asks for the live events and never reads. ``answers``: (began, ms, path, code); ``seen``:
    (time, snapshot) of the first follower; ``fresh``: when each BT28 was complete; ``lags``: what
    the status said of the loop.
    """

    PATHS = ("/api/v1/readings", "/", "/api/v1/status")
    SAME_S = 0.2  # two ages of the same reply tell its time as nearly as that

    def __init__(self, port, pause_s=0.05, followers=2):
        self.answers = []
        self.seen = []
        self.fresh = []
        self.lags = []
        self.failed = []  # (time, what) of requests that were not answered
        self.events = 0
        self._port = port
        self._pause = pause_s
        self._stop = threading.Event()
        jobs = [self._ask, self._never_read] + [self._follow] * followers
        self._threads = [threading.Thread(target=self._keep, args=(job,)) for job in jobs]
        self._first = None
        self._asked = 0  # when the asking client's latest request began

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def check(self):
        """No request failed while the server was there."""
        codes = {code for _, _, _, code in self.answers}
        assert codes <= {200, 503}, codes
        first_good = next(i for i, a in enumerate(self.answers) if a[3] == 200 and a[2] != "/")
        assert {a[3] for a in self.answers[first_good:]} <= {200, 503}
        # What was under way when the server ended was cut by that: nobody was answered after it.
        last = max(began for began, _, _, _ in self.answers)
        failed = [f for f in self.failed if f[0] < last]
        assert not failed, failed[:3]

    def figures(self):
        """The measured numbers as text."""
        took = [ms for _, ms, _, _ in self.answers] or [0]
        codes = {}
        for _, _, _, code in self.answers:
            codes[code] = codes.get(code, 0) + 1
        return "%d answers %s in %s, %d events, %d unanswered" % (
            len(self.answers),
            codes,
            spread(took),
            self.events,
            len(self.failed),
        )

    # -- threads

    def _keep(self, job):
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                job()
            except (OSError, ValueError, http.client.HTTPException) as e:
                # Before the server is there, and after it ended, nobody answers.
                if self._there() and not isinstance(e, ConnectionRefusedError):
                    # Of several requests in a row the one that failed counts.
                    since = self._asked if job == self._ask else began
                    self.failed.append((since, "%s: %r" % (job.__name__, e)))
                self._stop.wait(0.1)

    def _there(self):
        try:
            socket.create_connection(("127.0.0.1", self._port), 1).close()
            return bool(self.answers)
        except OSError:
            return False

    def _ask(self):
        for path in self.PATHS:
            self._asked = began = time.monotonic()
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
            try:
                connection.request("GET", path)
                reply = connection.getresponse()
                body = reply.read()
            finally:
                connection.close()
            took = (time.monotonic() - began) * 1000
            self.answers.append((began, took, path, reply.status))
            if path == "/api/v1/readings" and reply.status == 200:
                age = json.loads(body)["values"]["power_forward"]["age_ms"]
                at = began + (took - age) / 1000
                if not self.fresh or at - self.fresh[-1] > self.SAME_S:
                    self.fresh.append(at)
            if path == "/api/v1/status":
                self.lags.append((began, json.loads(body)["loop_lag_ms"]))
        self._stop.wait(self._pause)

    def _open_events(self):
        s = socket.create_connection(("127.0.0.1", self._port), 5)
        s.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        return s

    def _follow(self):
        first = self._first is None
        if first:
            self._first = threading.current_thread()
        mine = self._first is threading.current_thread()
        with self._open_events() as s:
            s.settimeout(0.2)
            rest = b""
            while not self._stop.is_set():
                try:
                    data = s.recv(65536)
                except TimeoutError:
                    continue
                if not data:
                    return
                rest += data
                while b"\n\n" in rest:
                    event, _, rest = rest.partition(b"\n\n")
                    self._event(event, mine)

    def _event(self, event, mine):
        at = event.find(b"data: ")
        if at < 0:
            return
        self.events += 1
        if mine:
            self.seen.append((time.monotonic(), json.loads(event[at + 6 :])))

    def _never_read(self):
        s = socket.socket()
        with s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            s.connect(("127.0.0.1", self._port))
            s.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
            # The server may give its place to another after a while; then it comes again.
            self._stop.wait(30)
