"""A profile whose answer fails on its way: its last line says so, and the next one may ask.

Of `firmware.asked.turn`, `firmware.asked.desk`, `firmware.asked.profile`, `firmware.web.told`.
"""

import asyncio
import gc
import sys

from firmware.readings import Readings
from firmware.web import server
from firmware.web.app import create_app
from profilekit import Recorder
from test_asked_desk import App, Question
from test_readings import Clock
from test_web_server import Stream

GET = b"GET /api/v1/profile HTTP/%s\r\nHost: x\r\n\r\n"
INTERVALS = 150  # some replies


def _turn():
    from firmware.asked import turn

    return turn


class Wire:
    left = False

    def gone(self):
        return self.left


class Asked(Question):
    def __init__(self):
        Question.__init__(self, "/api/v1/profile")
        self.wire = Wire()
        self.sock = (self.wire, self.wire)


def _setting():
    app = App()
    app.said = []
    app.log = lambda level, text: app.said.append(text)
    recorder = Recorder(blocks=20)
    recorder.record(INTERVALS)
    return app, recorder


async def _meter(app, recorder, then=None):
    # In the place of the poller; ``then(jobs)`` comes instead of the replies after the first rows.
    while True:
        jobs = app.poller.jobs
        job = jobs.tidy() if jobs else None
        if job and not job.hold:
            job.begun = True
            if then and job.machine._at:
                then(jobs)
            elif then and job.machine._ready:
                pass  # until it has been taken
            elif not recorder.answer(job.machine):
                job.end()
        jobs = job = None
        await asyncio.sleep(0.001)


async def _body(app, break_it=None):
    code, body = await _turn().ask(app, Asked())
    assert code == 200, body
    if break_it:
        break_it(body)
    text = b""
    async for piece in body:
        text += piece
    await body.aclose()
    return text.decode()


async def _free(app):
    """Nobody waits, and the next one is answered: the desk is not busy."""
    assert app.poller.jobs is None
    code, why = await _turn().ask(app, Question("/api/v1/nothing"))
    assert code == 404, why


def _run(asking, then=None):
    app, recorder = _setting()

    async def go():
        meter = asyncio.create_task(_meter(app, recorder, then))
        try:
            found = await asking(app)
            await _free(app)
            return found
        finally:
            meter.cancel()

    gc.collect()
    return app, asyncio.run(go())


def _fails(n, error):
    """Makes the n-th piece of a body fail."""

    def break_it(body):
        more = body._more
        seen = []

        def broken():
            text = more()
            if text:
                seen.append(1)
                if len(seen) == n:
                    raise error
            return text

        body._more = broken

    return break_it


def test_a_piece_that_fails_is_told_in_the_last_line():
    last = (INTERVALS + 7) // 8  # all of it has been read by then
    for error, why in ((MemoryError(), "no memory"), (KeyError("inner"), "log says more")):
        for n in (1, 2, last):
            app, text = _run(lambda app, n=n, e=error: _body(app, _fails(n, e)))
            lines = text.split("\r\n")
            assert lines[-1] == "" and lines[-2].startswith("# incomplete: "), (n, text)
            assert why in lines[-2] and "inner" not in text
            assert len(lines) < INTERVALS + 3 and text.count("#") == 1
            assert bool(app.said) == isinstance(error, KeyError)


def test_a_whole_one_has_no_such_line():
    _, text = _run(_body)
    assert "#" not in text and len(text.split("\r\n")) == INTERVALS + 2


def test_another_meter_ends_it():
    _, text = _run(_body, lambda jobs: jobs.lost())
    assert text.split("\r\n")[-2].startswith("# incomplete: the meter was lost"), text


def test_who_leaves_does_not_get_a_whole_one():
    async def leaves(app):
        question = Asked()
        code, body = await _turn().ask(app, question)
        text = await body.__anext__()
        question.wire.left = True
        async for piece in body:
            text += piece
        await body.aclose()
        return text.decode()

    _, text = _run(leaves, lambda jobs: None)
    assert text.split("\r\n")[-2] == "# incomplete: nobody waits for it"


def test_who_stops_reading_loses_the_question():
    async def stops(app):
        turn = _turn()
        turn.PATIENCE_MS = 100
        try:
            _, body = await turn.ask(app, Asked())
            await body.__anext__()
            busy = await turn.ask(app, Asked())
            assert busy[0] == 503 and "another question" in busy[1]
            for _ in range(400):
                if "another question" not in (await turn.ask(app, Question("/api/v1/nothing")))[1]:
                    break
                await asyncio.sleep(0.01)
            await _free(app)
            last = [await body.__anext__()]
            try:
                last.append(await body.__anext__())
            except StopAsyncIteration:
                pass
            await body.aclose()
            return last
        finally:
            turn.PATIENCE_MS = 60000

    _, last = _run(stops)
    assert last == [b"# incomplete: nobody took it for a minute\r\n"]


