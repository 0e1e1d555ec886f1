"""Proof of the format `homeassistant` in real Home Assistants, of each kind of discovery.

They come from the package index that pip is configured for, pinned with hashes in
tools/homeassistant, into build/homeassistant. `make proof ARGS=homeassistant`; it is no part of
`make test`, where tests/both/test_mqtt_formats_ha.py and test_mqtt_formats_mbus.py hold the
messages and tests/host/test_integrations_homeassistant.py the example of docs/integrations.
"""

import contextlib
import json
import re
import signal
import time

import paho.mqtt.client as paho
import pytest
from hakit import HomeAssistant, install
from mepctlkit import Process, Simulators, readings
from proofkit import report, scale

from conftest import unused_port
from firmware.mqtt.formats import homeassistant
from formatskit import About
from formatskit import meter as made_up
from test_mqtt_formats_mbus import devices
from tools.paths import ROOT

__test__ = bool(scale("PROOF_HOMEASSISTANT", 0))
pytestmark = [pytest.mark.proof, pytest.mark.timeout(2400)]

VERSIONS = (("2024.3", "3.11", "entity"), ("2025.4", "3.13", "device"))
PAGE = ROOT / "docs" / "integrations" / "homeassistant.md"
STALE_S = 5
# What a meter with three phases has: unit, device class, state class, divisor, Danish name.
WANTED = {
    "energy_forward": ("kWh", "energy", "total_increasing", 1000, "Energi købt"),
    "energy_reverse": ("kWh", "energy", "total_increasing", 1000, "Energi solgt"),
    "energy_reactive_import": ("kvarh", None, "total_increasing", 1000, "Reaktiv energi købt"),
    "energy_reactive_export": ("kvarh", None, "total_increasing", 1000, "Reaktiv energi solgt"),
    "power_forward": ("W", "power", "measurement", 1, "Effekt købt"),
    "power_reverse": ("W", "power", "measurement", 1, "Effekt solgt"),
    "reactive_import": ("var", "reactive_power", "measurement", 1, "Reaktiv effekt købt"),
    "reactive_export": ("var", "reactive_power", "measurement", 1, "Reaktiv effekt solgt"),
    "apparent_power": ("VA", "apparent_power", "measurement", 1, "Tilsyneladende effekt"),
    "frequency": ("Hz", "frequency", "measurement", 1000, "Frekvens"),
}
for _n in "123":
    WANTED["power_forward_l" + _n] = ("W", "power", "measurement", 1, "Effekt købt L" + _n)
    WANTED["power_reverse_l" + _n] = ("W", "power", "measurement", 1, "Effekt solgt L" + _n)
    WANTED["current_l" + _n] = ("A", "current", "measurement", 1000, "Strøm L" + _n)
    WANTED["voltage_l" + _n] = ("V", "voltage", "measurement", 1000, "Spænding L" + _n)
    WANTED["power_factor_l" + _n] = (
        *(None, "power_factor", "measurement", 1000, "Effektfaktor L" + _n),
    )
MODULE = {"up": "Oppetid", "age": "Værdiernes alder", "errors": "Linjefejl"}
HANDS = ("energy_imported", "energy_exported", "power", "voltage_l1")
SILENT = ("unavailable", "unknown")


class Broker:
    """The test's own client: it says things, and counts what comes."""

    def __init__(self, port):
        self.messages = []
        self._paho = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._paho.on_connect = lambda c, *_: c.subscribe("#")
        self._paho.on_message = lambda c, u, m: self.messages.append((m.topic, m.payload))
        self._paho.connect("127.0.0.1", port)
        self._paho.loop_start()

    def say(self, messages):
        for topic, payload, retain in messages:
            self._paho.publish(topic, payload, 1, retain).wait_for_publish(5)

    def stop(self):
        self._paho.disconnect()
        self._paho.loop_stop()


