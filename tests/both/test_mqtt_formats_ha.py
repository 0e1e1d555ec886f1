"""The formats that describe themselves: `firmware.mqtt.formats.homeassistant` and ``homie``.

With the first go `ha_discovery` and, in tests/both/test_mqtt_formats_mbus.py, `ha_mbus`.
"""

import json

from firmware.mqtt import names
from firmware.mqtt.formats import homeassistant, homie
from formatskit import About, commit, meter

LARGEST = 2300  # bytes: what a used heap surely has in one piece


def _hello(store, discovery=None, will=None, language=None, rssi=0, buttons=()):
    # By name: what is compiled for the chip has short ones, which no text knows.
    about = About()
    about.buttons = buttons
    if discovery:
        about.discovery = discovery
    if will:
        about.will = will
    if language:
        about.language = language
    if rssi != 0:
        about.rssi = rssi
    found = {}
    for topic, payload, retain in homeassistant.hello(store, about):
        assert retain and topic not in found and len(payload) < LARGEST
        if payload:
            found[topic] = json.loads(payload)
    return about, found


def _entities(found):
    """All entities by their unique id, with what they share."""
    entities = {}
    for config in found.values():
        for key, entity in config.get("cmps", {"": config}).items():
            whole = dict(config)
            whole.pop("cmps", None)
            whole.update(entity)
            if entity in ({"p": "button"}, {"p": "update"}):
                continue  # taken back
            assert whole["uniq_id"] not in entities
            entities[whole["uniq_id"][len("mep_240ac4000102_") :]] = whole
    return entities


def _states(store, about):
    found = {}
    for function in (homeassistant.energy, homeassistant.power, homeassistant.module):
        for topic, payload, retain in function(store, about):
            assert retain == topic.endswith("/energy")
            found[topic] = json.loads(payload)
    return found


def test_each_entity_finds_its_value():
    for kind in ("gen3", "gen4", "export", "old"):
        for discovery in ("device", "entity"):
            store, _ = meter(kind)
            about, found = _hello(store, discovery=discovery)
            entities = _entities(found)
            states = _states(store, about)
            assert sum([len(s) for s in states.values()]) == len(entities)
            firmware = entities.pop("update")
            assert states[firmware["stat_t"]]["version"] == about.version
            for name, entity in entities.items():
                assert entity["val_tpl"] == "{{ value_json.%s }}" % name
                assert states[entity["stat_t"]][name] is not None
                assert entity["exp_aft"] >= 60 and entity["o"] == {"name": "mep", "sw": "0.1.0"}
            assert ("power_forward_l1" in entities) == (kind != "old")


def test_classes_and_units():
    store, _ = meter("export")
    about, found = _hello(store)
    entities = _entities(found)
    for name, unit, device_class, state_class, value in (
        ("energy_forward", "kWh", "energy", "total_increasing", 115921.469),
        ("energy_reverse", "kWh", "energy", "total_increasing", 0.201),
        ("energy_reactive_import", "kvarh", None, "total_increasing", 22.004),
        ("power_reverse", "W", "power", "measurement", 809),
        ("reactive_import", "var", "reactive_power", "measurement", 139),
        ("apparent_power", "VA", "apparent_power", "measurement", 846),
        ("frequency", "Hz", "frequency", "measurement", 50),
        ("current_l1", "A", "current", "measurement", 1.536),
        ("voltage_l2", "V", "voltage", "measurement", 233.88),
        ("power_factor_l1", None, "power_factor", "measurement", -0.999),
        ("rssi", "dBm", "signal_strength", "measurement", -61),
    ):
        entity = entities[name]
        assert entity.get("unit_of_meas") == unit, name
        assert entity.get("dev_cla") == device_class and entity["stat_cla"] == state_class, name
        got = _states(store, about)[entity["stat_t"]][name]
        assert abs(got - value) <= abs(value) * 1e-6, (name, got)
        assert entity["default_entity_id"] == "sensor.dabbler_" + name
    assert entities["rssi"]["ent_cat"] == "diagnostic" and "avty" not in entities["rssi"]
    assert entities["power_forward"]["avty"] == [{"t": "dabbler/status"}]


def test_two_devices():
    store, _ = meter()
    _, found = _hello(store)
    assert all(t.startswith("homeassistant/device/mep_240ac4000102_") for t in found)
    first, _, _ = next(homeassistant.hello(store, About()))
    devices = {json.dumps(c["dev"]["ids"]): c["dev"] for c in found.values()}
    module = devices['["mep_240ac4000102"]']
    of_meter = devices['["mep_240ac4000102_meter"]']
    assert len(devices) == 2 and module["cu"] == of_meter["cu"] == "http://192.168.1.20/"
    assert of_meter["via_device"] == "mep_240ac4000102" and of_meter["mdl"] == "83331-3I"
    assert first.endswith("_module0/config")  # the other device refers to it
    _, found = _hello(store, discovery="entity")
    assert "homeassistant/sensor/mep_240ac4000102/energy_forward/config" in found
    entity = found["homeassistant/sensor/mep_240ac4000102/energy_forward/config"]
    assert entity["obj_id"] == "dabbler_energy_forward" and "default_entity_id" not in entity


