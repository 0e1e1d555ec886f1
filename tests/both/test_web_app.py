"""`firmware.web.app`, and `firmware.web.files` and `failures` through it."""

import asyncio
import errno
import json

from microdot import Request
from microdot.microdot import NoCaseDict
from microdot.test_client import TestClient

from firmware import report
from firmware.readings import Readings
from firmware.web import failures
from firmware.web.app import create_app
from test_readings import SOURCES, Clock, _reply

METER = {"manufacturer": "ELON", "model": '<b>"x"</b>', "firmware": "3.84.06", "serial": "4080"}


def _app(clients=4, filled=True):
    store = Readings(Clock(), 30)
    store.configure(SOURCES)
    store.meter = METER
    store.line = lambda: {"verified": 2}
    if filled:
        _reply(store, 23, energy_forward=100)
        _reply(store, 28, power_forward=701, power_factor_l1=-875)
    return create_app(store, {"http_clients": clients}, lambda: {"uptime_s": 12}), store


def _ask(app, method, path, headers=None, body=None):
    async def go():
        return await TestClient(app).request(method, path, headers, body)

    return asyncio.run(go())


class Wire:
    """The stream of a client that leaves when told so."""

    left = False

    def gone(self):
        return self.left


async def _listen(app, wire, method="GET"):
    path = "/api/v1/events"
    headers = NoCaseDict()
    req = Request(app, None, method, path, "1.1", headers, sock=(wire, wire))
    return await app.dispatch_request(req)


def test_readings():
    app, _ = _app()
    res = _ask(app, "GET", "/api/v1/readings")
    assert res.status_code == 200
    assert res.headers["Content-Type"].startswith("application/json")
    assert res.headers["Cache-Control"] == "no-store"
    doc = json.loads(res.text)
    assert doc["meter"] == METER and doc["snapshot"] == 2
    assert doc["values"]["power_forward"]["value"] == 701
    assert doc["values"]["power_factor_l1"]["value"] == -875
    assert doc["line"] == {"verified": 2}


def test_no_readings_yet():
    app, store = _app(filled=False)
    store.reason = 'no reply: check "ENABLE"'
    res = _ask(app, "GET", "/api/v1/readings")
    assert res.status_code == 503 and res.json == {"error": store.reason}


def test_status_tells_the_meters_state():
    app, store = _app()
    res = _ask(app, "GET", "/api/v1/status")
    assert res.json == {"uptime_s": 12, "online": True, "reason": "", "live_pages": 0}
    store._clock.ticks += 31000
    res = _ask(app, "GET", "/api/v1/status")
    assert res.json["online"] is False and "silent" in res.json["reason"]


def test_errors_under_api_are_json():
    app, _ = _app()
    res = _ask(app, "GET", "/api/v1/nothing")
    assert res.status_code == 404 and res.reason == "Not Found" and res.json["error"]
    res = _ask(app, "POST", "/api/v1/readings", None, "x")
    assert res.status_code == 405 and res.json["error"] and "GET" in res.headers["Allow"]
    res = _ask(app, "POST", "/api/v1/readings", None, "x" * 2049)
    assert res.status_code == 413 and "2048" in res.json["error"]
    res = _ask(app, "GET", "/nothing")
    assert res.status_code == 404 and res.headers["Content-Type"].startswith("text/plain")


def test_a_fault_of_ours_is_told_without_its_text():
    app, store = _app()

    def broken():
        raise ValueError("inner")

    store.line = broken
    res = _ask(app, "GET", "/api/v1/readings")
    assert res.status_code == 500 and "inner" not in res.text and res.json["error"]


def test_files():
    app, _ = _app()
    for path, kind, text in (
        ("/", "text/html", "<!doctype html>"),
        ("/app.js", "text/javascript", '"use strict"'),
        ("/mbus.js", "text/javascript", '"use strict"'),
        ("/style.css", "text/css", "prefers-color-scheme: dark"),
        ("/favicon.ico", "image/svg+xml", "<svg"),
    ):
        res = _ask(app, "GET", path)
        assert res.status_code == 200 and text in res.text, path
        assert res.headers["Content-Type"].startswith(kind)
        assert res.headers["Content-Length"] == str(len(res.body))
        assert res.headers["Content-Security-Policy"] == "default-src 'self'"
        assert res.headers["X-Content-Type-Options"] == "nosniff"
        again = _ask(app, "GET", path, {"If-None-Match": res.headers["ETag"]})
        assert again.status_code == 304 and not again.body
        head = _ask(app, "HEAD", path)
        assert head.status_code == 200 and head.body is None
        assert head.headers["Content-Length"] == res.headers["Content-Length"]


def test_head_of_readings():
    app, _ = _app()
    res = _ask(app, "HEAD", "/api/v1/readings")
    assert res.status_code == 200 and res.body is None


async def _event(body):
    """The next event of ``body``, and the text in it that all clients share."""
    pieces = []
    while not pieces or not pieces[-1].endswith(b"\n\n"):
        piece = await body.__anext__()
        if len(pieces) == 1:
            shared = piece
        pieces.append(bytes(piece))
    return b"".join(pieces), shared