class House:
    """The application at a simulated meter."""

    def __init__(self, stack, folder, port, discovery):
        self.meter = stack.enter_context(Simulators(folder))(False, "gen4", "--house", "steady")
        self.http = unused_port()
        self.config = {
            "mqtt_host": "127.0.0.1",
            "mqtt_port": port,
            "mqtt_base": "mep/house",
            "mqtt_formats": "native,homeassistant",
            "mqtt_commands": "restart,identify",
            "ha_discovery": discovery,
            "hostname": "house",
            "language": "da",
            "stale_s": STALE_S,
        }
        self._stack = stack
        self._folder = folder
        self.start()

    def start(self):
        path = self._folder / "module.json"
        path.write_text(json.dumps(self.config))
        words = ["-m", "tools.mepctl", "run", "--port", self.meter.url, "--config", path]
        words += ["--http", "127.0.0.1:%d" % self.http]
        self.run = Process(self._folder, "run", *words)
        self._stack.callback(self.run.stop)

    def values(self):
        """The meter's values as the module's own page has them."""
        found = readings(self.http, ready=lambda f: "power_factor_l3" in f.get("values", {}))
        return {name: v["value"] for name, v in found["values"].items()}


def example():
    """The YAML of the page."""
    return re.search(r"```yaml\n(.*?)```", PAGE.read_text(), re.S)[1]


def _until(check, seconds):
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
    return found


def _of(found, unique):
    """(state, attributes, entity) of the entity with the id ``unique``, or None."""
    for entity_id, entity in found["entities"].items():
        if entity["unique_id"] == unique:
            state = found["states"].get(entity_id)
            return (state["state"], state["attributes"], entity) if state else None
    return None


def _known(found, uniques):
    states = [_of(found, unique) for unique in uniques]
    return all(s and s[0] not in SILENT for s in states)


OURS = ["mep_house_" + name for name in (*WANTED, *MODULE)]
ALL = [*OURS, *("meter_" + name for name in HANDS)]


@pytest.mark.parametrize("version,python,discovery", VERSIONS)
def test_a_real_home_assistant(mosquitto, tmp_path, version, python, discovery):
    own = install(version, python)
    with contextlib.ExitStack() as stack:
        broker = Broker(mosquitto.port)
        stack.callback(broker.stop)
        house = House(stack, tmp_path, mosquitto.port, discovery)
        (tmp_path / "ha").mkdir()
        ha = HomeAssistant(own, tmp_path / "ha", unused_port(), example())
        stack.callback(ha.stop)
        step = ha.post("broker", {"broker": "127.0.0.1", "port": mosquitto.port})
        assert step["type"].endswith("create_entry"), step
        found = ha.until(lambda f: _known(f, ALL), 90)
        _entities(found, house)
        _devices(found, house)
        _by_hand(found, house)
        _buttons(ha, broker, found)
        _firmware(ha, broker)
        _devices_on_mbus(ha, broker, discovery)
        _energy(ha, found)
        _goes_and_comes(ha, house)
        _restart(ha, broker)
        _dies(ha, house)
        _taken_back(ha, broker, house, discovery)
        report(
            "Home Assistant %s, %s: %d entities, log: %s",
            *(version, discovery, len(found["entities"]), ha.complaints()),
        )
        assert ha.complaints() == []
        stack.pop_all().close()
    assert "Traceback" not in (tmp_path / "run.log").read_text()


def _entities(found, house):
    values = house.values()
    for name, (unit, device_class, state_class, divisor, called) in WANTED.items():
        state, attributes, entity = _of(found, "mep_house_" + name)
        assert attributes.get("unit_of_measurement") == unit, name
        assert attributes.get("device_class") == device_class, name
        assert attributes["state_class"] == state_class, name
        assert entity["name"] == called and entity["category"] is None
        # The meter of the house `steady` counts energy and changes nothing else.
        slack = 0.2 if unit in ("kWh", "kvarh") else 0.0051
        assert abs(float(state) - values[name] / divisor) <= slack, (name, state, values[name])
    for name, called in MODULE.items():
        _, attributes, entity = _of(found, "mep_house_" + name)
        assert entity["category"] == "diagnostic" and entity["name"] == called
    ids = [e["unique_id"] for e in found["entities"].values()]
    assert len(ids) == len(set(ids))


