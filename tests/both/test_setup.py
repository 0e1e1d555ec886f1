"""The wizard, the settings, and who may use them (`firmware.web.setup_app`)."""

import sys

sys.path.append("tests")

from fakes import Chip, network
from firmware import boards, storage
from firmware.hal.clock import sleep_ms
from firmware.texts import LANGUAGES
from firmware.web import setup as page
from firmware.web import setup_app, setup_pages, setup_texts, trials
from setupkit import HOST, KEY, LAN, Rig, form, rounds

HASH = rounds(3)
HORSE = "correct horse"
SET_UP = {"key": KEY, "wifi_ssid": "home", "admin_hash": HASH}


class Trials:
    """`firmware.web.trials` that give what a test wants."""

    def __init__(self, key=("key_ok", "NES 83332"), broker=("mqtt_ok", "")):
        self.key, self.broker = key, broker
        self.asked = []

    def __enter__(self):
        self._kept = trials.try_key, trials.try_broker
        trials.try_key = self._key
        trials.try_broker = self._broker
        # On MicroPython the module is dropped after each use.
        self._drop, page.drop = page.drop, lambda *names: None
        return self

    def __exit__(self, *_):
        trials.try_key, trials.try_broker = self._kept
        page.drop = self._drop

    async def _key(self, config, log, open_line=None):
        self.asked.append(config["key"])
        await sleep_ms(5)
        return self.key

    async def _broker(self, config, log):
        self.asked.append(config["mqtt_host"])
        return self.broker


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


async def test_the_whole_way():
    with Rig() as rig, Trials() as tried:
        text = await rig.page()
        assert "Which module is it?" in text and "<script" not in text
        text = await rig.step("board", board="dabbler")
        assert "Your Wi-Fi" in text and '<option value="home" selected>home (-60 dBm)' in text
        assert '<option value="&lt;b&gt;&quot;"' in text
        text = await rig.step("wifi", network="home", wifi_password="secret12")
        assert "Joined" in text and "192.168.1.50" in text and 'name="key"' in text
        text = await rig.step("key", key="  " + KEY + " ")
        assert "takes the key" in text and "NES 83332" in text and tried.asked == [KEY]
        text = await rig.step("admin", password=HORSE, again=HORSE)
        assert "The password is set" in text and 'name="mqtt_host"' in text
        text = await rig.step("mqtt", mqtt_host=" broker.lan ", mqtt_port="1884", mqtt_base="mep")
        assert "takes the module" in text and "broker.lan:1884" in text and "still" not in text
        assert rig.stored == [] and rig.restarts == 0, "all at once, at the end"
        assert KEY not in text and "secret12" not in text and HORSE not in text
        text = await rig.step("done")
        ((name, stored),) = rig.stored
        assert name == "config" and "mep-123456.local" in text
        await sleep_ms(40)
        assert rig.restarts == 1
        for key, value in (
            ("board", "dabbler"),
            ("wifi_ssid", "home"),
            ("wifi_password", "secret12"),
            ("key", KEY),
            ("mqtt_host", "broker.lan"),
            ("mqtt_port", 1884),
            ("ap_password", "of this one"),
        ):
            assert stored[key] == value, key
        assert await page.access.check(HORSE, stored["admin_hash"])
        assert not await page.access.check("correct horsE", stored["admin_hash"])


async def test_nothing_is_saved_before_all_that_must_be_is_there():
    with Rig() as rig, Trials():
        for step, fields in (
            ("wifi", {"network": "home", "wifi_password": "secret12"}),
            ("key", {"key": KEY}),
            ("admin", {"password": HORSE, "again": HORSE}),
        ):
            text = await rig.step("done")
            assert "Still missing" in text and rig.stored == []
            await rig.step(step, **fields)
        await rig.step("done")
        assert len(rig.stored) == 1


async def test_a_wrong_wifi_password_is_said_and_the_old_network_kept():
    with Rig() as rig:
        text = await rig.step("wifi", network="home", wifi_password="wrong-one")
        assert "wrong Wi-Fi password" in text and 'class="say bad"' in text
        assert rig.radio.config["wifi_ssid"] == "", "its tries would disturb the set-up network"
        # What was written stays, so that only the password must be written again.
        assert '<option value="home" selected>' in text and "wrong-one" not in text
        assert 'name="anyway"' in text
        text = await rig.step("wifi", network="home", wifi_password="wrong-one", anyway="1")
        assert 'name="key"' in text
        text = await rig.step("wifi", network="home", wifi_password="secret12")
        assert "Joined" in text
        text = await rig.step("wifi", network="", wifi_ssid="hidden & far", anyway="1")
        assert rig.setup.draft["wifi_ssid"] == "hidden & far"
        assert rig.setup.draft["wifi_password"] == ""