def test_no_memory_to_clean_up_leaves_the_desk_free():
    async def go(app):
        turn = _turn()
        code, body = await turn.ask(app, Asked())
        assert code == 200

        def full(*names):
            raise MemoryError

        kept = turn.drop
        turn.drop = full
        try:
            await body.aclose()
        finally:
            turn.drop = kept

    _run(go)


class Client(Stream):
    """A client whose connection fails at the n-th write, or that reads nothing more from it."""

    def __init__(self, version, n=None, error=None):
        Stream.__init__(self, [GET.replace(b"%s", version)], False)
        self.n = n
        self.error = error

    def at_eof(self):
        return False

    def write(self, data):
        if self.error and self.writes + 1 == self.n:
            raise self.error
        Stream.write(self, data)

    async def drain(self):
        while self.writes == self.n and not self.error:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0)


def _serve(client, break_it=None):
    """What ``client`` gets over HTTP."""

    async def asking(app):
        async def ask(req):
            code, what = await _turn().ask(app, req)
            if break_it and code == 200:
                break_it(what)
            return code, what

        store = Readings(Clock(), 30)
        page = create_app(store, {"http_clients": 1}, dict, None, ask)
        place = server.Server(page, 3)
        task = asyncio.create_task(place.client(client, client))
        for _ in range(1000):
            if task.done():
                break
            place.expire()
            await asyncio.sleep(0.01)
        assert task.done()
        try:
            await task
        except (MemoryError, asyncio.CancelledError):
            pass

    client.s = client  # as MicroPython's: `gone` asks the socket
    _run(asking)
    assert client.closed and client.sent.count(b"\r\n\r\n")
    return client.sent.split(b"\r\n\r\n", 1)


def _joined(body):
    """(text of the chunks, whether the last one came)."""
    text = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        n = int(size, 16)
        text += body[:n]
        assert len(body) < n + 2 or body[n : n + 2] == b"\r\n"
        if not n:
            return text, body == b"\r\n"
        body = body[n + 2 :]
    return text, False


def test_over_http_the_last_chunk_is_only_sent_at_the_end():
    head, body = _serve(Client(b"1.1"))
    assert head.startswith(b"HTTP/1.1 200 OK\r\n") and b"Connection: close" in head
    text, whole = _joined(body)
    assert whole and b"#" not in text and text.count(b"\r\n") == INTERVALS + 1
    head, plain = _serve(Client(b"1.0"))
    assert plain == text and head.startswith(b"HTTP/1.0 200") and b"chunked" not in head


def test_over_http_a_piece_that_fails_is_told():
    for version in (b"1.0", b"1.1"):
        _, body = _serve(Client(version), _fails(2, MemoryError()))
        text, whole = _joined(body) if version == b"1.1" else (body, True)
        assert whole and text.rstrip().split(b"\n")[-1].startswith(b"# incomplete: the module")


def test_over_http_no_memory_for_a_chunk_is_told():
    from firmware.web import told

    kept = told.Told._chunk
    seen = []

    def chunk(self, piece):
        seen.append(1)
        if len(seen) == 3:
            raise MemoryError
        return kept(self, piece)

    client = Client(b"1.1")

    def break_it(body):
        # By now the class that serves is loaded; on MicroPython it is another one each time.
        sys.modules["firmware.web.told"].Told._chunk = chunk

    try:
        _, body = _serve(client, break_it)
    finally:
        told.Told._chunk = kept
    text, whole = _joined(body)
    assert whole and text.split(b"\r\n")[-2].startswith(b"# incomplete: the module")


def test_over_http_a_write_that_fails_ends_without_the_last_chunk():
    for n in (1, 2, 4):
        for error in (MemoryError(), OSError(104), asyncio.CancelledError()):
            client = Client(b"1.1", n, error)
            if n == 1:
                client.sent = b"\r\n\r\n"  # nothing at all comes
            _, body = _serve(client)
            assert not _joined(body)[1], (n, error)


def test_over_http_who_stops_reading_is_dropped():
    kept = server.WRITE_MS
    server.WRITE_MS = 30
    try:
        _, body = _serve(Client(b"1.1", 3))
    finally:
        server.WRITE_MS = kept
    assert not _joined(body)[1]
