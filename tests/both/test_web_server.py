import asyncio
import json

from firmware.hal.clock import ticks_add, ticks_ms
from firmware.web import server
from test_web_app import _app


class Stream:
    """Reader and writer of one client: gives ``pieces``, then waits for ever, or ends."""

    def __init__(self, pieces, ends=True):
        self.pieces = list(pieces)
        self.at = 0  # in the first of them
        self.ends = ends
        self.sent = b""
        self.writes = 0
        self.closed = False

    async def read(self, n):
        while not self.pieces and not self.ends:
            await asyncio.sleep(0.01)
        if not self.pieces:
            return b""
        piece = self.pieces[0]
        at = self.at
        self.at += n
        if self.at >= len(piece):
            self.pieces.pop(0)
            self.at = 0
        return piece[at : at + n]

    def write(self, data):
        self.writes += 1
        self.sent += data

    async def drain(self):
        await asyncio.sleep(0)

    def get_extra_info(self, name):
        return ("192.0.2.1", 1234) if name == "peername" else None

    async def wait_closed(self):
        self.closed = True


def _talk(*pieces):
    app, _ = _app()
    stream = Stream(pieces)

    async def go():
        await server.Server(app, 6).client(stream, stream)

    asyncio.run(go())
    assert stream.closed
    return stream


def _code(*pieces):
    sent = _talk(*pieces).sent
    if not sent:
        return None
    head, body = sent.split(b"\r\n\r\n", 1)
    code = int(head.split()[1])
    if code >= 400 and b"/json" in head:
        assert json.loads(body.decode())["error"]
    return code


GET = b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\n\r\n"


def test_any_cut_of_a_request():
    assert _code(GET) == 200
    assert _code(*[GET[i : i + 1] for i in range(len(GET))]) == 200
    assert _code(GET.replace(b"\r\n", b"\n")) == 200
    for i in range(len(GET)):
        assert _code(GET[:i]) is None  # the client left: no answer, no error


def test_the_head_of_an_answer_is_one_write():
    assert _talk(GET).writes == 2


def test_malformed():
    for line in (
        b"\r\n",
        b"hello\r\n\r\n",
        b"GET / HTTP/1.1 x\r\n\r\n",
        b"GET / FTP/1.1\r\n\r\n",
        b"GET http://other/ HTTP/1.1\r\n\r\n",
        b"G\xff\xfe / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\n: no name\r\n\r\n",
        b"GET / HTTP/1.1\r\n\xff\xfe: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n",
        b"GET /?a=%zz HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n",  # somebody tries TLS
    ):
        assert _code(line) == 400, line


def test_too_much():
    assert _code(b"GET /" + b"x" * 600 + b" HTTP/1.1\r\n\r\n") == 414
    assert _code(b"G" * 100000) == 414
    flood = [b"X-%d: %s\r\n" % (i, b"y" * 90) for i in range(1000)]
    assert _code(b"GET / HTTP/1.1\r\n", *flood) == 431
    assert _code(b"GET / HTTP/1.1\r\n", b"Cookie: " + b"z" * 9000) == 431
    # Cookies of other programs on the same host are long, but harm nothing.
    cookies = b"Cookie: " + b"z" * 4000 + b"\r\n"
    assert _code(b"GET /api/v1/status HTTP/1.1\r\n", cookies, b"\r\n") == 200
    post = b"POST /api/v1/status HTTP/1.1\r\nContent-Length: %s\r\n\r\n"
    assert _code(post % b"2049") == 413
    assert _code(post % b"99999999999999999999") == 413
    assert _code(post % b"3", b"a", b"bc") == 405
    assert _code(post % b"3", b"ab") is None


def test_only_the_fields_that_matter_are_kept():
    async def go():
        app, _ = _app()
        stream = Stream([b'GET /x?y=1 HTTP/1.1\r\nIF-None-Match: "a"\r\nX-Other: 1\r\n\r\n'])
        req = await server.Connection(stream, stream).request(app)
        assert req.headers["If-None-Match"] == '"a"' and len(req.headers) == 1
        assert req.path == "/x" and req.args["y"] == "1"
        assert req.client_addr == ("192.0.2.1", 1234)

    asyncio.run(go())


