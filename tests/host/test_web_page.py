"""The live page in a real browser (headless Chromium) over a store filled by hand."""
# ruff: noqa: RUF001  the page writes real minus signs and dashes

import asyncio
import re
import threading

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from conftest import program, unused_port
from firmware.readings import Readings
from firmware.web import access
from firmware.web.app import create_app, serve
from osgp.alerts import causes
from test_readings import Clock, _reply
from tools.paths import ROOT

WEB = ROOT / "web"
HOSTILE = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>"
BASIC = ("power_forward", "power_reverse", "reactive_import", "apparent_power", "frequency")
BASIC_UNITS = ("W", "W", "var", "VA", "mHz")
PHASE = (("voltage", "mV"), ("current", "mA"), ("power_factor", "1/1000"))
SOURCES = [(n, u, 28, -(1 << 30), 1 << 30, False, 1) for n, u in zip(BASIC, BASIC_UNITS)]
for _p in "123":
    for _n, _u in (*PHASE, ("power_forward", "W"), ("power_reverse", "W")):
        SOURCES.append(("%s_l%s" % (_n, _p), _u, 28, -(1 << 30), 1 << 30, False, 1))
SOURCES.append(("energy_forward", "Wh", 23, 0, 1 << 31, True, 1))
SOURCES.append(("energy_reverse", "Wh", 23, 0, 1 << 31, True, 1))


class Module:
    """The web server of one module in a thread of its own."""

    def __init__(self):
        self.port = unused_port()
        self.clients = 4
        self.notes = []
        self.config = {}
        self.left = None
        self.thread = None

    def start(self):
        self.clock = Clock()
        self.store = Readings(self.clock, 30)
        self.store.configure(SOURCES)
        self.store.meter["model"] = HOSTILE
        self.store.meter["serial"] = "4080"
        self.store.line = lambda: {"verified": 1234, "digest": 25}
        listening = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run(listening)))
        self.thread.start()
        listening.wait(5)

    async def _run(self, listening):
        self.loop = asyncio.get_running_loop()
        status = {"uptime_s": 93784, "mqtt": {"mqtt_connected": True}}
        app = create_app(
            self.store,
            dict(self.config, http_clients=self.clients),
            lambda: dict(status, notes=self.notes),
            None if self.left is None else self.left.append,
        )
        self.task = asyncio.create_task(serve(app, "127.0.0.1", self.port))
        await asyncio.sleep(0.05)
        listening.set()
        try:
            await self.task
        except asyncio.CancelledError:
            pass

    def stop(self):
        if self.thread:
            self.loop.call_soon_threadsafe(self.task.cancel)
            self.thread.join()
            self.thread = None

    def reply(self, table, **values):
        self.loop.call_soon_threadsafe(lambda: _reply(self.store, table, **values))

    def usual(self):
        self.reply(23, energy_forward=115921469, energy_reverse=201)
        self.reply(
            28,
            power_forward=701,
            power_reverse=0,
            frequency=50000,
            voltage_l1=232591,
            current_l1=1536,
            power_factor_l1=875,
            power_forward_l1=311,
            power_reverse_l1=0,
            voltage_l2=233879,
            power_factor_l2=-836,
            power_forward_l2=0,
            power_reverse_l2=366,
        )


@pytest.fixture(scope="module")
def browser(chromium):
    options = Options()
    options.binary_location = chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(program("chromedriver")))
    yield driver
    driver.quit()


@pytest.fixture
def module():
    module = Module()
    module.start()
    yield module
    module.stop()


class Page:
    def __init__(self, driver, module, width=390, dark=False):
        self.driver = driver
        screen = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        driver.get("http://127.0.0.1:%d/" % module.port)

    def text(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css).text.replace("\u202f", " ")

    def run(self, script):
        return self.driver.execute_script("return " + script)

    def until(self, css, text, seconds=10):
        # A page that is left while it is read is read again.
        WebDriverWait(self.driver, seconds, 0.1, [StaleElementReferenceException]).until(
            lambda _: text in self.text(css), "%s never showed %r" % (css, text)
        )


