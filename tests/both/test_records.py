"""Readings kept for later: `firmware.records`."""

import json

from firmware.readings import Readings
from firmware.records import SIZE, Ring, reading
from test_readings import Clock, _reply

NOW = 1767826800  # 2026-01-07T23:00:00Z
RECORDS = (
    (NOW, 115921469, 201, 701),
    (NOW + 60, 1099511627774, 0, -2500),
    (0, None, None, None),
    (4102444799, 0, 0, 0),
    (NOW + 120, 5, None, -1000000000),
)


def test_what_is_put_comes_back():
    ring = Ring(10)
    for record in RECORDS:
        ring.put(*record)
    assert [ring.get(i) for i in range(ring.count)] == list(RECORDS)
    assert ring.count == 5 and ring.lost == 0


def test_what_does_not_fit_is_unknown_not_wrong():
    ring = Ring(1)
    ring.put(NOW, 1 << 40, -1, 1 << 33)
    assert ring.get(0) == (NOW, None, None, None)


def test_the_oldest_make_room_and_are_counted():
    ring = Ring(3)
    for n in range(10):
        ring.put(NOW + n, n, 0, 0)
        assert ring.count == min(n + 1, 3)
    assert [ring.get(i)[1] for i in range(3)] == [7, 8, 9] and ring.lost == 7
    ring.drop(2)
    assert ring.count == 1 and ring.get(0)[1] == 9
    ring.put(NOW, 10, 0, 0)
    ring.drop(5)
    assert ring.count == 0


def test_pack_and_unpack_across_the_end():
    for dropped in range(5):
        ring = Ring(4)
        for n in range(4 + dropped):
            ring.put(NOW + n, n, 0, 0)
        ring.drop(1)
        data = ring.pack()
        assert len(data) == 3 * SIZE
        other = Ring(4)
        other.unpack(data)
        assert [other.get(i) for i in range(3)] == [ring.get(i) for i in range(3)]
        small = Ring(2)
        small.unpack(data)
        assert [small.get(i) for i in range(2)] == [ring.get(i) for i in range(1, 3)]
    empty = Ring(4)
    empty.unpack(b"")
    assert empty.count == 0 and empty.pack() == b""


def test_the_text_of_a_late_reading():
    ring = Ring(5)
    for record in RECORDS:
        ring.put(*record)
    assert json.loads(ring.text(1)) == {
        "time": "2026-01-07T23:01:00Z",
        "late": True,
        "values": {"energy_forward": 1099511627774, "energy_reverse": 0, "power": -2500},
    }
    assert json.loads(ring.text(2)) == {
        "time": None,
        "late": True,
        "values": {"energy_forward": None, "energy_reverse": None, "power": None},
    }


def test_the_reading_of_a_store():
    store = Readings(Clock())
    assert reading(store) == (None, None, None)
    store.configure(
        [
            ("power_forward", "W", 28, 0, 300000, False, 1),
            ("power_reverse", "W", 28, 0, 300000, False, 1),
            ("energy_forward", "Wh", 23, 0, 2147483647, True, 10),
        ]
    )
    _reply(store, 28, power_forward=100, power_reverse=350)
    assert reading(store) == (None, None, -250)
    _reply(store, 23, energy_forward=7)
    assert reading(store) == (70, None, -250)
