"""Values on topics of their own: what is sent when, and what is taken back."""

import asyncio
from array import array

from firmware import forms
from firmware.mqtt import flat, publisher
from formatskit import VALUES, commit, meter
from test_mqtt_publisher import Broker
from test_readings import _reply, _store


class Texts(Broker):
    """Takes plain text; ``refuse`` messages are dropped."""

    refuse = 0

    def publish(self, topic, payload, retain=False):
        if not isinstance(topic, str):
            return True  # the readings and the meter
        assert topic[:11] == "mep/values/"
        assert retain
        if self.refuse:
            self.refuse -= 1
            return False
        self.sent.append((topic[11:], payload))
        return True


def _flat(store, own=""):
    client = Texts()
    sent = array("i", bytes(4 * len(store.kinds) + 8))
    config = {"mqtt_base": "mep", "mqtt_steps": own}
    return client, lambda: flat.tell(store, client, config, sent)


def _pass(clock, turn, seconds, each=None):
    for _ in range(seconds):
        clock.ticks += 1000
        if each:
            each()
        turn()


def _settled(clock, client, turn):
    # Everything told that there is at first.
    _pass(clock, turn, 15)
    return client.take()


def _names(sent):
    return sorted([name for name, _ in sent])


def test_all_values_once_at_a_gentle_rate():
    for kind in ("gen3", "gen4"):
        store, clock = meter(kind)
        client, turn = _flat(store)
        for _ in range(len(store.kinds) // 8 + 1):
            before = len(client.sent)
            _pass(clock, turn, 1)
            assert len(client.sent) - before <= 8
        assert [name for name, _ in client.sent] == store.names
        for name, value in VALUES.items():
            assert dict(client.sent)[name] == str(value)


def test_whatever_changes_the_others_have_their_turn():
    store, clock = meter()
    client, turn = _flat(store)
    n = [0]

    def busy():
        n[0] += 1
        commit(store, dict.fromkeys(store.names[:20], 100 * n[0]))

    _pass(clock, turn, 12, busy)
    assert set(store.names) == set(_names(client.sent))


def test_a_change_below_the_step_is_not_sent():
    for name, small, large in (
        ("power_forward", 705, 706),
        ("voltage_l2", 233380, 233379),
        ("current_l1", 1555, 1556),
        ("frequency", 49981, 49980),
        ("power_factor_l1", 884, 885),
        ("apparent_power", 850, 841),
        ("energy_forward", 115921469, 115921470),
    ):
        store, clock = meter()
        client, turn = _flat(store)
        _settled(clock, client, turn)
        for value, sent in ((small, []), (large, [(name, str(large))])):
            given = dict(VALUES)
            given[name] = value
            commit(store, given)
            _pass(clock, turn, 1)
            assert client.take() == sent, name


def test_small_changes_add_up():
    """What is compared is the value that was sent, not the one before."""
    store, clock = meter()
    client, turn = _flat(store)
    _settled(clock, client, turn)
    for n in range(1, 11):
        commit(store, dict(VALUES, power_forward=701 + 2 * n))
        _pass(clock, turn, 1)
    assert client.take() == [("power_forward", str(n)) for n in (707, 713, 719)]


def test_the_owners_steps():
    own = "voltage:1000, W:50,power_forward_l1:3"
    for given, sent in (
        ({"voltage_l1": 233590}, []),
        ({"voltage_l1": 233591}, ["voltage_l1"]),
        ({"power_forward": 750, "power_forward_l2": 415}, []),
        ({"power_forward": 751}, ["power_forward"]),
        ({"power_forward_l1": 313}, []),
        ({"power_forward_l1": 314}, ["power_forward_l1"]),
        ({"reactive_import": 144}, ["reactive_import"]),
    ):
        store, clock = meter()
        client, turn = _flat(store, own)
        _settled(clock, client, turn)
        values = dict(VALUES)
        values.update(given)
        commit(store, values)
        _pass(clock, turn, 1)
        assert _names(client.take()) == sent, given


def test_each_value_again_within_ten_minutes():
    store, clock = meter("gen4")
    client, turn = _flat(store)
    _settled(clock, client, turn)
    _pass(clock, turn, 560, lambda: commit(store, VALUES))
    assert client.take() == []
    _pass(clock, turn, 40, lambda: commit(store, VALUES))
    assert _names(client.take()) == sorted(store.names)


def test_what_becomes_unknown_is_taken_back_once():
    store, clock = meter()
    client, turn = _flat(store)
    _settled(clock, client, turn)
    _pass(clock, turn, 45)
    assert client.take() == []
    _pass(clock, turn, 15)
    gone = client.take()
    assert _names(gone) == sorted(store.names)
    assert {payload for _, payload in gone} == {""}
    _pass(clock, turn, 700)
    assert client.take() == []
    commit(store, VALUES)
    _pass(clock, turn, 9)
    assert dict(client.take())["power_forward"] == "701"


def test_one_value_that_is_refused():
    """Its bounds refuse it for a minute: only that one goes."""
    store, clock = meter()
    client, turn = _flat(store)
    _settled(clock, client, turn)
    _pass(clock, turn, 61, lambda: commit(store, dict(VALUES, frequency=1)))
    assert client.take() == [("frequency", "")]
    commit(store, VALUES)
    _pass(clock, turn, 1)
    assert client.take() == [("frequency", "50000")]


def test_what_was_dropped_is_sent_again():
    store, clock = meter()
    client, turn = _flat(store)
    client.refuse = 3
    _pass(clock, turn, 1)
    assert len(client.sent) == 5
    _pass(clock, turn, 10)
    assert _names(client.sent) == sorted(store.names)


def test_scale_sign_and_large_numbers():
    store, clock = _store()
    client, turn = _flat(store)
    _reply(store, 28, power_forward=701, power_factor_l1=-875)
    _reply(store, 23, energy_forward=2147483640)
    assert dict(_settled(clock, client, turn)) == {
        "power_forward": "701",
        "power_factor_l1": "-875",
        "energy_forward": "21474836400",
    }
    _reply(store, 23, energy_forward=2147483641)
    _pass(clock, turn, 1)
    assert client.take() == [("energy_forward", "21474836410")]


class _Ticks:
    # The publisher's time by hand.

    def __enter__(self):
        self.now = 1000
        self.real = publisher.ticks_ms
        publisher.ticks_ms = lambda: self.now
        return self

    def __exit__(self, *_):
        publisher.ticks_ms = self.real


def _published(steps, own="", on=True):
    # ``steps(store, clock, client, turn)``, where ``turn(ms)`` gives the publisher one turn.
    store, clock = meter()
    client = Texts()

    async def go():
        config = {"mqtt_base": "mep", "mqtt_steps": own, "mqtt_flat": on}
        task = asyncio.create_task(publisher.run(store, client, config))
        await asyncio.sleep(0)

        async def turn(ms, values=VALUES):
            ticks.now += ms
            clock.ticks += ms
            commit(store, values)
            for _ in range(30):
                await asyncio.sleep(0)

        try:
            await turn(0)
            await steps(store, clock, client, turn)
        finally:
            task.cancel()

    with _Ticks() as ticks:
        asyncio.run(go())


def test_the_publisher_waits_for_all_tables_then_tells_once_a_second():
    async def steps(store, clock, client, turn):
        for _ in range(5):
            await turn(500)
            assert client.sent == []
        await turn(600)
        assert len(client.take()) == 8
        await turn(300)
        assert client.take() == []
        await turn(700)
        assert len(client.take()) == 8

    _published(steps)


def test_a_new_connection_hears_everything_again():
    async def steps(store, clock, client, turn):
        for _ in range(15):
            await turn(1000)
        client.take()
        client.connected = False
        await turn(5000)
        client.connected = True
        client.connects += 1
        for _ in range(15):
            await turn(1000, dict(VALUES, frequency=1))
        assert _names(client.take()) == sorted(store.names)
        client.connects += 1
        clock.ticks += 61000
        for _ in range(15):
            await turn(1000, dict(VALUES, frequency=1))
        # An earlier life may have left it there, and nothing is known of it now.
        assert ("frequency", "") in client.take()

    _published(steps)


def test_a_new_meter():
    async def steps(store, clock, client, turn):
        for _ in range(15):
            await turn(1000)
        client.take()
        other, _ = meter("gen4")
        sources = [(name,) + tuple(other.kinds[i]) for i, name in enumerate(other.names)]
        store.meter = dict(store.meter)
        store.configure(sources)
        for _ in range(20):
            await turn(1000)
        assert _names(client.take()) == sorted(other.names)

    _published(steps)


def test_a_busy_connection_is_left_to_the_readings():
    async def steps(store, clock, client, turn):
        client.idle = False
        for _ in range(15):
            await turn(1000)
        assert client.take() == []
        client.idle = True
        await asyncio.sleep(0.05)
        await turn(1000)
        assert client.take()

    _published(steps)


def test_the_owners_steps_as_they_are_written():
    async def steps(store, clock, client, turn):
        for _ in range(15):
            await turn(1000)
        client.take()
        await turn(1000, dict(VALUES, power_forward=710, frequency=50099))
        assert client.take() == []
        await turn(1000, dict(VALUES, power_forward=711, frequency=50100))
        assert _names(client.take()) == ["frequency", "power_forward"]

    _published(steps, "power_forward:10, mHz:100")


def test_off():
    async def steps(store, clock, client, turn):
        for _ in range(15):
            await turn(1000)
        assert client.sent == []

    _published(steps, on=False)


def test_steps_that_are_refused():
    for good in (
        "power_forward:10, voltage:1000",
        "W:5",
        "1/1000:20",
        "1/100 deg:50,a:1000000",
    ):
        assert forms.fits("steps", good), good
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
        "W:00000000000000000001",
        "W :5",
        "W: 5",
        "W:5 ,V:5",
        "ä:5",
        ",",
    ):
        assert not forms.fits("steps", bad), bad