async def test_what_the_meter_says_of_the_key_is_told_with_what_to_do():
    for outcome, words in (
        ("key_refused", "ask the grid company"),
        ("key_silent", "Does the display show an M"),
        ("key_noise", "disturbed"),
        ("key_line", "is it the right board"),
    ):
        with Rig() as rig, Trials((outcome, "because")):
            text = await rig.step("key", key=KEY)
            assert words in text and "because" in text and 'name="anyway"' in text
            assert rig.setup.step == "key" and "key" not in rig.setup.passed
            text = await rig.step("key", key="", anyway="1")
            assert rig.setup.draft["key"] == KEY and rig.setup.step == "admin"
    with Rig(language="de") as rig, Trials(("key_refused", "")):
        assert "Der Zähler lehnt den Schlüssel ab" in await rig.step("key", key=KEY)
    with Rig() as rig, Trials() as tried:
        text = await rig.step("key", key="short")
        assert "config: key" in text and tried.asked == [] and "short" not in text
        rig.setup.draft["key"] = ""
        assert "config: key" in await rig.step("key", key="") and tried.asked == []


async def test_what_the_broker_says_is_told_with_what_to_do():
    for outcome, words in (
        ("mqtt_login", "refuses user or password"),
        ("mqtt_name", "No such host"),
        ("mqtt_silent", "Nothing answers there"),
        ("mqtt_other", "not as it should"),
    ):
        with Rig() as rig, Trials(broker=(outcome, "because")):
            text = await rig.step("mqtt", mqtt_host="broker", mqtt_port="1883", mqtt_base="mep")
            assert words in text and rig.setup.step == "mqtt" and 'name="anyway"' in text
    with Rig() as rig, Trials() as tried:
        text = await rig.step("mqtt", mqtt_host="broker", mqtt_port="x1", mqtt_base="a/#")
        assert "config: mqtt_port" in text and "config: mqtt_base" in text and tried.asked == []
        text = await rig.step("mqtt", mqtt_host="", mqtt_port="1883", mqtt_base="mep")
        assert "No MQTT" in text and rig.setup.step == "done" and tried.asked == []


async def test_passwords_that_will_not_do():
    with Rig() as rig:
        for first, second, words in (
            ("", "", "8 to 64"),
            ("seven77", "seven77", "8 to 64"),
            ("x" * 65, "x" * 65, "8 to 64"),
            (HORSE, HORSE + "s", "not the same"),
        ):
            text = await rig.step("admin", password=first, again=second)
            assert words in text and rig.setup.draft["admin_hash"] == ""


async def test_each_field_says_what_is_wrong_with_it():
    with Rig(language="de") as rig:
        for step, fields in (
            ("board", {"board": "toaster"}),
            ("wifi", {"network": "home", "wifi_password": "1234567"}),
            ("mqtt", {"mqtt_host": "a b", "mqtt_port": "0", "mqtt_base": "mep"}),
        ):
            text = await rig.step(step, **fields)
            assert "schreiben" in text or "sein" in text
            assert "<em>config: %s" % {"wifi": "wifi_password"}.get(step, step)[:4] in text
            assert "1234567" not in text and rig.stored == [] and rig.radio.state == "off"


async def test_all_settings():
    with Rig(settings=True, token="t" * 32, mqtt_password="hush-hush", **SET_UP) as rig:
        session = {"cookie": "mep=" + "t" * 32, "peer": LAN}
        text = (await rig.ask("GET", "/all", **session))[1]
        for entry in page.configuration.SCHEMA:
            shown = 'name="%s"' % entry[0] in text
            assert shown is (entry[0] not in setup_pages.HIDDEN), entry[0]
        for secret in ("hush", KEY, "of this one", HASH):
            assert secret not in text
        assert "5..3600 (30)" in text and "(pool.ntp.org)" in text
        fields = {"stale_s": "60", "fast": "true", "mqtt_password": "", "cpu_mhz": "80"}
        res, _ = await rig.ask("POST", "/all", form(fields), **session)
        draft = rig.setup.draft
        assert res.headers["Location"] == "/" and rig.setup.step == "done"
        assert (draft["stale_s"], draft["fast"], draft["cpu_mhz"]) == (60, True, 80)
        assert draft["mqtt_password"] == "hush-hush" and rig.stored == []
        fields = {"stale_s": "soon", "timezone": "Mars"}
        res, _ = await rig.ask("POST", "/all", form(fields), **session)
        text = (await rig.ask("GET", "/all", **session))[1]
        assert "config: stale_s" in text and "config: timezone" in text
        assert rig.setup.draft["stale_s"] == 60
        text = (await rig.ask("GET", "/export", **session))[1]
        assert '"wifi_ssid": "home"' in text and "hush" not in text and KEY not in text


async def test_an_uploaded_configuration():
    with Rig() as rig:
        await rig.ask("POST", "/import", 'config={"mqtt_host": "broker", "http_prot": 1}')
        assert "http_prot" in await rig.page() and rig.stored == []
        await rig.ask("POST", "/import", "config=nonsense")
        assert "JSON" in await rig.page() and rig.stored == []
        await rig.ask("POST", "/import", 'config={"mqtt_host": "broker"}')
        assert rig.stored[0][1]["mqtt_host"] == "broker"
        await sleep_ms(40)
        assert rig.restarts == 1


