"""M-Bus devices and controls in Home Assistant.

That is `firmware.mqtt.formats.ha_mbus` and `firmware.mqtt.formats.ha_discovery`.
"""

import json

from firmware.mqtt.formats import ha_mbus, homeassistant
from formatskit import About, meter

AT = 1711638000  # 2024-03-28 15:00 UTC
ID = "mep_240ac4000102_mbus"


def _value(name, value, scale, unit):
    return {"name": name, "value": value, "scale": scale, "unit": unit}


def devices():
    """A water, a heat and a gas meter, and one that tells nothing."""
    found = []
    for n, serial, maker, medium, values in (
        (1, "12345678", "KAM", "water", [_value("volume", 123456, 1000, "m3")]),
        (
            2,
            "00660217",
            None,
            "heat",
            [
                _value("energy", 4523000, 1, "Wh"),
                _value("volume", 98765, 100, "m3"),
                _value("power", 3200, 1, "W"),
                _value("flow", 125, 1000, "m3/h"),
                _value("flow_temperature", 655, 10, "C"),
                _value("temperature_difference", -12, 10, "K"),
            ],
        ),
        (3, "87654321", "ELS", "gas", [_value("volume", 70000, 100, "m3")]),
        (4, "11112222", "ABC", "unknown", []),
    ):
        device = {"n": n, "id": serial, "maker": maker, "medium": medium, "note": ""}
        device["values"] = values
        device["time"] = AT
        found.append(device)
    return found


def _say(store, about):
    found = {}
    for topic, payload, retain in homeassistant.mbus(store, about):
        assert retain and topic not in found and len(payload) < 3000, (topic, len(payload))
        found[topic] = payload
    return found


def _about(discovery=None, language=None):
    # By name: what is compiled for the chip has short ones, which no text knows.
    about = About()
    if discovery:
        about.discovery = discovery
    if language:
        about.language = language
    return about


def _entities(said):
    found = {}
    for topic, payload in said.items():
        if topic.endswith("/config") and payload:
            config = json.loads(payload)
            for entity in config.get("cmps", {"": config}).values():
                whole = dict(config)
                whole.update(entity)
                found[whole["uniq_id"]] = whole
    return found


def test_each_device_and_value():
    for discovery in ("device", "entity"):
        store, _ = meter()
        about = _about(discovery)
        assert _say(store, about) == {}  # nobody knows yet
        store.mbus = devices()
        said = _say(store, about)
        entities = _entities(said)
        assert len(entities) == 2 + 7 + 2 + 1
        for name, unit, device_class, state_class, value in (
            ("1_volume", "m³", "water", "total_increasing", 123.456),
            ("2_energy", "kWh", "energy", "total_increasing", 4523),
            ("2_volume", "m³", "volume", "total_increasing", 987.65),
            ("2_power", "W", "power", "measurement", 3200),
            ("2_flow", "m³/h", "volume_flow_rate", "measurement", 0.125),
            ("2_flow_temperature", "°C", "temperature", "measurement", 65.5),
            ("2_temperature_difference", "K", None, "measurement", -1.2),
            ("3_volume", "m³", "gas", "total_increasing", 700),
            ("4_time", None, "timestamp", None, "2024-03-28T15:00:00Z"),
        ):
            entity = entities[ID + name]
            assert entity.get("unit_of_meas") == unit and entity.get("dev_cla") == device_class
            assert entity.get("stat_cla") == state_class
            key = name[2:]
            assert entity["val_tpl"] == "{{ value_json.get('%s') }}" % key
            assert json.loads(said[entity["stat_t"]])[key] == value, name
            device = entity["dev"]
            assert device["ids"] == [ID + name[0]] and entity["exp_aft"] > 60
            assert device["via_device"] == "mep_240ac4000102_meter"
            assert entity["avty"] == [{"t": "dabbler/status"}]
        assert entities[ID + "1_volume"]["dev"]["sn"] == "12345678"
        assert "mf" not in entities[ID + "2_power"]["dev"]
        # The next minute has the values alone.
        assert sorted(_say(store, about)) == ["dabbler/ha/mbus_%d" % n for n in (1, 2, 3, 4)]


