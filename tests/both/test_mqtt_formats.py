"""The formats of old, as their users know them.

`firmware.mqtt.formats.nesreader` is tested through the two that are built on it.
"""

import json

from firmware.mqtt import formats
from firmware.mqtt.formats import dabbler, domoticz, nesreader_ha, nesreader_json, nesreader_raw
from formatskit import NOW, About, commit, meter

ABOUT = About()
KINDS = ("gen3", "gen4", "export")
SENSORS = (
    '{"L1_RMS_A":1536,"L2_RMS_A":1874,"L3_RMS_A":139,'
    '"L1_RMS_V":232591,"L2_RMS_V":233879,"L3_RMS_V":234387,'
    '"L1_PF_Fac":%d,"L2_PF_Fac":836,"L3_PF_Fac":837,'
    '"ExportReactive_VAr":0,"ImportReactive_VAr":139}'
)
FORWARD = (
    '{"Fwd_W":701,"Fwd_Avg_W":701,"L1_Fwd_W":311,"L2_Fwd_W":366,"L3_Fwd_W":25,'
    '"L1_Fwd_Avg_W":311,"L2_Fwd_Avg_W":366,"L3_Fwd_Avg_W":25}'
)
REVERSE = (
    '{"Rev_W":0,"Rev_Avg_W":0,"L1_Rev_W":0,"L2_Rev_W":0,"L3_Rev_W":0,'
    '"L1_Rev_Avg_W":0,"L2_Rev_Avg_W":0,"L3_Rev_Avg_W":0}'
)


def _parsed(messages):
    found = {}
    for topic, payload, retain in messages:
        assert topic not in found
        found[topic] = json.loads(payload), retain
    return found


def test_numbers_as_text():
    fixed = formats.fixed
    assert fixed(701) == "701" and fixed(-5) == "-5" and fixed(0) == "0"
    assert fixed(1536, "32") == "1.54" and fixed(139, "32") == "0.14" and fixed(4, "32") == "0.00"
    assert (
        fixed(-875, "32") == "-0.88" and fixed(-4, "32") == "0.00" and fixed(-50, "32") == "-0.05"
    )
    assert fixed(115921469, "33") == "115921.469" and fixed(201, "33") == "0.201"
    assert fixed(2147483647, "33") == "2147483.647" and fixed(701, "01") == "701.0"
    assert fixed(999995, "32") == "1000.00" and fixed(25, "02") == "25.00"


def test_what_is_not_known_is_left_out():
    store, clock = meter("old")
    spec = "a power_forward;b power_forward_l1;c nonsense"
    assert list(formats.pieces(store, spec)) == [("a", "701")]
    clock.ticks += 60001
    assert list(formats.pieces(store, spec)) == []
    assert formats.read(store, ["power_forward", "x"]) == {"power_forward": None}
    assert list(dabbler.messages(store, ABOUT)) == []
    assert list(domoticz.messages(store, ABOUT)) == []
    assert list(nesreader_ha.messages(store, ABOUT)) == []
    topics = [t for t, _, _ in nesreader_raw.messages(store, ABOUT)]
    assert "dabbler/meter/import/active" not in topics


def test_dabbler_to_the_byte():
    for kind in ("gen3", "gen4"):
        store, _ = meter(kind)
        assert list(dabbler.messages(store, ABOUT)) == [
            ("dabbler/sensors/mydatajson", SENSORS % 875, False),
            (
                "dabbler/meterConsumptionTotal/mydatajson",
                '{"Fwd_Act_Wh":115921469,"Rev_Act_Wh":201}',
                False,
            ),
            (
                "dabbler/meterConsumptionFwd/mydatajson",
                FORWARD,
                False,
            ),
            (
                "dabbler/meterConsumptionRev/mydatajson",
                REVERSE,
                False,
            ),
            ("dabbler/frequency/mydatajson", '{"Freq_mHz":50000}', False),
        ]
    assert list(dabbler.hello(store, ABOUT)) == [("dabbler/lwt", "Online", True)]
    assert dabbler.will(ABOUT) == ("dabbler/lwt", "Offline", "Online")
    assert dabbler.EVERY == ((10, dabbler.messages, formats.METER),)


