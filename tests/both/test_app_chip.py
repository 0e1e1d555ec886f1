"""`firmware.app` with the radio and the clock of a module, on fakes, in real time."""

import asyncio
import os
import sys

sys.path.append("tests")

from fakes import Chip, network
from firmware import app as module
from firmware import config
from firmware.hal import clock
from firmware.hal.clock import sleep_ms
from test_recovery import Guard, _connect

KEY = "a7941d85bce8a8fa2ab7"


class Line:
    state = "off"
    diagnosis = None
    piece = None

    async def recover(self, silent=True, alive=None):
        await sleep_ms(50)

    def heard(self):
        pass


async def _no_line():
    raise OSError("no line here")


async def _get(port, host):
    reader, writer = await _connect(port)
    writer.write(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    await writer.drain()
    got = b""
    while True:
        data = await reader.read(1000)
        if not data:
            writer.close()
            return got
        got += data


async def _until(function, seconds=10):
    begin = clock.ticks_ms()
    while not function():
        assert clock.ticks_diff(clock.ticks_ms(), begin) < seconds * 1000, "not in time"
        await sleep_ms(20)


def _application(port):
    given = {
        "key": KEY,
        "wifi_ssid": "home",
        "wifi_password": "secret12",
        "ap_password": "of this one",
        "http_port": port,
        "http_host": "127.0.0.1",
        "ntp_servers": "",
    }
    app = module.App(config.validate(given), None, _no_line, Guard())
    app.line = Line()
    return app


async def _watch(app, port):
    # The radio waits for the line, or five seconds.
    await sleep_ms(300)
    assert app.status()["wifi"]["state"] == "off"
    assert not network.WLAN(network.STA_IF).active()
    app.line.state = "on"
    await _until(lambda: app.wifi.online)
    await _until(lambda: app.status()["wifi"]["state"] == "online")
    assert app.status()["wifi"]["rssi"] == -60 and "time" in app.status()
    assert b"app.js" in await _get(port, b"127.0.0.1")
    network.air[0].up = False
    await _until(lambda: not app.wifi.online)
    from firmware.hal import esp32

    resets = []
    restart = esp32.restart
    esp32.restart = lambda: resets.append(True)
    try:
        app.wifi._down = 3600000 - 1
        await _until(lambda: resets)
    finally:
        esp32.restart = restart
    assert app.guard.well == 1
    assert [esp32.wanted()[0], esp32.wanted()[0]] == [esp32.SET_UP, b""]
    assert app.supervisor.late() is None
    counts = app.supervisor.restarts
    assert [counts[name] for name in ("wifi", "time", "web")] == [0, 0, 0], counts


def test_the_radio_waits_for_the_line_and_set_up_follows_hours_without_network():
    async def go():
        port = 20000 + int.from_bytes(os.urandom(2), "big") // 8
        app = _application(port)
        app._watchdog = app._clock  # the watchdog itself has its own tests
        task = asyncio.create_task(app.run())
        try:
            await _watch(app, port)
        finally:
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass

    from firmware.hal import heap

    kept = module.CHIP, heap.names
    with Chip():
        heap.names = lambda: None  # there are figures on MicroPython only
        network.air.append(network.AccessPoint("home", "secret12"))
        module.CHIP = True
        try:
            asyncio.run(go())
        finally:
            module.CHIP, heap.names = kept


def test_mqtt_waits_for_the_network():
    class Wifi:
        online = False

    class Mqtt:
        ran = 0

        async def run(self, alive):
            assert app.wifi is None or app.wifi.online
            self.ran += 1
            alive()

    app = _application(80)
    app.mqtt = Mqtt()
    reports = []
    app.supervisor.report = reports.append

    async def go():
        app.wifi = Wifi()
        task = asyncio.create_task(app._broker())
        await sleep_ms(250)
        # It waits, and is no task that hangs.
        assert app.mqtt.ran == 0 and len(reports) > 1
        app.wifi.online = True
        await task
        assert app.mqtt.ran == 1
        app.wifi = None  # on a host
        del reports[:]
        await app._broker()

    asyncio.run(go())
    assert app.mqtt.ran == 2 and reports == ["mqtt"]


async def test_mqtt_reports_without_a_broker_too():
    from firmware.mqtt.client import Client

    calls = []
    given = config.validate({"key": KEY, "mqtt_host": "127.0.0.1", "mqtt_port": 1})
    client = Client(given, lambda level, text: None)
    task = asyncio.create_task(client.run(lambda: calls.append(True)))
    await _until(lambda: len(calls) > 1)
    task.cancel()


def test_no_pages_beside_tls_where_memory_is_short():
    from firmware import begin

    kept = begin.free, begin.mqtt
    begin.mqtt = lambda *_: None
    try:
        for left, tls, served in ((59999, "ca", False), (60000, "ca", True), (59999, "off", True)):
            begin.free = lambda left=left: left
            with Chip():
                app = _application(80)
                said = []
                app.log = lambda level, text, said=said: said.append(text)
                app.config.update(mqtt_host="192.0.2.1", mqtt_tls=tls)
                begin.load(app, True)
                assert bool(app.pages) == served
                assert ("hold the button" in " ".join(said)) != served
    finally:
        begin.free, begin.mqtt = kept
