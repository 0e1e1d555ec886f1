"""The simulated meter's water and heat meters, through firmware.mbus and firmware.asked.mbus."""

import asyncio
import calendar
import json
import sys
import time

import pytest
from mepctlkit import Simulators
from mqttkit import Subscriber
from proofkit import report
from test_asked import Module, _Page

from tools.mepsim.house.devices import Heat, Water
from tools.stage import stage


@pytest.fixture(scope="module")
def meter(tmp_path_factory):
    with Simulators(tmp_path_factory.mktemp("meter")) as start:
        yield start(False, "gen4")


def looked(module, seconds=60):
    """What `/api/v1/mbus` says as soon as it is known."""
    end = time.monotonic() + seconds
    while True:
        code, text, _ = module.ask("/api/v1/mbus")
        if code == 200:
            return json.loads(text)
        assert code == 503 and time.monotonic() < end, text
        time.sleep(0.5)


def check(devices):
    """Are these the numbers that the simulated devices had when the meter read them?"""
    water, heat = devices
    assert (water["n"], water["id"], water["maker"]) == (1, "45120987", "KAM")
    assert (water["medium"], heat["medium"]) == ("cold_water", "heat")
    assert (heat["n"], heat["id"], heat["note"]) == (2, "67031452", "")
    # At 00:10 local time, one after the other: the newest of the meter's scheduled reads.
    assert water["time"][11:] in ("23:10:00Z", "22:10:00Z"), water["time"]
    assert heat["time"] == water["time"][:17] + "04Z" and 0 <= water["age_s"] <= 90000
    read = calendar.timegm(time.strptime(water["time"], "%Y-%m-%dT%H:%M:%SZ"))
    values = {v["name"]: v for v in water["values"]}
    assert values["volume"] == {
        "name": "volume",
        "value": Water().volume(read),
        "scale": 1000,
        "unit": "m3",
    }
    values = {v["name"]: (v["value"], v["scale"], v["unit"]) for v in heat["values"]}
    assert values["energy"] == (Heat().energy(read + 4) * 1000, 1, "Wh")
    assert values["power"] == (Heat().power(read + 4), 1, "W")
    assert values["volume"] == (Heat().energy(read + 4) * 3, 100, "m3")
    assert values["flow_temperature"] == (682, 10, "C")


def test_in_the_heap_of_the_chip(micropython32, mosquitto, meter, tmp_path, free_port):
    tree = tmp_path / "tree"
    stage("x86", out=tree)
    words = [micropython32, "-X", "heapsize=128k"]
    more = {"mqtt_host": mosquitto.host, "mqtt_port": mosquitto.port, "mqtt_base": "m"}
    with Module(tmp_path, meter.url, free_port, words, tree, **more) as module:
        page = _Page(free_port)
        check(looked(module))
        time.sleep(2)
        page.close()
        assert not any(module.status()["restarts"].values())
        gaps = [b - a for a, b in zip(page.times, page.times[1:])]
        assert len(gaps) > 3 and max(gaps) < 2.5, gaps
        with Subscriber(mosquitto.port) as subscriber:
            _, water, retained = asyncio.run(subscriber.next("m/mbus/1"))
            assert retained and json.loads(water)["id"] == "45120987"
        assert json.loads(module.ask("/api/v1/readings")[1])["mbus"][1]["id"] == "67031452"
    report("longest gap of the live values while the devices were read: %.2f s", max(gaps))
    assert (
        "Traceback" not in module.log.read_text() and "MemoryError" not in module.log.read_text()
    )


def test_switched_off(meter, tmp_path, free_port):
    with Module(tmp_path, meter.url, free_port, [sys.executable], mbus_every_min=0) as module:
        code, why = module.error("/api/v1/mbus")
        assert code == 404 and "mbus_every_min" in why
