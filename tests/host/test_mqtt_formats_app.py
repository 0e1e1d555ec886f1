"""All formats at once, through the whole application, a simulated meter and a real Mosquitto."""

import asyncio
import json

import pytest
from mepctlkit import Process, Simulators
from mqttkit import Subscriber

from firmware.forms import FORMATS

OLD = {
    "frequency/mydatajson": ["Freq_mHz"],
    "meterConsumptionTotal/mydatajson": ["Fwd_Act_Wh", "Rev_Act_Wh"],
}


async def _gather(subscriber, seconds, enough):
    found = {}
    for _ in range(int(seconds * 50)):
        while not subscriber.messages.empty():
            _, topic, payload, _ = subscriber.messages.get_nowait()
            found.setdefault(topic, []).append(payload)
        if enough(found):
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("not all came: %s" % sorted(found))


def _config(folder, port, **more):
    path = folder / "module.json"
    given = {"mqtt_host": "127.0.0.1", "mqtt_port": port, "mqtt_base": "ams", "hostname": "house"}
    given.update(more)
    path.write_text(json.dumps(given))
    return path


@pytest.mark.parametrize("model", ["gen3", "gen4"])
async def test_every_format_at_once(mosquitto, tmp_path, free_port, model):
    settings = _config(
        tmp_path, mosquitto.port, mqtt_formats=",".join(FORMATS), domoticz_idx="7", language="da"
    )
    with Simulators(tmp_path) as simulator, Subscriber(mosquitto.port) as subscriber:
        meter = simulator(model=model)
        words = ["-m", "tools.mepctl", "run", "--port", meter.url, "--config", settings]
        run = Process(tmp_path, "run", *words, "--http", "127.0.0.1:%d" % free_port)
        try:
            found = await _gather(
                subscriber,
                25,
                lambda f: (
                    "domoticz/in" in f
                    and len(f.get("ams/readings", ())) > 4
                    and "homeassistant/device/mep_house_power6/config" in f
                    and "ams/realtime" not in f
                    and "homie/5/mep-house/meter/voltage-l3" in f
                    and "ams/values/voltage_l3" in f
                ),
            )
            newest = json.loads(found["ams/readings"][-1])["values"]
            _check(found, newest)
            run.process.kill()  # the broker gives the last will
            gone = await _gather(subscriber, 10, lambda f: "ams/lwt" in f)
            assert gone["ams/lwt"] == [b"Offline"]
        finally:
            run.stop()
        assert "Traceback" not in run.output()
    with Subscriber(mosquitto.port) as late:
        await asyncio.sleep(0.5)
        kept = {m[1] for m in list(late.messages.queue) if m[3]}
    assert "homeassistant/device/mep_house_energy0/config" in kept and "ams/ha/energy" in kept
    assert "ams/meter/import/active/accumulated" in kept and "ams/meter/import/active" not in kept
    assert "ams/values/voltage_l3" in kept
    assert "homeassistant/sensor/house_tPI/config" in kept and "ams/ha/power" not in kept


def _check(found, newest):
    for topic, keys in OLD.items():
        document = json.loads(found["ams/" + topic][0])
        assert list(document) == keys
    total = json.loads(found["ams/meterConsumptionTotal/mydatajson"][0])
    assert 0 <= newest["energy_forward"] - total["Fwd_Act_Wh"] < 100
    # A single value is one that was read, as an integer in the meter's unit.
    read = [json.loads(text)["values"]["voltage_l3"] for text in found["ams/readings"]]
    assert {int(text) for text in found["ams/values/voltage_l3"]} <= set(read)
    energy = json.loads(found["ams/ha/energy"][-1])
    assert abs(energy["energy_forward"] * 1000 - newest["energy_forward"]) < 100
    power = json.loads(found["ams/ha/power"][-1])
    assert 180 < power["voltage_l1"] < 260
    assert abs(float(found["ams/meter/l1/voltage"][0]) - power["voltage_l1"]) < 20
    assert json.loads(found["ams"][0])["data"]["id"] == "ELON"
    assert json.loads(found["ams/power"][0])["I1"] > 0
    assert json.loads(found["domoticz/in"][0])["idx"] == 7
    state = found["homie/5/mep-house/$state"]
    assert state[:2] == [b"init", b"ready"]
    assert found["ams/lwt"] == [b"Online"] or b"Offline" not in found["ams/lwt"]
    names = []
    for topic, payloads in found.items():
        if topic.startswith("homeassistant/device/"):
            cmps = json.loads(payloads[-1])["cmps"].values()
            names += [c["name"] for c in cmps if "name" in c]  # others are taken back
    assert "Effekt købt L1" in names and len(names) == len(set(names))
