"""Values on topics of their own: what is sent when, and what is taken back."""

from firmware import forms
from firmware.mqtt import flat, steps
from formatskit import VALUES, commit, meter
from test_mqtt_publisher import Broker
from test_readings import _reply, _store

CONFIG = {"mqtt_base": "mep", "mqtt_steps": ""}


class Time:
    """Stands in for the ticks of `firmware.mqtt.flat`."""

    def __init__(self, clock):
        self.clock = clock
        self.real = flat.ticks_ms

    def __enter__(self):
        flat.ticks_ms = self.clock.ticks_ms
        return self

    def __exit__(self, *_):
        flat.ticks_ms = self.real


class Texts(Broker):
    """Takes plain text; ``refuse`` messages are dropped."""

    refuse = 0

    def publish(self, topic, payload, retain=False):
        assert topic[:11] == "mep/values/" and retain
        if self.refuse:
            self.refuse -= 1
            return False
        self.sent.append((topic[11:], payload))
        return True


def _flat(store, steps_text=""):
    client = Texts()
    return client, flat.values(store, client, {"mqtt_base": "mep", "mqtt_steps": steps_text})


def _pass(clock, turn, seconds, each=None):
    for _ in range(seconds):
        clock.ticks += 1000
        if each:
            each()
        next(turn)


def _begun(turn):
    next(turn)
    next(turn)


def _settled(store, clock, client, turn):
    # Everything told that there is at first; what is told again after 10 minutes has just begun.
    _begun(turn)
    _pass(clock, turn, 17)
    return client.take()


def _of(client, names):
    # What was sent of these, without what is only sent again.
    return [(name, payload) for name, payload in client.take() if name in names]


