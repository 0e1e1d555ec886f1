"""Set-up and safe mode: `firmware.recovery` with `firmware.web.setup` and its texts."""

import asyncio
import json
import os
import sys

sys.path.append("tests")

from microdot import Request
from microdot.microdot import NoCaseDict

from fakes import Chip, network
from firmware import config, recovery, setup_ap, storage
from firmware.hal.clock import sleep_ms
from firmware.web import setup as page
from firmware.web import setup_texts

KEY = "a7941d85bce8a8fa2ab7"
PHONE = ("192.168.4.2", 40000)
LAN = ("192.168.1.9", 40000)
HOST = "192.168.4.1"


class Guard:
    version = "1.2"
    trial = False
    def __init__(self):
        self.cause = "reset"
        self.why = "the button was held at the start"
        self.faults = ["ValueError: key was %s" % KEY]
        self.redact = None
        self.well = 0

    def healthy(self):
        self.well += 1

    def note(self, text):
        self.faults.append(text)


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
        self.task = asyncio.create_task(self._join())

    async def _join(self):
        await sleep_ms(20)
        self.online = (self.config["wifi_ssid"], self.config["wifi_password"]) == self.works
        self.state = "online" if self.online else "wrong Wi-Fi password"


def _form(**fields):
    return "&".join(["%s=%s" % (k, fields[k].replace("&", "%26")) for k in fields])


class Rig:
    """The page of a module with ``changes`` to the defaults, whose flash is a dict."""

    def __init__(self, facts=None, **changes):
        present = config.validate(dict({"ap_password": "of this one"}, **changes), False)
        self.restarts = 0
        self.stored = []
        self.radio = Radio(present)
        self.setup = page.Setup(present, self.radio, self._restart, facts)
        self.setup.networks = [("home", -60), ('<b>"', -80)]
        self.app = page.create_app(self.setup)
        self._kept = storage.save, page._TICK_MS, page._LEAVE_MS
        storage.save = lambda name, data: self.stored.append((name, json.loads(data.decode())))
        page._TICK_MS, page._LEAVE_MS = 5, 10

    def _restart(self):
        self.restarts += 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        storage.save, page._TICK_MS, page._LEAVE_MS = self._kept
        page.limit(2048)

    async def ask(self, method, path, body="", peer=PHONE, host=HOST, origin="http://" + HOST):
        headers = NoCaseDict()
        headers["host"] = host
        if method == "POST":
            headers["content-type"] = "application/x-www-form-urlencoded"
            if origin:
                headers["origin"] = origin
        headers["content-length"] = str(len(body))
        request = Request(self.app, peer, method, path, "1.1", headers, body.encode())
        res = await self.app.dispatch_request(request)
        text = ""
        if hasattr(res.body, "__next__"):
            text = "".join(list(res.body))
        elif res.body:
            text = res.body.decode()
        return res, text

    async def save(self, **fields):
        form = {"network": "home", "wifi_password": "secret12", "key": KEY, "board": "dabbler"}
        form.update(fields)
        return await self.ask("POST", "/save", _form(**form))


async def test_phones_are_led_to_the_page():
    with Rig() as rig:
        for host, path in (
            ("connectivitycheck.gstatic.com", "/generate_204"),
            ("connectivitycheck.gstatic.com", "/gen_204"),
            ("captive.apple.com", "/hotspot-detect.html"),
            ("www.apple.com", "/library/test/success.html"),
            ("www.msftconnecttest.com", "/connecttest.txt"),
            ("www.msftncsi.com", "/ncsi.txt"),
            ("www.msftconnecttest.com", "/redirect"),
            ("detectportal.firefox.com", "/"),
        ):
            res, text = await rig.ask("GET", path, host=host)
            assert res.status_code == 302 and res.headers["Location"] == "http://192.168.4.1/"
            assert text == ""
        res, _ = await rig.ask("GET", "/generate_204")
        assert res.status_code == 303 and res.headers["Location"] == "/"
        assert (await rig.ask("GET", "/"))[0].status_code == 200


async def test_the_page_has_all_fields_and_no_secret():
    with Rig(wifi_ssid="home", wifi_password="secret12", mqtt_password="hush-hush") as rig:
        res, text = await rig.ask("GET", "/?lang=da")
        for name in page.FIELDS:
            assert 'name="%s"' % name in text
        assert '<html lang="da">' in text and "Gem og start" in text and "MEP-n" in text
        assert '<option value="home" selected>home (-60 dBm)' in text
        assert '<option value="&lt;b&gt;&quot;"' in text
        assert "secret12" not in text and "hush" not in text and "of this one" not in text
        assert "<script" not in text and "unsafe-inline" in res.headers["Content-Security-Policy"]
        # Under no-referrer browsers would call the form's origin null.
        assert res.headers["Referrer-Policy"] == "same-origin"