def _devices(found, house):
    devices = {d["ids"][0]: d for d in found["devices"].values() if d["ids"]}
    module, meter = devices["mep_house"], devices["mep_house_meter"]
    assert module["name"] == "house" and module["manufacturer"] == "mep"
    assert module["url"] == meter["url"] == "http://127.0.0.1:%d/" % house.http
    assert found["devices"][meter["via"]] == module
    assert meter["model"] and meter["sw_version"] and meter["manufacturer"]


def _by_hand(found, house):
    values = house.values()
    for name, wanted in (
        ("energy_imported", values["energy_forward"] / 1000),
        ("energy_exported", values["energy_reverse"] / 1000),
        ("power", values["power_forward"] - values["power_reverse"]),
        ("voltage_l1", values["voltage_l1"] / 1000),
    ):
        state, attributes, _ = _of(found, "meter_" + name)
        assert abs(float(state) - wanted) <= 0.2 and attributes["state_class"]


def _buttons(ha, broker, found):
    # A program on a computer is restarted there: no such button.
    assert _of(found, "mep_house_restart") is None
    (entity_id,) = [i for i, e in found["entities"].items() if e["unique_id"].endswith("identify")]
    assert entity_id.startswith("button.")
    given = {"domain": "button", "service": "press", "data": {"entity_id": entity_id}}
    ha.post("service", given)
    (payload,) = _until(lambda: [p for t, p in broker.messages if t == "mep/house/reply"], 10)
    answer = json.loads(payload)
    assert answer["ok"] is True and answer["id"] == "ha"


def _firmware(ha, broker):
    def state(found):
        return _of(found, "mep_house_update")

    found = ha.until(lambda f: state(f) and state(f)[1].get("installed_version"), 70)
    assert state(found)[0] == "unknown"  # nobody has said which is the newest
    installed = state(found)[1]["installed_version"]
    for latest, wanted in ((installed, "off"), ("9.9.9", "on")):
        broker.say([("mep/house/latest", latest, True)])
        ha.until(lambda f, w=wanted: state(f)[0] == w)


def _stand_in(discovery):
    # A module of its own with a restart button, tariffless meter and M-Bus devices.
    about = About()
    about.discovery = discovery
    about.buttons = ("restart", "identify")
    about.base = "other"
    store, _ = made_up("gen4")
    store.mbus = devices()
    return store, about


def _devices_on_mbus(ha, broker, discovery):
    store, about = _stand_in(discovery)
    broker.say([("other/status", "online", True)])
    broker.say(homeassistant.hello(store, about))
    for function in (homeassistant.energy, homeassistant.power, homeassistant.module):
        broker.say(function(store, about))
    broker.say(homeassistant.mbus(store, about))
    broker.say(homeassistant.mbus(store, about))  # the entities have subscribed by now
    root = about.id + "_mbus"
    expected = {
        "1_volume": ("m³", "water", "total_increasing", 123.456),
        "2_energy": ("kWh", "energy", "total_increasing", 4523),
        "2_volume": ("m³", "volume", "total_increasing", 987.65),
        "2_power": ("W", "power", "measurement", 3200),
        "2_flow": ("m³/h", "volume_flow_rate", "measurement", 0.125),
        "2_flow_temperature": ("°C", "temperature", "measurement", 65.5),
        "2_temperature_difference": ("K", None, "measurement", -1.2),
        "3_volume": ("m³", "gas", "total_increasing", 700),
    }
    found = ha.until(lambda f: _known(f, [root + name for name in expected]))
    for name, (unit, device_class, state_class, value) in expected.items():
        state, attributes, entity = _of(found, root + name)
        assert (attributes.get("unit_of_measurement"), attributes.get("device_class")) == (
            *(unit, device_class),
        )
        assert attributes["state_class"] == state_class and float(state) == value
        device = found["devices"][entity["device"]]
        assert found["devices"][device["via"]]["ids"] == [about.id + "_meter"]
    water = found["devices"][_of(found, root + "1_volume")[2]["device"]]
    assert water["manufacturer"] == "KAM" and water["serial_number"] == "12345678"
    assert _of(found, root + "1_time")[0] == "2024-03-28T15:00:00+00:00"
    for button in about.buttons:
        state = _of(found, "%s_%s" % (about.id, button))
        assert state[1]["device_class"] == button and state[2]["category"] == "config"