async def test_a_full_flash_is_told_and_nothing_starts_again():
    with Rig(**SET_UP) as rig:

        def full(name, data):
            raise storage.StorageError("full", "", 28)

        storage.save = full
        text = await rig.step("done")
        assert "flash is full" in text
        await sleep_ms(40)
        assert rig.restarts == 0


async def test_other_pages_cannot_change_anything():
    for more in ({}, dict(SET_UP, token="t" * 32, settings=True)):
        with Rig(**more) as rig:
            how = {"cookie": "mep=" + "t" * 32, "peer": LAN} if more else {}
            for origin in (None, "null", "http://evil.example", "https://192.168.4.1"):
                if origin is None and more:
                    continue  # a program with the session's cookie
                for path in ("/save", "/import", "/restart", "/all"):
                    res, _ = await rig.ask("POST", path, "config={}", origin=origin, **how)
                    assert res.status_code == 403, (origin, path)
            evil = "evil.example"  # whose name was made to point here
            res, _ = await rig.ask("POST", "/restart", host=evil, origin="http://" + evil, **how)
            assert res.status_code == 403
            await sleep_ms(40)
            assert rig.restarts == 0 and rig.stored == []
            local = "mep-123456.local"
            await rig.ask("POST", "/restart", host=local, origin="http://" + local, **how)
            await sleep_ms(40)
            assert rig.restarts == 1


async def test_a_module_that_is_set_up_asks_for_its_password():
    with Rig(lambda: ["a fact"], **SET_UP) as rig:
        for peer in (LAN, None, b"\x02\x00", ("192.168.40.2", 1)):
            for path in ("/restart", "/save", "/import", "/all"):
                assert (await rig.ask("POST", path, peer=peer))[0].status_code == 403
            for path in ("/?scan=1", "/all", "/export"):
                res, text = await rig.ask("GET", path, peer=peer)
                assert "/save" not in text and "wifi_ssid" not in text
            text = await rig.page(peer=peer)
            assert 'action="/login"' in text and "a fact" in text and 'action="/save"' not in text
        assert 'action="/save"' in await rig.page(), "its own network needs no password"
        res, _ = await rig.ask("POST", "/login", "password=wrong+horse", peer=LAN)
        assert "Set-Cookie" not in res.headers
        assert "not the password" in await rig.page(peer=LAN)
        res, _ = await rig.ask("POST", "/login", "password=correct+horse", peer=LAN)
        cookie = res.headers["Set-Cookie"]
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
        session = "other=1; " + cookie.split(";")[0]
        assert 'action="/save"' in await rig.page(peer=LAN, cookie=session)
        assert 'action="/save"' not in await rig.page(peer=LAN, cookie=session + "0")
        res, _ = await rig.ask("POST", "/restart", peer=LAN, cookie=session)
        assert res.status_code == 303
    with Rig(**dict(SET_UP, admin_hash="")) as rig:
        text = await rig.page(peer=LAN)
        assert "<form" not in text and "own network" in text
        res, _ = await rig.ask("POST", "/login", "password=", peer=LAN)
        assert "Set-Cookie" not in res.headers


def test_every_language_has_every_text():
    # firmware.texts.setup_en setup_da setup_de, firmware.texts.door_en, firmware.texts.door_da,
    # firmware.texts.door_de
    for kind in ("setup_", "door_"):
        english = setup_texts.load("en", kind)
        names = [english[i] for i in range(0, len(english), 2)]
        assert len(set(names)) == len(names)
        for language in LANGUAGES:
            texts = setup_texts.load(language, kind)
            assert [texts[i] for i in range(0, len(texts), 2)] == names and all(texts)
    assert sorted(LANGUAGES) == sorted([code for code, _ in setup_texts.LANGUAGES])


def test_every_board_is_told_how_to_know_it():
    texts = setup_texts.load("da")
    for name in boards.NAMES:
        assert setup_texts.find(texts, "board_" + name)


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
    assert HOST == "192.168.4.1"


async def test_updates_are_loaded_with_the_first_who_asks():
    mounted = []

    def mount(app):
        mounted.append(app)

        @app.get("/update")
        async def page(req):
            return "the page of updates"

    with Rig(**SET_UP) as rig:
        rig.setup.updates = mount
        rig.app = setup_app.create_app(rig.setup)
        assert rig.app.streamed == "/update" and mounted == []
        assert 'href="/update"' in await rig.page()
        for _ in range(2):
            assert (await rig.ask("GET", "/update"))[1] == "the page of updates"
        assert len(mounted) == 2, "in memory only while it is asked for"
        assert (await rig.ask("POST", "/update/keep"))[0].status_code == 303
        assert (await rig.ask("POST", "/update", peer=LAN))[0].status_code == 403


async def test_the_style_is_a_file_of_its_own():
    with Rig() as rig:
        res, style = await rig.ask("GET", "/setup.css")
        assert res.status_code == 200 and "css" in res.headers["Content-Type"]
        assert b"color-scheme" in style or "Content-Encoding" in res.headers
        assert "unsafe" not in (await rig.ask("GET", "/"))[0].headers["Content-Security-Policy"]