def test_each_snapshot_is_one_event_built_once():
    app, store = _app()

    async def go():
        one = (await _listen(app, Wire())).body
        two = (await _listen(app, Wire())).body
        text, shared = await _event(one)
        assert bytes(shared) == bytes((await _event(two))[1])
        assert text.startswith(b'data: {"snapshot":2,') and text.endswith(b"}\n\n")
        assert text.count(b"\n") == 2
        assert json.loads(text[6:].decode())["values"]["power_forward"] == 701
        waiting = asyncio.create_task(_event(one))
        await asyncio.sleep(0)
        _reply(store, 28, power_forward=702)
        _reply(store, 28, power_forward=703)
        # A client that was busy meanwhile gets the newest only.
        text, shared = await waiting
        assert json.loads(text[6:].decode())["values"]["power_forward"] == 703
        assert bytes(shared) == bytes((await _event(two))[1])
        await one.aclose()
        await two.aclose()

    asyncio.run(go())


def test_an_event_is_not_torn_by_a_snapshot_in_between():
    app, store = _app()

    async def go():
        body = (await _listen(app, Wire())).body
        pieces = [bytes(await body.__anext__())]
        _reply(store, 28, power_forward=1)
        report.snapshot(store)  # another output asks
        for _ in range(2):
            pieces.append(bytes(await body.__anext__()))
        text = b"".join(pieces)
        assert text.endswith(b"}\n\n")
        assert json.loads(text[6:].decode())["values"]["power_forward"] == 1
        await body.aclose()

    asyncio.run(go())


def test_a_crowded_chip_delays_an_event_and_then_sends_the_newest():
    from firmware.web import events

    app, store = _app()
    crowded = [True]

    async def go():
        wire = Wire()
        body = (await _listen(app, wire)).body
        assert await body.__anext__() == b"data: "
        waiting = asyncio.create_task(body.__anext__())
        for power in (702, 703):
            await asyncio.sleep(0.06)
            assert not waiting.done()
            _reply(store, 28, power_forward=power)
        crowded[0] = False
        text = bytes(await waiting)
        assert json.loads(text.decode())["values"]["power_forward"] == 703
        assert await body.__anext__() == b"\n\n"
        # It was the newest: nothing is left to be sent.
        idle = asyncio.create_task(body.__anext__())
        await asyncio.sleep(0.06)
        assert not idle.done()
        _reply(store, 28, power_forward=704)
        assert await idle == b"data: "
        crowded[0] = True
        wire.left = True
        try:
            await body.__anext__()
        except StopAsyncIteration:
            return
        raise AssertionError("the client left and is still waited for")

    kept = events.crowded
    events.crowded = lambda: crowded[0]
    try:
        asyncio.run(go())
    finally:
        events.crowded = kept


def test_places_for_live_pages():
    app, _ = _app(clients=2)

    async def go():
        await _listen(app, Wire(), "HEAD")
        wire = Wire()
        first = (await _listen(app, wire)).body
        second = (await _listen(app, Wire())).body
        res = await _listen(app, Wire())
        assert res.status_code == 503 and b"2 live pages" in res.body
        await second.aclose()
        await second.aclose()
        second = (await _listen(app, Wire())).body
        assert (await _listen(app, Wire())).status_code == 503
        await _event(first)
        wire.left = True
        try:
            await first.__anext__()
        except StopAsyncIteration:
            return
        raise AssertionError("the client left and is still served")

    asyncio.run(go())


def test_a_quiet_line_is_kept_alive():
    from firmware.web import events

    app, _ = _app()

    async def soon(_):
        pass

    async def go():
        body = (await _listen(app, Wire())).body
        await _event(body)
        assert await body.__anext__() == b": \n\n"

    kept = events.sleep_ms
    events.sleep_ms = soon
    try:
        asyncio.run(go())
    finally:
        events.sleep_ms = kept


def test_why_the_server_cannot_listen():
    why = failures.listening(OSError(errno.EADDRINUSE, "x"), "127.0.0.1", 80)
    assert why.startswith("port 80 is in use")


def test_what_is_no_route_is_asked_of_the_application():
    class Body:
        kind = "text/csv"

        def __init__(self):
            self.pieces = [b"a,", b"b\r\n"]

        def __aiter__(self):
            return self

        async def __anext__(self):
            if not self.pieces:
                raise StopAsyncIteration
            return self.pieces.pop(0)

    async def ask(req):
        if req.path == "/api/v1/profile":
            return 200, Body()
        return 404, "nobody knows " + req.path

    store = Readings(Clock(), 30)
    app = create_app(store, {"http_clients": 1}, dict, None, ask)
    res = _ask(app, "GET", "/api/v1/profile")
    assert res.status_code == 200 and res.body == b"a,b\r\n"
    assert res.headers["Content-Type"].startswith("text/csv")
    assert res.headers["Cache-Control"] == "no-store"
    res = _ask(app, "GET", "/api/v1/tables/XX")
    assert res.status_code == 404 and res.json == {"error": "nobody knows /api/v1/tables/XX"}
    assert "nothing" in _ask(app, "GET", "/elsewhere").text