def test_names():
    for language, name, device in (
        ("en", "Volume", "mep-000102 Water meter 1"),
        ("da", "Volumen", "mep-000102 Vandmåler 1"),
        ("de", "Volumen", "mep-000102 Wasserzähler 1"),
    ):
        store, _ = meter()
        store.mbus = devices()
        entities = _entities(_say(store, _about(None, language)))
        assert entities[ID + "1_volume"]["name"] == name
        assert entities[ID + "1_volume"]["dev"]["name"] == device
        names = [(e["dev"]["name"], e["name"]) for e in entities.values()]
        assert len(set(names)) == len(names) and not [n for _, n in names if "_" in n]


def test_a_device_that_is_gone_or_another():
    for discovery in ("device", "entity"):
        store, _ = meter()
        about = _about(discovery)
        store.mbus = devices()[:2]
        said = _say(store, about)
        # Another life may have told of the others.
        there = [t for t in said if t.endswith("/config") and said[t]]
        store.mbus = []
        gone = _say(store, about)
        assert set(there) <= set(gone) and set(gone.values()) == {""}
        assert _say(store, about) == {}
        store.mbus = devices()[:1]
        assert len(_entities(_say(store, about))) == 2
        store.mbus = devices()[2:3]
        store.mbus[0]["n"] = 1  # exchanged: first taken back, then told anew
        config = [(t, p) for t, p, _ in homeassistant.mbus(store, about) if "/config" in t]
        config = [c for c in config if "mbus1/" in c[0] or "mbus1_volume/" in c[0]]
        assert config[0][1] == "" and json.loads(config[-1][1])["dev"]["sn"] == "87654321"
        store.mbus = None  # another meter: nobody knows yet
        assert _say(store, about) == {}


def test_what_is_too_old_is_unknown_and_the_entity_stays():
    store, _ = meter()
    about = _about()
    store.mbus = devices()[:1]
    _say(store, about)
    old = dict(store.mbus[0])
    old["values"] = None
    store.mbus = [old]
    assert _say(store, about) == {"dabbler/ha/mbus_1": '{"time":"2024-03-28T15:00:00Z"}'}


def test_said_again_with_the_rest():
    store, _ = meter()
    about = _about()
    store.mbus = devices()[:1]
    first = [t for t in _say(store, about) if t.endswith("mbus1/config")]
    list(homeassistant.hello(store, about))
    again = _say(store, about)
    assert len(first) == 1 and first[0] in again
    assert again["dabbler/ha/mbus_1"] and len(again) == 2
    assert len(_say(store, about)) == 1
    left = [t for t, p, r in homeassistant.leave(about) if p == "" and r]
    assert set(again) <= set(left) and len(left) == len(set(left))


def test_numbers_are_exact():
    decimal = ha_mbus.decimal
    assert decimal(123456, 1000) == "123.456" and decimal(-5, 10) == "-0.5"
    assert decimal(7, 1) == "7" and decimal(4523000, 1, "1000") == "4523.000"
    assert decimal(1, 1000000000, "1000") == "0.000000000001"
    assert decimal(100000000000, 1) == "100000000000"


def test_buttons_are_there_if_allowed():
    about = _about()
    about.buttons = ("restart", "identify")
    store, _ = meter()
    said = {t: p for t, p, _ in homeassistant.hello(store, about)}
    control = json.loads(said["homeassistant/device/mep_240ac4000102_control0/config"])
    assert control["dev"]["ids"] == ["mep_240ac4000102"]
    for name in about.buttons:
        button = control["cmps"][name]
        assert button["p"] == "button" and button["dev_cla"] == name
        assert button["cmd_t"] == "dabbler/cmd"
        assert json.loads(button["pl_prs"]) == {"id": "ha", "cmd": name}
    update = control["cmps"]["update"]
    assert update["p"] == "update" and update["l_ver_t"] == "dabbler/latest"
    about.buttons = ("identify",)
    said = {t: p for t, p, _ in homeassistant.hello(store, about)}
    control = json.loads(said["homeassistant/device/mep_240ac4000102_control0/config"])
    assert control["cmps"]["restart"] == {"p": "button"}  # taken back
    entity = _about("entity")
    entity.buttons = ("identify",)
    said = {t: p for t, p, _ in homeassistant.hello(store, entity)}
    button = json.loads(said["homeassistant/button/mep_240ac4000102/identify/config"])
    assert button["obj_id"] == "dabbler_identify" and button["ent_cat"] == "config"
    assert said["homeassistant/button/mep_240ac4000102/restart/config"] == ""
    assert "homeassistant/update/mep_240ac4000102/update/config" in said
