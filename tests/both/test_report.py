import json

from firmware import report
from test_readings import _reply, _store

METER = {
    "manufacturer": "ELON",
    "model": '8"331',
    "firmware": "3.84.06",
    "serial": "4080",
    "generation": 3,
}


def _filled():
    store, clock = _store()
    store.meter = METER
    store.line = lambda: {"verified": 2}
    _reply(store, 23, energy_forward=100)
    clock.ticks += 1234
    clock.seconds = 1795226400
    _reply(store, 28, power_forward=701, power_factor_l1=1001)
    return store


def _text(store):
    return json.loads(bytes(report.snapshot(store)).decode())


def test_the_largest_numbers_fit():
    store, clock = _store()
    clock.seconds = 4102444799
    store.configure(
        [("a%d" % i, "Wh", 23 + 5 * (i % 2), -(1 << 31), 1 << 31, False, 100) for i in range(90)]
    )
    store.snapshot = 1000000000
    for table in (23, 28):
        for i in range(90):
            store.put(i, -2147483648)
        store.commit(table)
    clock.ticks += 3000000
    text = report.snapshot(store)
    assert len(text) <= len(store.buffer) == len(bytes(store.buffer))
    assert set(_text(store)["values"].values()) == {-214748364800}
    assert _text(store)["age_ms"] == {"BT23": 3000000, "BT28": 3000000}


def test_one_text_for_all_who_ask():
    store = _filled()
    assert report.snapshot(store) is report.snapshot(store)


def test_readings_do_not_mix_snapshots():
    store = _filled()
    pieces = report.readings(store)
    first = next(pieces)
    _reply(store, 28, power_forward=999)
    doc = json.loads(first + "".join(pieces))
    assert doc["snapshot"] == 2 and doc["values"]["power_forward"]["value"] == 701


def test_readings_document():
    doc = json.loads("".join(report.readings(_filled())))
    assert doc == {
        "meter": METER,
        "snapshot": 2,
        "time": "2026-11-21T02:00:00Z",
        "values": {
            "power_forward": {"value": 701, "unit": "W", "age_ms": 0},
            "power_factor_l1": {"value": None, "unit": "1/1000", "age_ms": None},
            "energy_forward": {"value": 1000, "unit": "Wh", "age_ms": 1234},
        },
        "today": None,
        "yesterday": None,
        "alerts": None,
        "mbus": None,
        "line": {"verified": 2},
    }


def test_readings_with_devices_on_mbus():
    store = _filled()
    for devices in ([], [{"n": 1}], [{"n": 1, "values": None}, {"n": 3, "values": []}]):
        store.mbus = devices
        pieces = list(report.readings(store))
        assert json.loads("".join(pieces))["mbus"] == devices


def test_pieces_stay_small():
    store, _ = _store()
    store.configure([("value_number_%d" % i, "W", 28, 0, 9, False, 1) for i in range(100)])
    pieces = list(report.readings(store))
    assert max(len(p) for p in pieces) < 250
    assert len(json.loads("".join(pieces))["values"]) == 100


def test_snapshot_has_no_value_without_its_age():
    store = _filled()
    doc = _text(store)
    assert doc["age_ms"] == {"BT28": 0, "BT23": 1234}
    assert doc["values"] == {"power_forward": 701, "power_factor_l1": None, "energy_forward": 1000}
    _reply(store, 28, power_factor_l1=5)
    doc = _text(store)
    assert doc["values"]["power_forward"] is None and doc["snapshot"] == 3


def test_no_time_is_null_never_2000():
    store, _ = _store()
    assert _text(store)["time"] is None
