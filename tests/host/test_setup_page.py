"""The wizard in a real browser at a phone's size: simulated meter, real broker, radio made up.

With SCREENSHOTS=docs/setup in the environment each step's picture is kept there.
"""

import asyncio
import json
import os
import threading
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from conftest import program, unused_port
from firmware import config as configuration
from firmware import storage
from firmware.hal.ports import open_port
from firmware.web import setup as pages
from firmware.web.server import serve
from firmware.web.setup_app import create_app, limit
from setupkit import Radio
from tools.mepsim.channel import Channel
from tools.mepsim.live import House
from tools.mepsim.meter import DEFAULT_MBK, Meter
from tools.mepsim.models import MODELS
from tools.mepsim.serve import serve as simulate

HORSE = "correct horse battery"
WRONG = "b" * 20
PICTURES = os.environ.get("SCREENSHOTS")


class Module:
    """The set-up pages of one module in a thread of its own, a simulated meter on its line."""

    def __init__(self, monkeypatch, **known):
        self.port = unused_port()
        self.known = known
        self.stored = []
        self.restarts = 0
        self.log = []
        monkeypatch.setattr(storage, "save", lambda name, data: self.stored.append(data))
        monkeypatch.setattr(pages, "_TICK_MS", 50)
        monkeypatch.setattr(pages, "_LEAVE_MS", 500)

    def start(self):
        ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run(ready)))
        self.thread.start()
        assert ready.wait(10)

    async def _run(self, ready):
        self.loop = asyncio.get_running_loop()
        self.stop_now = asyncio.Event()
        meter = Meter(MODELS["gen3"], House("steady"), sequence=0)
        simulated = await simulate(Channel(meter, paced=False), "127.0.0.1", 0)
        given = {"ap_password": "of this one", "port": simulated.url}
        present = configuration.validate(dict(given, **self.known), False)
        self.setup = pages.Setup(present, Radio(present), self._restart, self._log)
        self.setup.open_line = lambda: open_port(simulated.url)
        self.setup.networks = [("home", -58), ("next door", -81)]
        task = asyncio.create_task(serve(create_app(self.setup), "127.0.0.1", self.port))
        await asyncio.sleep(0.1)
        ready.set()
        await self.stop_now.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await simulated.close()

    def _log(self, level, text):
        self.log.append(text)

    def _restart(self):
        self.restarts += 1

    def stop(self):
        self.loop.call_soon_threadsafe(self.stop_now.set)
        self.thread.join()
        limit(2048)


@pytest.fixture(scope="module")
def browser(chromium):
    options = Options()
    options.binary_location = chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    # As in the home network, where the module's name leads to it.
    options.add_argument("--host-resolver-rules=MAP mep-123456.local 127.0.0.1")
    driver = webdriver.Chrome(options=options, service=Service(program("chromedriver")))
    screen = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    yield driver
    driver.quit()


class Phone:
    def __init__(self, driver, module):
        self.driver = driver
        self.home = "http://mep-123456.local:%d/" % module.port
        driver.get(self.home)

    def until(self, text, seconds=20):
        WebDriverWait(self.driver, seconds, 0.1, (Exception,)).until(
            lambda d: text in d.find_element(By.TAG_NAME, "body").text, "never showed " + text
        )

    def picture(self, name):
        width = self.driver.execute_script("return document.documentElement.scrollWidth")
        assert width <= 390, "%s is wider than the phone" % name
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot("%s/%s.png" % (PICTURES, name))

    def write(self, name, text):
        field = self.driver.find_element(By.NAME, name)
        field.clear()
        field.send_keys(text)

    def click(self, css="main button"):
        self.driver.find_element(By.CSS_SELECTOR, css).click()