def test_places():
    app, _ = _app()
    silent = [Stream([b"GET / HT"], ends=False) for _ in range(2)]
    late = Stream([GET])

    async def go():
        serve = server.Server(app, 2)
        tasks = [asyncio.create_task(serve.client(s, s)) for s in silent]
        await asyncio.sleep(0)
        assert len(serve.open) == 2
        rest = [Stream([GET]) for _ in range(6)]
        refused = [asyncio.create_task(serve.client(s, s)) for s in rest]
        await asyncio.sleep(0.05)
        # Four wait for a place, the others are told so at once.
        assert [b"503" in s.sent and s.closed for s in rest] == [False] * 4 + [True] * 2
        for conn in serve.open:
            conn.since = ticks_add(ticks_ms(), -1001)
        for task in refused:
            await task
        # Who said nothing had to make room.
        assert [b"200" in s.sent and s.closed for s in rest[:4]] == [True] * 4
        assert silent[0].closed
        serve.stop()
        await serve.client(late, late)
        assert b"200" in late.sent and silent[1].closed and not serve.open
        for task in tasks:
            await task

    asyncio.run(go())


def test_a_connection_that_says_nothing_is_closed():
    app, _ = _app()
    stream = Stream([b"GET / HTTP/1.1\r\n"], ends=False)

    async def go():
        serve = server.Server(app, 2)
        task = asyncio.create_task(serve.client(stream, stream))
        await asyncio.sleep(0)
        serve.expire()
        await asyncio.sleep(0)
        assert len(serve.open) == 1 and not stream.closed
        serve.open[0].due = ticks_add(ticks_ms(), -1)
        serve.expire()
        assert not serve.open
        await task  # ends quietly
        assert stream.closed and not stream.sent

    asyncio.run(go())


def test_a_client_that_does_not_read_is_given_up():
    app, _ = _app()
    stream = Stream([b"GET /api/v1/events HTTP/1.1\r\n\r\n"], ends=False)

    async def stuck():
        await asyncio.sleep(100)

    async def go():
        serve = server.Server(app, 2)
        stream.drain = stuck
        task = asyncio.create_task(serve.client(stream, stream))
        for _ in range(20):
            await asyncio.sleep(0)
        assert serve.open[0].due is not None
        serve.open[0].due = ticks_add(ticks_ms(), -1)
        serve.expire()
        await task  # ends quietly
        assert stream.closed

    asyncio.run(go())


class _Crowded:
    """``with _Crowded(n):`` a chip that has no memory for the radio at the first ``n`` looks."""

    def __init__(self, looks):
        self.looks = looks
        self.slept = 0

    def __enter__(self):
        self._kept = server.CHIP, server.crowded, server.sleep_ms
        server.CHIP, server.crowded, server.sleep_ms = True, self._crowded, self._sleep_ms
        return self

    def __exit__(self, *_):
        server.CHIP, server.crowded, server.sleep_ms = self._kept

    def _crowded(self):
        self.looks -= 1
        return self.looks >= 0

    async def _sleep_ms(self, ms):
        self.slept += ms
        await asyncio.sleep(0)


def test_a_crowded_chip_reads_a_request_and_answers_later():
    with _Crowded(5) as crowded:
        assert _code(GET) == 200 and crowded.slept == 100


def _written(data, looks):
    """What was sent of ``data`` while the chip was crowded, then, and after how many ms."""

    async def go():
        stream = Stream(())
        conn = server.Connection(stream, stream)
        conn._out = None  # the head is out
        with _Crowded(looks) as crowded:
            task = asyncio.create_task(conn.awrite(data))
            for _ in range(100):
                if crowded.looks > 1:
                    await asyncio.sleep(0)
            before = stream.sent
            assert before or conn.due is not None  # who waits too long is given up
            await task
            assert conn.due is None
            return before, stream.sent, crowded.slept

    return asyncio.run(go())


def test_a_crowded_chip_sends_a_piece_later():
    assert _written(b"a piece", 4) == (b"", b"a piece", 80)
    # An event was gated before its text was asked for: the text may not wait any more.
    assert _written(memoryview(b"an event"), 1) == (b"", b"an event", 0)


def test_only_a_chip_looks_at_its_memory_for_each_piece():
    with _Crowded(4) as crowded:
        server.CHIP = False

        async def go():
            stream = Stream(())
            conn = server.Connection(stream, stream)
            conn._out = None
            await conn.awrite(b"a piece")
            return stream.sent

        assert asyncio.run(go()) == b"a piece" and crowded.looks == 4
