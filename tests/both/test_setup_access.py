"""Who is let into the settings, from which network and by which name; what they are told."""

import sys

sys.path.append("tests")

from firmware import radio
from firmware.texts import LANGUAGES
from firmware.web import setup_texts
from setupkit import KEY, LAN, Rig, rounds

SET_UP = {"key": KEY, "wifi_ssid": "home", "admin_hash": rounds(3)}


async def test_a_home_network_with_the_access_points_addresses_is_not_trusted():
    near = ("192.168.4.77", 40000)
    # In the settings the access point is not there at all.
    with Rig(settings=True, token="t" * 32, **SET_UP) as rig:
        assert 'action="/save"' not in await rig.page(peer=near)
        assert (await rig.ask("POST", "/restart", peer=near))[0].status_code == 403
    with Rig(lambda: ["a fact"], **SET_UP) as rig:
        assert 'action="/save"' in await rig.page(peer=near)
        rig.radio.ip = lambda: "192.168.4.50"  # who asks may be in either network
        assert 'action="/save"' not in await rig.page(peer=near, host="192.168.4.50")


async def test_strangers_neither_keep_the_settings_open_nor_see_what_is_going_on():
    with Rig(settings=True, token="t" * 32, **SET_UP) as rig:
        session = {"cookie": "mep=" + "t" * 32, "peer": LAN}
        rig.setup.said = ("ok", "key_ok", "NES 83332")
        for path in ("/", "/?lang=da", "/api/v1/readings", "/setup.css"):
            await rig.ask("GET", path, peer=LAN)
        await rig.ask("POST", "/login", "password=wrong+horse", peer=LAN)
        assert rig.setup.asked == 0 and rig.setup.draft["language"] == "en"
        text = await rig.page(peer=LAN)
        assert "not the password" in text and "83332" not in text
        assert "Kodeord" in (await rig.ask("GET", "/?lang=da", peer=LAN))[1]
        text = await rig.page(**session)
        assert "83332" in text and "not the password" not in text and rig.setup.asked == 1
        assert "Alle indstillinger" in (await rig.ask("GET", "/all?lang=da", **session))[1]


async def test_the_name_that_a_router_gives_is_the_modules_too():
    with Rig(settings=True, token="t" * 32, **SET_UP) as rig:
        how = {"cookie": "mep=" + "t" * 32, "peer": LAN}
        name = "mep-123456.fritz.box"
        assert 'action="/save"' in await rig.page(host=name, **how)
        assert 'action="/login"' in await rig.page(host=name, peer=LAN)
        rig.radio.online = True
        res, _ = await rig.ask("GET", "/", host="meter.example", peer=LAN)
        assert res.headers["Location"] == "http://192.168.1.50/", "where it can be reached"
    with Rig() as rig:
        res, _ = await rig.ask("GET", "/", host="mep-123456.example")
        assert res.headers["Location"] == "http://192.168.4.1/"


async def test_the_list_counts_when_nothing_new_is_written_beside_it():
    with Rig() as rig:
        await rig.step("wifi", network="", wifi_ssid="hidden", wifi_password="secret12")
        assert rig.setup.draft["wifi_ssid"] == "hidden"
        # The name stays in its field when the owner chooses from the list instead.
        await rig.step("wifi", network="home", wifi_ssid="hidden", wifi_password="secret12")
        assert rig.setup.draft["wifi_ssid"] == "home"
        await rig.step("wifi", network="home", wifi_ssid="far", wifi_password="secret12")
        assert rig.setup.draft["wifi_ssid"] == "far"


async def test_why_there_is_no_network_is_said_in_the_language():
    with Rig(language="de") as rig:
        text = await rig.step("wifi", network="home", wifi_password="wrong-one")
        assert "falsches WLAN-Passwort" in text and "wrong Wi-Fi" not in text


async def test_the_address_is_told_with_the_name():
    with Rig(**SET_UP) as rig:
        rig.radio.online = True
        text = await rig.step("done")
        assert "http://mep-123456.local/" in text and "http://192.168.1.50/" in text


# firmware.texts.setup_en, firmware.texts.setup_da, firmware.texts.setup_de; those of the door are
# firmware.texts.door_en, firmware.texts.door_da and firmware.texts.door_de.
def test_every_reason_of_the_radio_has_its_words():
    for language in LANGUAGES:
        texts = setup_texts.load(language)
        for _, why in radio._WHY:
            assert setup_texts.find(texts, why), why