async def test_a_network_that_can_be_joined_is_stored():
    with Rig() as rig:
        res, _ = await rig.save(mqtt_host=" broker.lan ")
        assert res.status_code == 303
        text = (await rig.ask("GET", "/"))[1]
        assert 'http-equiv="refresh"' in text and rig.stored == []
        await sleep_ms(80)
        ((name, stored),) = rig.stored
        assert name == "config" and rig.restarts == 1
        assert stored["wifi_ssid"] == "home" and stored["wifi_password"] == "secret12"
        assert stored["key"] == KEY and stored["board"] == "dabbler"
        assert stored["mqtt_host"] == "broker.lan" and stored["ap_password"] == "of this one"
        assert "mep-123456.local" in (await rig.ask("GET", "/"))[1]


async def test_a_wrong_password_is_said_and_nothing_stored():
    with Rig() as rig:
        await rig.save(wifi_password="wrong-one")
        await sleep_ms(80)
        text = (await rig.ask("GET", "/"))[1]
        assert "wrong Wi-Fi password" in text and rig.stored == [] and rig.restarts == 0
        assert rig.radio.config["wifi_ssid"] == "", "its tries would disturb the set-up network"
        # What was written stays, so that only the password must be written again.
        assert '<option value="home" selected>' in text and "wrong-one" not in text
        await rig.save(key="", wifi_password="secret12")
        await sleep_ms(80)
        assert rig.stored[0][1]["key"] == KEY


async def test_save_anyway_and_a_hidden_network():
    with Rig() as rig:
        await rig.save(network="", wifi_ssid="hidden & far", wifi_password="", anyway="1")
        await sleep_ms(40)
        assert rig.stored[0][1]["wifi_ssid"] == "hidden & far" and rig.restarts == 1
        assert rig.stored[0][1]["wifi_password"] == ""


async def test_each_field_says_what_is_wrong_with_it():
    with Rig(language="de") as rig:
        await rig.save(key="short", wifi_password="1234567", board="toaster", mqtt_host="a b")
        text = (await rig.ask("GET", "/"))[1]
        for name in ("key", "wifi_password", "board", "mqtt_host"):
            field = text[text.index('name="%s"' % name) :]
            bad = field[field.index('class="bad">') :]
            assert bad.startswith('class="bad">config: %s (' % name), bad[:60]
        assert "schreiben" in text and "1234567" not in text
        assert rig.stored == [] and rig.restarts == 0 and rig.radio.state == "off"


async def test_an_uploaded_configuration():
    with Rig() as rig:
        await rig.ask("POST", "/import", 'config={"mqtt_host": "broker", "http_prot": 1}')
        assert "http_prot" in (await rig.ask("GET", "/"))[1] and rig.stored == []
        await rig.ask("POST", "/import", "config=nonsense")
        assert "JSON" in (await rig.ask("GET", "/"))[1] and rig.stored == []
        await rig.ask("POST", "/import", 'config={"mqtt_host": "broker"}')
        assert rig.stored[0][1]["mqtt_host"] == "broker"
        await sleep_ms(40)
        assert rig.restarts == 1


async def test_a_full_flash_is_told_and_nothing_starts_again():
    with Rig() as rig:

        def full(name, data):
            raise storage.StorageError("full", "", 28)

        storage.save = full
        await rig.save(anyway="1")
        await sleep_ms(40)
        assert "flash is full" in (await rig.ask("GET", "/"))[1] and rig.restarts == 0


async def test_other_pages_cannot_change_anything():
    with Rig() as rig:
        for origin in (None, "null", "http://evil.example", "https://192.168.4.1"):
            for path in ("/save", "/import", "/restart"):
                res, _ = await rig.ask("POST", path, "config={}", origin=origin)
                assert res.status_code == 403, (origin, path)
        evil = "evil.example"  # whose name was made to point here
        res, _ = await rig.ask("POST", "/restart", host=evil, origin="http://" + evil)
        assert res.status_code == 403
        await sleep_ms(40)
        assert rig.restarts == 0 and rig.stored == []
        local = "mep-123456.local"
        await rig.ask("POST", "/restart", host=local, origin="http://" + local)
        await sleep_ms(40)
        assert rig.restarts == 1