def _energy(ha, found):
    # What the Energy dashboard's own check says of the settings that the page tells to make.
    found = ha.everything()
    ids = {e["unique_id"]: i for i, e in found["entities"].items()}
    flow_to = {"stat_energy_to": ids["mep_house_energy_reverse"], "stat_compensation": None}
    flow_from = {"stat_energy_from": ids["mep_house_energy_forward"], "stat_cost": None}
    for flow in (flow_to, flow_from):
        flow.update({"entity_energy_price": None, "number_energy_price": None})
    mbus = About().id + "_mbus"
    cost = {"stat_cost": None, "entity_energy_price": None, "number_energy_price": None}
    sources = [
        {
            "type": "grid",
            "flow_from": [flow_from],
            "flow_to": [flow_to],
            "cost_adjustment_day": 0.0,
        },
        dict({"type": "gas", "stat_energy_from": ids[mbus + "3_volume"]}, **cost),
        dict({"type": "water", "stat_energy_from": ids[mbus + "1_volume"]}, **cost),
    ]
    fine = {"energy_sources": [[], [], []], "device_consumption": []}
    # The recorder makes the first statistics beside the check.
    _until(lambda: ha.post("energy", {"energy_sources": sources}) == fine, 20)


def _goes_and_comes(ha, house):
    """A meter that falls silent, and speaks again."""
    house.meter.process.send_signal(signal.SIGSTOP)
    try:
        meters = ["mep_house_" + name for name in WANTED] + ["meter_power"]
        found = ha.until(lambda f: all(_of(f, u)[0] == "unavailable" for u in meters), 45)
        assert _of(found, "mep_house_up")[0] not in SILENT
    finally:
        house.meter.process.send_signal(signal.SIGCONT)
    ha.until(lambda f: _known(f, ALL), 60)


def _restart(ha, broker):
    """Home Assistant's restart: its birth message brings all values back."""
    ha.stop()
    del broker.messages[:]
    ha.start()
    began = time.monotonic()
    ha.until(lambda f: _known(f, ALL), 60)
    report("values are back %.1f s after Home Assistant's restart", time.monotonic() - began)

    def again():
        # What the module says after the birth message.
        topics = [topic for topic, payload in broker.messages if payload != b"offline"]
        at = topics.index("homeassistant/status") if "homeassistant/status" in topics else 0
        return at and [t for t in topics[at:] if t.startswith("homeassistant/") and "house" in t]

    _until(lambda: len(again() or ()) >= 8, 60)


def _dies(ha, house):
    assert _known(ha.everything(), ALL)
    house.run.process.kill()
    began = time.monotonic()
    meters = ["mep_house_" + name for name in WANTED] + ["meter_" + name for name in HANDS]
    ha.until(lambda f: all(_of(f, u)[0] == "unavailable" for u in meters), 10)
    report("unavailable %.1f s after the module's death", time.monotonic() - began)


def _taken_back(ha, broker, house, discovery):
    """What a module says once when the format was switched off: nothing is left."""
    _, other = _stand_in(discovery)
    about = About()
    about.discovery, about.base, about.id = discovery, "mep/house", "mep_house"
    for one in (about, other):
        broker.say(homeassistant.leave(one))
    found = ha.until(lambda f: len(f["entities"]) == len(HANDS), 30)
    assert not [d for d in found["devices"].values() if any("mep_" in i for i in d["ids"])]
