"""A module's set-up pages without its chip: radio, flash and restarts are stand-ins."""

import asyncio
import json

from microdot import Request
from microdot.microdot import NoCaseDict

from firmware import config, storage
from firmware.hal.clock import sleep_ms
from firmware.web import access, setup_app
from firmware.web import setup as page

KEY = "a7941d85bce8a8fa2ab7"
PHONE = ("192.168.4.2", 40000)
LAN = ("192.168.1.9", 40000)
HOST = "192.168.4.1"


class Radio:
    """A `Wifi` that joins ``works``."""

    name = "mep-123456"
    works = ("home", "secret12")

    def __init__(self, present):
        self.config = present
        self.state = "off"
        self.online = False

    def ip(self):
        return "192.168.1.50"

    def join(self, new):
        self.config = new
        self.state = "joining"
        self.online = False
        self.task = asyncio.create_task(self._join())

    async def _join(self):
        await sleep_ms(20)
        self.online = (self.config["wifi_ssid"], self.config["wifi_password"]) == self.works
        self.state = "online" if self.online else "wrong Wi-Fi password"


def form(fields):
    out = []
    for k in fields:
        value = fields[k].replace("%", "%25").replace("&", "%26").replace("+", "%2B")
        out.append("%s=%s" % (k, value))
    return "&".join(out)


class Rig:
    """The pages of a module with ``changes`` to the defaults, whose flash is a dict."""

    def __init__(self, facts=None, settings=False, token=None, **changes):
        present = config.validate(dict({"ap_password": "of this one"}, **changes), False)
        self.restarts = 0
        self.stored = []
        self.said = []
        self.radio = Radio(present)
        self.setup = page.Setup(
            present, self.radio, self._restart, self._log, facts, settings, token
        )
        self.setup.point = not settings
        self.setup.networks = [("home", -60), ('<b>"', -80)]
        self.app = setup_app.create_app(self.setup)
        self._kept = storage.save, page._TICK_MS, page._LEAVE_MS
        storage.save = lambda name, data: self.stored.append((name, json.loads(data.decode())))
        page._TICK_MS, page._LEAVE_MS = 5, 10

    def _restart(self):
        self.restarts += 1

    def _log(self, level, text):
        self.said.append(text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        storage.save, page._TICK_MS, page._LEAVE_MS = self._kept
        setup_app.limit(2048)

    async def ask(
        self, method, path, body="", peer=PHONE, host=HOST, origin="http://" + HOST, cookie=""
    ):
        headers = NoCaseDict()
        headers["host"] = host
        if cookie:
            headers["cookie"] = cookie
        if method == "POST":
            headers["content-type"] = "application/x-www-form-urlencoded"
            if origin:
                headers["origin"] = origin
        body = body.encode()
        headers["content-length"] = str(len(body))
        request = Request(self.app, peer, method, path, "1.1", headers, body)
        res = await self.app.dispatch_request(request)
        text = ""
        if hasattr(res.body, "read"):
            text = res.body.read()
            res.body.close()
        elif hasattr(res.body, "__next__"):
            text = "".join(list(res.body))
        elif res.body:
            text = res.body.decode()
        return res, text

    async def page(self, **how):
        return (await self.ask("GET", "/", **how))[1]

    async def step(self, step, **fields):
        """Send the form of ``step``, wait for what is tried; the page after it."""
        fields["step"] = step
        await self.ask("POST", "/save", form(fields))
        while self.setup.busy and not self.setup.over:
            await sleep_ms(5)
        return await self.page()


def rounds(n):
    """The stored hash of "correct horse" under ``n`` rounds."""
    return asyncio.run(access.make("correct horse", n))