def test_all_values_once_at_a_gentle_rate():
    for kind in ("gen3", "gen4"):
        store, clock = meter(kind)
        client, turn = _flat(store)
        with Time(clock):
            _begun(turn)
            _pass(clock, turn, 2)
            assert client.sent == []  # the other table may still come
            for _ in range(len(store.kinds) // 8 + 1):
                before = len(client.sent)
                _pass(clock, turn, 1)
                assert len(client.sent) - before <= 8
                next(turn)  # within the same second: nothing
        sent = dict(client.sent)
        assert sorted(sent) == sorted(store.names)
        for name, value in VALUES.items():
            assert sent[name] == str(value)
        assert [name for name, _ in client.sent[:40]] == store.names[:40]


def test_a_change_below_the_step_is_not_sent():
    store, clock = meter()
    client, turn = _flat(store)
    with Time(clock):
        _settled(store, clock, client, turn)
        for name, small, large in (
            ("power_forward", 705, 706),
            ("voltage_l2", 233379 + 1, 233379),
            ("current_l1", 1536 + 19, 1536 + 20),
            ("frequency", 49981, 49980),
            ("power_factor_l1", 884, 885),
        ):
            given = dict(VALUES)
            given[name] = small
            commit(store, given)
            _pass(clock, turn, 1)
            assert _of(client, [name]) == [], name
            given[name] = large
            commit(store, given)
            _pass(clock, turn, 1)
            assert _of(client, [name]) == [(name, str(large))]
            commit(store, VALUES)
            _pass(clock, turn, 1)
            client.take()
        commit(store, dict(VALUES, energy_forward=115921470))
        _pass(clock, turn, 1)
        assert _of(client, ["energy_forward"]) == [("energy_forward", "115921470")]


def test_small_steps_add_up():
    """What is compared is the value that was sent, not the one before."""
    store, clock = meter()
    client, turn = _flat(store)
    with Time(clock):
        _settled(store, clock, client, turn)
        seen = []
        for n in range(1, 11):
            commit(store, dict(VALUES, power_forward=701 + 2 * n))
            _pass(clock, turn, 1)
            seen += _of(client, ["power_forward"])
    assert seen == [("power_forward", str(n)) for n in (707, 713, 719)]


def test_the_owners_steps():
    store, clock = meter()
    client, turn = _flat(store, "voltage:1000,W:50 , power_forward_l1:3")
    with Time(clock):
        _settled(store, clock, client, turn)
        for given, sent in (
            ({"voltage_l1": 233590}, []),
            ({"voltage_l1": 233591}, ["voltage_l1"]),
            ({"power_forward": 750, "power_forward_l2": 380}, []),
            ({"power_forward": 751}, ["power_forward"]),
            ({"power_forward_l1": 313}, []),
            ({"power_forward_l1": 314}, ["power_forward_l1"]),
            ({"reactive_import": 144}, ["reactive_import"]),
        ):
            values = dict(VALUES)
            values.update(given)
            commit(store, values)
            _pass(clock, turn, 1)
            assert [name for name, _ in _of(client, given)] == sent, given
            commit(store, VALUES)
            _pass(clock, turn, 2)
            client.take()


def test_each_value_again_within_ten_minutes():
    store, clock = meter("gen4")
    client, turn = _flat(store)
    with Time(clock):
        _settled(store, clock, client, turn)
        _pass(clock, turn, 600, lambda: commit(store, VALUES))
        again = [name for name, _ in client.take()]
        assert sorted(again) == sorted(store.names)


def test_what_becomes_unknown_is_taken_back():
    store, clock = meter()
    client, turn = _flat(store)
    with Time(clock):
        _settled(store, clock, client, turn)
        _pass(clock, turn, 43)
        client.take()
        _pass(clock, turn, 15)
        gone = client.take()
        assert sorted(n for n, _ in gone) == sorted(store.names)
        assert {payload for _, payload in gone} == {""}
        _pass(clock, turn, 700)
        assert client.take() == []  # once is enough, for ever
        commit(store, VALUES)
        _pass(clock, turn, 9)
        assert dict(client.take())["power_forward"] == "701"


def test_one_value_that_is_refused():
    """Its bounds refuse it for a minute: only that one goes."""
    store, clock = meter()
    client, turn = _flat(store)
    bad = dict(VALUES, frequency=1)
    with Time(clock):
        _settled(store, clock, client, turn)
        _pass(clock, turn, 61, lambda: commit(store, bad))
        sent = client.take()
        assert ("frequency", "") in sent
        assert [n for n, payload in sent if payload == ""] == ["frequency"]
        commit(store, VALUES)
        _pass(clock, turn, 1)
        assert ("frequency", "50000") in client.take()


def test_a_new_connection_hears_everything_again():
    store, clock = meter()
    client, turn = _flat(store)
    with Time(clock):
        _settled(store, clock, client, turn)
        client.connected = False
        _pass(clock, turn, 5)
        assert client.take() == []
        client.connected = True
        client.connects = 2
        commit(store, dict(VALUES, frequency=1))
        _settled(store, clock, client, turn)
        client.connects = 3
        clock.ticks += 61000
        _settled(store, clock, client, turn)
        client.connects = 4
        # What an earlier life may have left there is taken back, as nothing is known of it now.
        sent = _settled(store, clock, client, turn)
        assert sorted(n for n, _ in sent) == sorted(store.names)
        assert {payload for _, payload in sent} == {""}


def test_a_new_meter():
    store, clock = meter("gen3")
    client, turn = _flat(store)
    with Time(clock):
        _settled(store, clock, client, turn)
        other, _ = meter("gen4")
        store.configure(list(zip(other.names, *zip(*other.kinds))))
        commit(store, VALUES)
        sent = dict(_settled(store, clock, client, turn))
        assert len(sent) == len(store.kinds) == 103


def test_nothing_before_the_meter_is_known():
    store, clock = _store()
    store.configure(())
    client, turn = _flat(store)
    with Time(clock):
        assert _settled(store, clock, client, turn) == []
        _pass(clock, turn, 700)
        assert client.take() == []


def test_a_busy_connection_is_left_to_the_readings():
    store, clock = meter()
    client, turn = _flat(store)
    with Time(clock):
        _begun(turn)
        client.idle = False
        _pass(clock, turn, 10)
        assert client.take() == []
        client.idle = True
        _pass(clock, turn, 1)
        assert len(client.take()) == 8


def test_what_was_dropped_is_sent_again():
    store, clock = meter()
    client, turn = _flat(store)
    with Time(clock):
        _begun(turn)
        _pass(clock, turn, 2)
        client.refuse = 3
        _pass(clock, turn, 1)
        assert len(client.sent) == 5
        _pass(clock, turn, 10)
        assert {n for n, _ in client.sent} == set(store.names)


def test_scale_and_large_numbers():
    store, clock = _store()
    client, turn = _flat(store)
    _reply(store, 28, power_forward=701, power_factor_l1=-875)
    _reply(store, 23, energy_forward=2147483640)
    with Time(clock):
        sent = _settled(store, clock, client, turn)
        assert dict(sent)["energy_forward"] == "21474836400"
        assert dict(sent)["power_factor_l1"] == "-875"
        _reply(store, 23, energy_forward=2147483641)
        _pass(clock, turn, 1)
        assert _of(client, ["energy_forward"]) == [("energy_forward", "21474836410")]


def test_no_memory_costs_a_turn():
    store, clock = meter()
    client, turn = _flat(store)

    def none(*_):
        raise MemoryError()

    with Time(clock):
        _begun(turn)
        _pass(clock, turn, 2)
        real = store.value
        store.value = none
        _pass(clock, turn, 1)
        store.value = real
        assert client.take() == []
        sent = dict(_settled(store, clock, client, turn))
        assert len(sent) == len(store.kinds)


def test_steps_of_the_units():
    store, _ = meter("gen4")
    sent, which, amounts = steps.prepare(store, "")
    by_name = {name: amounts[which[i]] for i, name in enumerate(store.names)}
    assert by_name["power_forward"] == by_name["apparent_power"] == 5
    assert by_name["energy_forward"] == by_name["energy_apparent_q1"] == 1
    assert by_name["voltage_l1"] == 500 and by_name["voltage_angle_l1_l2"] == 100
    assert len(sent) == len(which) == len(store.kinds)


def test_steps_that_are_refused():
    for good in (
        "power_forward:10, voltage:1000",
        "W:5",
        "1/1000:20",
        "1/100 deg : 50",
        "a:1000000",
    ):
        assert forms.fits("steps", good), good
        keys = steps.prepare(_store()[0], good)
        assert keys[2][-1] > 0
    for bad in (
        "power",
        "W:",
        "W:0",
        ":5",
        "W:5,",
        "W:-5",
        "W:1.5",
        "W:5:6",
        "W:1000001",
        "ä:5",
        ",",
    ):
        assert not forms.fits("steps", bad), bad