async def test_a_module_that_is_set_up_takes_changes_only_on_its_own_network():
    with Rig(lambda: ["a fact"], key=KEY, wifi_ssid="home") as rig:
        for peer in (LAN, None, b"\x02\x00", ("192.168.40.2", 1)):
            res, _ = await rig.ask("POST", "/restart", peer=peer)
            assert res.status_code == 403
            text = (await rig.ask("GET", "/?scan=1", peer=peer))[1]
            assert "<form" not in text and "a fact" in text
        assert "<form" in (await rig.ask("GET", "/"))[1]
        assert (await rig.ask("POST", "/restart"))[0].status_code == 303


def test_every_language_has_every_text():
    for language in setup_texts.TEXTS:
        texts = setup_texts.TEXTS[language]
        assert len(texts) == len(setup_texts.NAMES) and all(texts)
        assert language in [code for code, _ in setup_texts.LANGUAGES]


def test_networks_the_strongest_first_and_once():
    with Chip():
        point = network.AccessPoint
        network.air.extend([point("b", rssi=-80), point("a", rssi=-70), point("b", rssi=-40)])
        sta = network.WLAN(network.STA_IF)
        sta.active(True)

        class Wifi:
            up = staticmethod(lambda: sta)

        assert page.scan(Wifi) == [("b", -40), ("a", -70)]
        sta.active(False)
        assert page.scan(Wifi) == []


class _Hal:
    """`firmware.hal.esp32`, as far as `Recovery` needs it."""

    network = network

    class watchdog:
        def __init__(self, timeout_ms):
            self.fed = 0

        def feed(self):
            self.fed += 1

    @staticmethod
    def restart():
        raise OSError("restarted")


async def _connect(port):
    for _ in range(500):
        await sleep_ms(10)
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except OSError:  # not listening yet
            pass
    raise OSError("nothing listens")


def _make(safe, window, port):
    guard = Guard()
    given = {"ap_password": "of this one", "key": KEY if safe or window else ""}
    if window:
        given.update({"wifi_ssid": "home", "wifi_password": "secret12"})
    present = config.validate(given, False)
    network.air.append(network.AccessPoint("home", "secret12"))
    setup_ap.PORT = port
    rec = recovery.Recovery(guard, present, [], safe, _Hal, window, ("127.0.0.1", port))
    return rec, guard


async def _recover(safe):
    """Run `Recovery` for a moment; it, its guard, what a client of its page got."""
    port = 20000 + int.from_bytes(os.urandom(2), "big") // 4
    rec, guard = _make(safe, False, port)
    task = asyncio.create_task(rec.run())
    try:
        reader, writer = await _connect(port)
        writer.write(b"GET / HTTP/1.1\r\nHost: mep-123456\r\n\r\n")
        await writer.drain()
        got = b""
        while True:
            data = await reader.read(1000)
            if not data:
                break
            got += data
        writer.close()
    finally:
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        await sleep_ms(20)
        setup_ap.PORT = 53
        page.limit(2048)
    return rec, guard, got.decode()


async def test_set_up_opens_the_access_point_and_serves():
    with Chip():
        rec, guard, got = await _recover(False)
        assert ("active", network.AP_IF, True) in network.calls()
        assert "200 OK" in got and "Set up the meter module" in got and "home (-60 dBm)" in got
        assert "<pre>" not in got


async def test_safe_mode_tells_what_was_without_secrets():
    with Chip():
        rec, guard, got = await _recover(True)
        assert "Safe mode" in got and "the button was held at the start" in got
        assert "ValueError: key was ***" in got and KEY not in got
        assert "set-up network mep-123456 is open" in got


async def test_the_window_closes_when_the_network_is_back():
    seen = []
    over = setup_ap.AccessPoint.over

    def watched(point, passed, online):
        seen.append(online)
        return over(point, passed, online)

    setup_ap.AccessPoint.over = watched
    try:
        with Chip():
            rec, guard = _make(False, True, 20000 + int.from_bytes(os.urandom(2), "big") // 4)
            await asyncio.wait_for(rec.run(), 20)
    except OSError as e:
        assert "restarted" in str(e)
    else:
        raise AssertionError("goes on")
    finally:
        setup_ap.AccessPoint.over = over
        setup_ap.PORT = 53
        page.limit(2048)
    assert seen[0] is False and seen[-1] is True and guard.well == 1