def test_dabbler_exporting():
    store, _ = meter("export")
    sent = list(dabbler.messages(store, ABOUT))
    assert sent[0][1] == SENSORS % -999
    assert sent[3][1].startswith('{"Rev_W":809,"Rev_Avg_W":809,"L1_Rev_W":1200,"L2_Rev_W":0,')


def test_nesreader_raw_to_the_byte():
    store, _ = meter()
    store.days = "", [0, 0, 115910000, None], [store.names.index("energy_forward"), 0]
    given = list(nesreader_raw.messages(store, ABOUT))
    sent = {t[8:]: (p, r) for t, p, r in given}
    assert len(sent) == len(given) and all(t.startswith("dabbler/") for t, _, _ in given)
    retained = {t: p for t, (p, r) in sent.items() if r}
    assert retained == {
        "meter/import/active/accumulated": "115921.469",
        "meter/export/active/accumulated": "0.201",
        "meter/import/reactive/accumulated": "22.004",
        "meter/export/reactive/accumulated": "0.007",
    }
    plain = {t: p for t, (p, r) in sent.items() if not r}
    assert plain == {
        "meter/clock": str(NOW - 1),
        "meter/id": "ELON",
        "meter/type": "83331-3I",
        "meter/l1/current": "1.54",
        "meter/l2/current": "1.87",
        "meter/l3/current": "0.14",
        "meter/l1/voltage": "232.59",
        "meter/l2/voltage": "233.88",
        "meter/l3/voltage": "234.39",
        "meter/l1/powerfactor": "0.88",
        "meter/l2/powerfactor": "0.84",
        "meter/l3/powerfactor": "0.84",
        "meter/power/frequency": "50.00",
        "meter/power/aparentpower": "846",
        "meter/power/reactivepower_Q1": "139",
        "meter/power/reactivepower_Q2": "0",
        "meter/power/reactivepower_Q3": "0",
        "meter/power/reactivepower_Q4": "0",
        "meter/import/active": "701",
        "meter/export/active": "0",
        "meter/import/reactive": "139",
        "meter/export/reactive": "0",
        "meter/import/l1": "311.00",
        "meter/import/l2": "366.00",
        "meter/import/l3": "25.00",
        "meter/export/l1": "0.00",
        "meter/export/l2": "0.00",
        "meter/export/l3": "0.00",
        "realtime/import/day": "11.47",
        "uptime": "4711",
    }
    assert [e[0] for e in nesreader_raw.EVERY] == [2, 10, 20]


def test_nesreader_raw_time_module_and_sign():
    store, clock = meter("export")
    sent = {t: p for t, p, _ in nesreader_raw.messages(store, ABOUT)}
    assert sent["dabbler/meter/l1/powerfactor"] == "-1.00"
    assert sent["dabbler/meter/export/l1"] == "1200.00"
    assert sent["dabbler/meter/export/active"] == "809"
    assert list(nesreader_raw.stamp(store, ABOUT)) == [
        ("dabbler/meter/dlms/timestamp", str(NOW - 1), False)
    ]
    assert list(nesreader_raw.system(store, ABOUT)) == [
        ("dabbler/id", "24:0A:C4:00:01:02", True),
        ("dabbler/mem", "20480", False),
        ("dabbler/rssi", "-61", False),
    ]
    clock.seconds = None
    assert list(nesreader_raw.stamp(store, ABOUT)) == []


KEYS = "lv id type fwr ser P Q PO QO I1 I2 I3 U1 U2 U3 PF1 PF2 PF3 APP FRQ RQ1 RQ2 RQ3 RQ4".split()