def test_a_will_elsewhere_counts_too():
    store, _ = meter()
    will = ("dabbler/lwt", "Offline", "Online")
    entities = _entities(_hello(store, will=will)[1])
    lwt = {"t": "dabbler/lwt", "pl_avail": "Online", "pl_not_avail": "Offline"}
    assert entities["rssi"]["avty"] == [lwt]
    assert entities["power_forward"]["avty"] == [{"t": "dabbler/status"}, lwt]
    assert entities["power_forward"]["avty_mode"] == "all"


def test_what_is_said_is_taken_back():
    store, _ = meter("gen4")
    for discovery in ("device", "entity"):
        about, found = _hello(store, discovery=discovery)
        gone = {}
        for topic, payload, retain in homeassistant.leave(about):
            assert payload == "" and retain
            gone[topic] = 1
        assert set(found) <= set(gone) and about.base + "/ha/energy" in gone


def test_an_unknown_value_is_null_and_a_fall_is_not_sent():
    store, clock = meter()
    clock.ticks += 30000
    commit(store, {"energy_forward": 0, "energy_reverse": 201})
    about = About()
    energy = _states(store, about)["dabbler/ha/energy"]
    assert abs(energy["energy_forward"] - 115921.469) < 0.1 and energy["energy_reverse"] == 0.201
    clock.ticks += 45000
    commit(store, {"energy_forward": 0, "energy_reverse": 201})
    energy = _states(store, about)["dabbler/ha/energy"]
    assert energy["energy_forward"] is None and energy["energy_reverse"] == 0.201


def test_without_a_meter_the_module_is_told():
    store, _ = meter()
    store.configure(())
    about, found = _hello(store, rssi=None)
    entities = _entities(found)
    assert "up" in entities and "rssi" not in entities and "energy_forward" not in entities
    assert list(homeassistant.energy(store, about)) == []


def test_names_in_three_languages():
    for language, name in (
        ("en", "Power imported L1"),
        ("da", "Effekt købt L1"),
        ("de", "Leistung Bezug L1"),
        ("xx", "Power imported L1"),
    ):
        texts = names.load(language)
        assert names.of(texts, "power_forward_l1") == name
        for line in names._TEXTS.strip().split("\n"):
            assert names.of(texts, line.split("|")[0]) in line.split("|")[1:]
    assert names.of(texts, "energy_forward_t2") == "Energy imported T2"
    assert names.of(texts, "never_heard") == "never heard"
    store, _ = meter()
    entities = _entities(_hello(store, language="de")[1])
    assert entities["voltage_l3"]["name"] == "Spannung L3"
    for name, entity in entities.items():  # each name of its own, and none without a text
        assert entity["name"] != name.replace("_", " ")
    assert len({e["name"] for e in entities.values()}) == len(entities)


ROOT = "homie/5/mep-240ac4000102"


def test_homie_describes_what_it_sends():
    for kind in ("gen3", "gen4", "export", "old"):
        store, _ = meter(kind)
        about = About()
        said = list(homie.hello(store, about))
        assert [(t, r) for t, _, r in said] == [
            (ROOT + "/$state", True),
            (ROOT + "/$description", True),
            (ROOT + "/$state", True),
        ]
        assert said[0][1] == "init" and said[2][1] == "ready"
        document = json.loads(said[1][1])
        assert document["homie"] == "5.0" and document["version"] >= 0
        described = {}
        for node in document["nodes"]:
            properties = document["nodes"][node]["properties"]
            for name in properties:
                described["%s/%s/%s" % (ROOT, node, name)] = properties[name]
        sent = {t: p for t, p, r in homie.messages(store, about) if r}
        sent.update({t: p for t, p, r in homie.module(store, about) if r})
        assert set(sent) == set(described)
        for topic in sent:
            assert ("." in sent[topic]) == (described[topic]["datatype"] == "float")
        assert sent[ROOT + "/meter/energy-forward"] == "115921.469"
        factor = ROOT + "/meter/power-factor-l1"
        assert sent[factor] == ("-0.999" if kind == "export" else "0.875")
        assert "unit" not in described[factor]
        assert described[ROOT + "/meter/current-l1"]["unit"] == "A"
        gone = [t for t, p, r in homie.leave(about) if p == "" and r]
        assert set(sent) <= set(gone) and ROOT + "/$state" in gone
    assert homie.will(about) == (ROOT + "/$state", "lost", "ready")


def test_homie_without_a_meter():
    store, _ = meter()
    store.configure(())
    document = json.loads(list(homie.hello(store, About()))[1][1])
    assert list(document["nodes"]) == ["module"]
