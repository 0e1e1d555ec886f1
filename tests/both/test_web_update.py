"""The page of `firmware.web.update`, over real connections of `firmware.web.server`."""

import asyncio
import os

from microdot import Microdot, Response

from firmware import slots
from firmware.hal.clock import sleep_ms
from firmware.web import server
from firmware.web import update as page
from test_recovery import _connect
from updatekit import FILES, KEY, Flash, make


class Module:
    """A served page; ``refuse`` refuses everybody."""

    def __init__(self, language="en"):
        self.flash = Flash()
        self.port = 20000 + int.from_bytes(os.urandom(2), "big") // 8
        self.restarts = 0
        self.refuse = False
        self.app = Microdot()
        self.app.connections = 4
        self._config = {"language": language, "update_key": KEY}

    async def __aenter__(self):
        self.flash.__enter__()
        self._leave_ms = page._LEAVE_MS
        page._LEAVE_MS = 10
        page.mount(self.app, self._allowed, self._config, self._restart)
        self.task = asyncio.create_task(server.serve(self.app, "127.0.0.1", self.port))
        return self

    async def __aexit__(self, *_):
        page._LEAVE_MS = self._leave_ms
        self.task.cancel()
        try:
            await self.task
        except asyncio.CancelledError:
            pass
        self.flash.__exit__()

    def _allowed(self, req):
        if self.refuse:
            return Response("who are you?\n", 403, reason="Forbidden")
        return None

    def _restart(self):
        self.restarts += 1

    async def ask(self, method, path, body=b"", length=None, cut=None):
        """(status, headers and body as text) of one request; ``cut``: bytes of the body sent."""
        reader, writer = await _connect(self.port)
        length = len(body) if length is None else length
        head = "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (method, path, length)
        writer.write(head.encode())
        body = body if cut is None else body[:cut]
        for at in range(0, len(body), 1000):
            writer.write(body[at : at + 1000])
            await writer.drain()
        if cut is not None:
            writer.close()
            await writer.wait_closed()
            return None
        got = b""
        while True:
            data = await reader.read(1000)
            if not data:
                break
            got += data
        writer.close()
        return int(got.split(b" ")[1]), got.decode()


async def test_a_bundle_is_taken_and_the_module_starts_again():
    async with Module() as m:
        status, text = await m.ask("GET", "/update")
        assert status == 200 and "the one flashed by cable" in text and "on trial" not in text
        assert "script-src 'self'" in text and "rollback" not in text
        assert (await m.ask("GET", "/update.js"))[1].count('request.open("POST", "/update")')
        files = dict(FILES, **{"web/large.gz": os.urandom(512) * 60})
        status, text = await m.ask("POST", "/update", make(files))
        assert status == 200 and "Version 2.0 is taken" in text
        assert m.flash.slot("a") == files
        await sleep_ms(50)
        assert m.restarts == 1
        m.flash.start()
        status, text = await m.ask("GET", "/update")
        assert "2.0 (a)" in text and "on trial" in text and 'type="file"' not in text
        assert (await m.ask("POST", "/update", make()))[0] == 409
        assert (await m.ask("POST", "/update/keep"))[0] == 200
        assert m.flash.start() == ("a", False)
        status, text = await m.ask("POST", "/update/rollback")
        assert status == 200 and m.flash.start() == ("", False)
        text = (await m.ask("GET", "/update"))[1]
        assert "2.0: given up by request" in text and "2.0 (a)" in text


async def test_refusals_reach_whoever_sends_in_their_language():
    large = dict(FILES, **{"web/large.gz": os.urandom(512) * 100})
    for language, said in (
        ("en", "not signed with this module's update key"),
        ("da", "ikke signeret med modulets opdateringsnøgle"),
        ("de", "nicht mit dem Update-Schlüssel"),
    ):
        async with Module(language) as m:
            status, text = await m.ask("POST", "/update", make(large, key="f" * 64))
            assert status == 400 and said in text
            assert (await m.ask("POST", "/update"))[0] == 411
            assert (await m.ask("POST", "/update", b"", length=1 << 30))[0] == 411
            assert (await m.ask("POST", "/update/rollback"))[0] == 409
            await sleep_ms(50)
            assert m.restarts == 0 and m.flash.files() == {}


async def test_a_sender_that_leaves():
    async with Module() as m:
        data = make(dict(FILES, **{"web/large.gz": os.urandom(512) * 60}))
        for cut in (0, 100, 2000, 20000):
            await m.ask("POST", "/update", data, cut=cut)
            for _ in range(100):
                await sleep_ms(10)
                if m.flash.files() == {}:
                    break
            assert m.flash.files() == {} and m.restarts == 0
        assert (await m.ask("POST", "/update", data))[0] == 200


async def test_who_is_not_allowed_gets_nothing():
    async with Module() as m:
        m.refuse = True
        for method, path in (
            ("GET", "/update"),
            ("POST", "/update"),
            ("POST", "/update/rollback"),
            ("POST", "/update/keep"),
        ):
            body = make() if path == "/update" and method == "POST" else b""
            status, text = await m.ask(method, path, body)
            assert status == 403 and "who are you?" in text, path
        assert m.flash.files() == {} and slots.load()["trial"] == -1


async def test_what_is_in_a_record_is_shown_as_text():
    async with Module() as m:
        record = slots.load()
        record["back"] = ["<b>", "import", "ValueError: <script>"]
        slots.save(record)
        text = (await m.ask("GET", "/update"))[1]
        assert "&lt;b&gt;: cannot be loaded (ValueError: &lt;script&gt;)" in text