def test_shows_values_and_follows_them(browser, module):
    module.usual()
    page = Page(browser, module)
    page.until("#state", "Live")
    assert page.text("#power") == "+701" and page.text("#way") == "Importing from the grid"
    assert page.text("#in") == "115 921.469" and page.text("#out") == "0.201"
    rows = browser.find_elements(By.CSS_SELECTOR, "#phases tr")
    shown = [r.text.replace("\n", " ") for r in rows if r.is_displayed()]
    # L3 has never been read: the meter is not known to have it. An unread value is no zero.
    assert shown == ["L1 232.6 1.536 ↓ +311 0.875", "L2 233.9 – ↑ −366 −0.836"]
    assert "50.000 Hz" in page.text("#facts") and "Apparent power\n–" in page.text("#facts")
    assert browser.title.startswith("+701 W")
    module.reply(28, power_forward=0, power_reverse=1500)
    page.until("#way", "Exporting to the grid")
    assert page.text("#power") == "−1 500"
    colour = "getComputedStyle(document.querySelector('#power')).color"
    out = page.run(colour)
    module.reply(28, power_forward=12345, power_reverse=0)
    page.until("#power", "+12.35")
    assert page.text("#power-unit") == "kW" and page.run(colour) != out
    for summary in browser.find_elements(By.TAG_NAME, "summary"):
        summary.click()
    page.until("#all", "voltage_l1 232.6 V")
    assert "Replies verified 1 234" in page.text("#line").replace("\n", " ")
    page.until("#health", "Running for 1 d 2 h")
    assert "MQTT connected" in page.text("#health")
    errors = [e["message"] for e in browser.get_log("browser") if e["level"] == "SEVERE"]
    assert errors == []


COUNTS = '"energy_forward":%s,"energy_reverse":%s'
DAYS = '"today":{%s,"since":"2026-01-08T00:00:00+01:00"},"yesterday":{%s}'
LATE = '"today":{%s,"since":"2026-01-08T08:12:30+01:00","partial":{%s}},"yesterday":null'


def test_energy_of_the_day(browser, module):
    module.usual()
    page = Page(browser, module)
    page.until("#state", "Live")
    assert page.text("#in-today") == page.text("#in-before") == "–"
    at = (len(SOURCES) - 2, len(SOURCES) - 1)
    kept = ["4080", 0, 115919469, 200, None, None]
    null = COUNTS % ("null", "null")
    text = DAYS % (COUNTS, COUNTS % (12345, 0))
    module.store.days = text, kept, at, 0
    page = Page(browser, module)
    page.until("#in-today", "2.000")
    assert page.text("#in-since") == "Today" and page.text("#out-today") == "0.001"
    assert page.text("#in-before") == "12.345" and page.text("#out-before") == "0.000"
    module.store.days = LATE % (null, COUNTS), kept, at, 0
    page = Page(browser, module)
    page.until("#in-since", "Since 08:12")
    assert page.text("#in-today") == "2.000" and page.text("#in-before") == "–"


def test_what_to_mend_is_shown_while_the_meter_is_online(browser, module):
    module.usual()
    module.notes = ["ENABLE sags <b>here</b>", "the supply broke down (brown-out)"]
    page = Page(browser, module)
    page.until("#notes", "ENABLE sags <b>here</b>\nThe supply broke down (brown-out)")
    page.until("#state", "Live")
    assert page.text("#reason") == ""
    module.notes = []
    page = Page(browser, module)
    page.until("#state", "Live")
    assert page.text("#notes") == ""


def test_the_meters_alerts_are_told_in_words(browser, module):
    module.usual()
    page = Page(browser, module)
    page.until("#state", "Live")
    assert page.text("#alerts") == ""
    for now, words in (
        (["mbus_change"], ["M-Bus device"]),
        (["scheduled_read", "bit_5"], ["billing read", "no public text"]),
        (["on_demand_request", "delta_data"], ["utility’s own device", "has changed"]),
        ([], []),
    ):
        module.store.alerts = {"now": now, "seen": {}, "time": None}
        page = Page(browser, module)
        page.until("#state", "Live")
        shown = browser.find_elements(By.CSS_SELECTOR, "#alerts p")
        shown = [p.text for p in shown if p.is_displayed()]
        assert len(shown) == len(words)
        assert all(any(word in text for text in shown) for word in words), (shown, words)


def test_every_alert_has_its_words():
    page = (WEB / "index.html").read_text(encoding="utf-8")
    found = " ".join(re.findall('data-alert="([^"]*)"', page)).split()
    assert sorted(found) == sorted(causes(0xFF))


def _device(n, medium, values, note="", time=None, maker="KAM"):
    values = values and [dict(zip(("name", "value", "scale", "unit"), v)) for v in values]
    found = {"n": n, "id": "4512098" + str(n), "maker": maker, "medium": medium, "note": note}
    return dict(found, values=values, time=time)