def test_the_wizard_from_a_phone(browser, mosquitto, monkeypatch):
    module = Module(monkeypatch)
    module.start()
    try:
        phone = Phone(browser, module)
        phone.until("Which module is it?")
        phone.click("input[value=dabbler]")
        phone.picture("1-board")
        phone.click()
        phone.until("Your Wi-Fi")
        phone.write("wifi_password", "wrong-one")
        phone.click()
        phone.until("wrong Wi-Fi password")
        phone.picture("2-wifi-wrong")
        phone.write("wifi_password", "secret12")
        phone.click()
        phone.until("Joined")
        phone.write("key", WRONG)
        phone.click()
        phone.until("The meter refuses the key")
        phone.picture("3-key-refused")
        phone.write("key", DEFAULT_MBK.decode())
        phone.click()
        phone.until("The meter takes the key")
        phone.picture("4-password")
        phone.write("password", HORSE)
        phone.write("again", HORSE)
        phone.click()
        phone.until("The password is set")
        phone.write("mqtt_host", "127.0.0.1")
        phone.write("mqtt_port", "1")
        phone.click()
        phone.until("Nothing answers there")
        phone.write("mqtt_port", str(mosquitto.port))
        phone.picture("5-mqtt")
        phone.click()
        phone.until("The broker takes the module")
        phone.picture("6-finish")
        assert module.stored == []
        phone.click()
        phone.until("Saved")
        phone.picture("7-saved")
        WebDriverWait(browser, 10).until(lambda _: module.restarts == 1)
        stored = json.loads(module.stored[0])
        assert stored["key"] == DEFAULT_MBK.decode() and stored["board"] == "dabbler"
        assert stored["wifi_password"] == "secret12" and stored["mqtt_port"] == mosquitto.port
        assert HORSE not in module.stored[0].decode() and stored["admin_hash"]
        said = " ".join(module.log)
        assert HORSE not in said and WRONG not in said and DEFAULT_MBK.decode() not in said
        errors = [e["message"] for e in browser.get_log("browser") if e["level"] == "SEVERE"]
        assert [e for e in errors if "favicon" not in e] == []
    finally:
        module.stop()


def test_languages_keep_what_was_written(browser, monkeypatch):
    module = Module(monkeypatch)
    module.start()
    try:
        phone = Phone(browser, module)
        phone.click("input[value=ustepper]")
        phone.click()
        phone.until("Your Wi-Fi")
        phone.click("a[lang=da]")
        phone.until("Dit wi-fi")
        phone.click("a[lang=de]")
        phone.until("Ihr WLAN")
        phone.picture("2-wifi-de")
        assert module.setup.draft["board"] == "ustepper"
    finally:
        module.stop()


def test_all_settings_from_a_phone(browser, monkeypatch):
    module = Module(monkeypatch)
    module.start()
    try:
        phone = Phone(browser, module)
        browser.get(phone.home + "all")
        phone.until("All settings")
        phone.write("stale_s", "2")
        phone.click("form > button")
        phone.until("config: stale_s")
        phone.picture("8-all-settings")
        phone.write("stale_s", "45")
        phone.click("form > button")
        phone.until("Ready?")
        assert module.setup.draft["stale_s"] == 45
        phone.until("Still missing")
    finally:
        module.stop()


def test_a_module_that_is_set_up_asks_for_the_password(browser, monkeypatch):
    stored = asyncio.run(pages.access.make(HORSE, 10))
    known = {"key": "a" * 20, "wifi_ssid": "home", "admin_hash": stored}
    module = Module(monkeypatch, **known)
    module.start()
    try:
        phone = Phone(browser, module)
        phone.until("Password of the settings")
        phone.picture("9-login")
        phone.write("password", "wrong one")
        phone.click()
        phone.until("That is not the password")
        phone.write("password", HORSE)
        phone.click()
        phone.until("Which module is it?")
        assert "mep" in [c["name"] for c in browser.get_cookies()]
        # A script could not read it.
        assert browser.execute_script("return document.cookie") == ""
    finally:
        browser.delete_all_cookies()
        module.stop()