def test_nesreader_json():
    for kind in KINDS:
        store, _ = meter(kind)
        ((topic, payload, retain),) = nesreader_json.messages(store, ABOUT)
        assert topic == "dabbler" and not retain and " " not in payload
        d = json.loads(payload)
        assert set(d) == {"id", "name", "up", "t", "rssi", "data", "realtime"}
        assert (d["id"], d["name"], d["up"]) == (ABOUT.mac, ABOUT.name, 4711)
        assert d["t"] == NOW - 1 and d["rssi"] == -61
        data = d["data"]
        assert set(data) == set(KEYS + ["tPI", "tPO", "tQI", "tQO", "rtc"])
        assert (data["id"], data["lv"], data["ser"]) == ("ELON", "", "4080123412341234")
        assert data["fwr"] == ("4.30.0" if kind == "gen4" else "3.84.6")
        for text in ('"I1":1.54', '"U1":232.59', '"FRQ":50.00', '"tPI":115921.47', '"APP":846'):
            assert text in payload
        assert ('"PF1":-1.00' in payload) == (kind == "export")
        assert data["PO"] == (809 if kind == "export" else 0)


def test_nesreader_ha_values():
    for kind in KINDS:
        store, _ = meter(kind)
        sent = _parsed(nesreader_ha.messages(store, ABOUT))
        assert set(sent) == {"dabbler/power", "dabbler/energy"}
        power, retain = sent["dabbler/power"]
        assert set(power) == set(KEYS) and not retain
        assert (power["PF1"] < 0) == (kind == "export")
        energy, _ = sent["dabbler/energy"]
        assert set(energy) == {"tPI", "tPO", "tQI", "tQO", "rtc"}
        assert abs(energy["tPI"] - 115921.47) < 0.02
    state = _parsed(nesreader_ha.system(store, ABOUT))["dabbler/state"][0]
    assert set(state) == {"id", "name", "up", "rssi", "version"}
    store.days = "", [0, 0, 115910000, None], [store.names.index("energy_forward"), 0]
    sent = list(nesreader_ha.realtime(store, ABOUT))
    assert sent == [("dabbler/realtime", '{"day":{"use":11.47}}', False)]


def test_nesreader_ha_keeps_the_unique_ids():
    store, _ = meter()
    sent = _parsed(nesreader_ha.hello(store, ABOUT))
    ids = {}
    for topic, (config, retain) in sent.items():
        uid = config["uniq_id"]
        assert retain and topic == "homeassistant/sensor/%s/config" % uid
        assert config["obj_id"] == uid and config["dev"]["ids"] == ["mep-000102"]
        assert config["dev"]["cu"] == "http://192.168.1.20/"
        ids[uid[len("mep-000102_") :]] = config
    assert set(ids) == set(
        "P Q QO PO I1 I2 I3 U1 U2 U3 PF1 PF2 PF3 APP FRQ RQ1 RQ2 RQ3 RQ4 tPI tQI tQO tPO dayuse "
        "dayproduced rssi up".split()
    )
    assert ids["tPI"]["stat_cla"] == "total_increasing" and ids["tPI"]["unit_of_meas"] == "kWh"
    assert ids["FRQ"]["dev_cla"] == "frequency" and "unit_of_meas" not in ids["PF1"]
    assert ids["dayuse"]["val_tpl"] == "{{ value_json.day.use | is_defined }}"
    assert ids["P"]["stat_t"] == "dabbler/power" and ids["rssi"]["stat_t"] == "dabbler/state"
    gone = {t: (p, r) for t, p, r in nesreader_ha.leave(ABOUT)}
    assert set(sent) == set(gone) and set(gone.values()) == {("", True)}


def test_domoticz():
    store, _ = meter()
    text = '{"command":"udevice","idx":%d,"nvalue":0,"svalue":"%s"}'
    assert list(domoticz.messages(store, ABOUT)) == [
        ("domoticz/in", text % (12, "701.0;115921469.0"), False),
        ("domoticz/in", text % (13, "232.59"), False),
        ("domoticz/in", text % (14, "233.88"), False),
        ("domoticz/in", text % (16, "1.5;1.9;0.1"), False),
    ]


def test_no_zero_is_made_up():
    """A reply that drops the counter keeps the last one, and never becomes 0."""
    store, clock = meter()
    clock.ticks += 5000
    commit(store, {"energy_forward": 1, "frequency": 50000})
    d = json.loads(list(dabbler.messages(store, ABOUT))[1][1])
    assert d["Fwd_Act_Wh"] == 115921469