def test_devices_on_mbus(browser, module):
    module.usual()
    page = Page(browser, module)
    page.until("#state", "Live")
    assert page.run("$('mbus').hidden && !$('mbus-js')")  # nothing more is loaded
    module.store.set_clock(1795262400)
    module.clock.seconds = 1795262400
    heat = [("energy", 97601000, 1, "Wh"), ("flow_temperature", 682, 10, "C")]
    module.store.mbus = [
        _device(1, "cold_water", [("volume", 786194, 1000, "m3")], time=1795262400 - 7200),
        _device(2, HOSTILE, heat, maker=None),
        _device(3, "gas", [], "encrypted"),
        _device(4, "heat", None),
    ]
    page = Page(browser, module)
    page.until("#mbus", "Cold water KAM 45120981")
    text = page.text("#mbus").split("\n")
    assert text[:5] == [
        "Other meters",
        text[1],
        "Volume",
        "786.194 m³",
        "Read by the meter 2 h ago",
    ]
    assert HOSTILE[1:] in text[5] and "KAM" not in text[5] and page.run("!window.hacked")
    assert text[6:10] == ["Energy", "97 601 kWh", "Flow temperature", "68.2 °C"]
    assert "Gas KAM 45120983\nEncrypted" in page.text("#mbus")
    assert "Heat KAM 45120984\nNot read for some time." in page.text("#mbus")
    module.store.mbus = []
    page.driver.execute_script("readings()")
    WebDriverWait(browser, 10).until(lambda _: page.run("$('mbus').hidden"))


def test_goes_stale_and_recovers(browser, module):
    module.usual()
    page = Page(browser, module)
    page.until("#state", "Live")
    page.until("#state", "Values are old", 15)
    assert "old" in page.text("#now-age")
    assert browser.find_element(By.ID, "now").get_attribute("class").endswith("stale")
    assert "W" not in browser.title
    module.clock.ticks += 31000  # now the module calls the meter silent
    page.until("#state", "Meter silent")
    assert "cable" in page.text("#reason")
    module.reply(28, power_forward=702, power_reverse=0)
    page.until("#state", "Live")
    assert page.text("#power") == "+702" and page.text("#reason") == ""


def test_no_reading_yet(browser, module):
    module.store.reason = "no reply: check the cable <b>and</b> ENABLE"
    page = Page(browser, module)
    page.until("#reason", "No reply: check the cable <b>and</b> ENABLE")
    assert page.text("#power") == "–" and page.text("#in") == "–"
    module.usual()
    page.until("#state", "Live")


def test_module_goes_away_and_comes_back(browser, module):
    module.usual()
    page = Page(browser, module)
    page.until("#state", "Live")
    module.stop()
    page.until("#state", "Module unreachable", 15)
    module.start()
    module.usual()
    module.reply(28, power_forward=703, power_reverse=0)
    page.until("#state", "Live", 20)
    page.until("#power", "+703", 20)


def test_all_places_taken(browser):
    module = Module()
    module.clients = 0
    module.start()
    try:
        module.usual()
        page = Page(browser, module)
        page.until("#state", "Live")
        module.reply(28, power_forward=704, power_reverse=0)
        page.until("#power", "+704")
    finally:
        module.stop()


def test_the_meters_text_is_never_markup(browser, module):
    module.usual()
    page = Page(browser, module)
    page.until("#model", HOSTILE)
    assert page.run("window.hacked") is None
    assert page.run("document.images.length") == 0


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_fits_and_is_readable(browser, module, width, dark):
    module.usual()
    page = Page(browser, module, width, dark)
    page.until("#state", "Live")
    for details in browser.find_elements(By.TAG_NAME, "details"):
        browser.execute_script("arguments[0].open = true", details)
    page.until("#all", "voltage_l1")
    assert page.run("document.documentElement.scrollWidth") <= width
    back = page.run("getComputedStyle(document.body).backgroundColor")
    assert (luminance(back) < 0.1) == dark
    for css in ("#power", "#way", "#word", ".quiet", ".age", "td.in", "td.out", "dt", "a", "h2"):
        ratio = page.run(CONTRAST % css)
        assert luminance_ratio(*ratio) >= 4.5, (css, ratio)


# Colour of the text, and of the nearest background that is not transparent.
CONTRAST = """(() => {
  let e = document.querySelector("%s"), text = getComputedStyle(e).color, back;
  do { back = getComputedStyle(e).backgroundColor; e = e.parentElement; }
  while (/, 0\\)$/.test(back));
  return [text, back];
})()"""


def luminance(colour):
    parts = [int(c) / 255 for c in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    r, g, b = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def luminance_ratio(one, two):
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


def test_the_way_into_the_settings(browser, module):
    stored = asyncio.run(access.make("correct horse", 3))
    module.config = {"language": "en", "admin_hash": stored}
    module.left = []
    module.stop()
    module.start()
    page = Page(browser, module)
    module.usual()
    page.until("#state", "Live")
    browser.find_element(By.LINK_TEXT, "Settings").click()
    page.until("main", "Password of the settings")
    for password, text in (
        ("wrong one", "not the password"),
        ("correct horse", "open in a moment"),
    ):
        browser.find_element(By.NAME, "password").send_keys(password)
        browser.find_element(By.TAG_NAME, "button").click()
        page.until("main", text)
    WebDriverWait(browser, 10).until(lambda _: module.left)
    assert [c["value"] for c in browser.get_cookies() if c["name"] == "mep"] == module.left
    browser.delete_all_cookies()
