"""When the formats are sent, what is taken back, what a default costs.

That is `firmware.mqtt.runner` and `firmware.mqtt.opening`.
"""

import asyncio
import json
import sys

from firmware import begin, config, forms
from firmware.mqtt import opening, publisher, runner
from formatskit import VALUES, commit, meter

KEY = "a7941d85bce8a8fa2ab7"


class Mqtt:
    """Stands in for umqtt's client."""

    will = None

    def set_last_will(self, topic, text, retain):
        self.will = topic, text, retain


class Pipe:
    """Stands in for `firmware.mqtt.pipe`."""

    retained = 0

    def first(self, i):
        return 0x30 | self.retained


class Broker:
    """Stands in for the client."""

    def __init__(self):
        self._mqtt = Mqtt()
        self._pipe = Pipe()
        self.heard = {}
        self.connected = True
        self.connects = 1
        self.idle = True
        self.dropped = 0
        self.online = None
        self.sent = []

    def subscribe(self, topic, function):
        assert topic not in self.heard
        self.heard[topic] = function

    def available(self, yes):
        self.online = yes

    def publish(self, topic, payload, retain=False):
        if not isinstance(topic, str):
            topic = topic.decode()
        if not isinstance(payload, str):
            payload = bytes(payload).decode()
        self.sent.append((topic, payload, retain))
        return True

    def take(self, part):
        """What was sent to topics with ``part`` in them; all is forgotten."""
        sent = self.sent
        self.sent = []
        return [s for s in sent if part in s[0]]


class Storage:
    """Stands in for `firmware.storage`."""

    class StorageError(Exception):
        pass

    def __init__(self, **kept):
        self.kept = kept

    def load(self, name):
        return self.kept.get(name)

    def save(self, name, data):
        self.kept[name] = data

    def remove(self, name):
        del self.kept[name]


class App:
    """Stands in for the application."""

    def __init__(self, store=None, storage=None, **given):
        self.config = config.validate(dict({"key": KEY, "mqtt_host": "broker"}, **given))
        self.store = store
        self.mqtt = Broker()
        self.guard = None
        if storage:
            self.guard = Storage()
            self.guard.storage = storage

    def status(self):
        return {"uptime_s": 100}


class Ticks:
    """The runner's clock, moved by the test."""

    def __init__(self):
        self.now = 1000

    def __call__(self):
        return self.now


def _run(steps, storage=None, **given):
    store, clock = meter()
    store.line = lambda: {"failed": 2}
    app = App(store, storage, **given)
    ticks = Ticks()
    before = runner.ticks_ms
    runner.ticks_ms = ticks

    async def go():
        task = asyncio.create_task(
            opening.runner(app, app.mqtt, app.config).run(
                store, app.mqtt, app.config, lambda: None
            )
        )
        try:

            async def turn(seconds):
                # One second of the meter's and of ours, so often.
                for _ in range(seconds):
                    ticks.now += 1000
                    clock.ticks += 1000
                    commit(store, dict(VALUES, power_forward=ticks.now & 1023))
                    for _ in range(3):
                        await asyncio.sleep(0.002)

            await asyncio.sleep(0)
            await steps(store, app.mqtt, turn)
        finally:
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass

    try:
        asyncio.run(go())
    finally:
        runner.ticks_ms = before


def test_the_default_loads_nothing_of_this():
    app = App()
    assert app.config["mqtt_formats"] == "native"
    for storage, given, kind in (
        (None, "native", None),
        (Storage(), "native", None),
        (Storage(formats=b'[["homie"], ["mep", "ha", "device", "x"]]'), "native", runner.Runner),
        (None, "dabbler", runner.Runner),
    ):
        app = App(storage=storage, mqtt_formats=given)
        app.log = None
        begin.load(app, False)
        if kind:
            assert isinstance(app.publisher, kind)
        else:
            assert app.publisher.__name__ == publisher.__name__


def test_only_what_is_configured_is_imported():
    for name in list(sys.modules):
        if name.startswith("firmware.mqtt.formats."):
            del sys.modules[name]
    app = App(mqtt_formats="dabbler , homie")
    opening.runner(app, app.mqtt, app.config)
    found = [n for n in sys.modules if n.startswith("firmware.mqtt.formats.")]
    assert sorted(found) == ["firmware.mqtt.formats.dabbler", "firmware.mqtt.formats.homie"]


def test_every_format_can_be_configured():
    for name in forms.FORMATS[1:]:
        module = opening.load(name)
        assert len(module.EVERY) > 0 and all(len(e) == 3 for e in module.EVERY)
    assert config.validate({"key": KEY, "mqtt_formats": ", ".join(forms.FORMATS)})
    for name, value in (
        ("mqtt_formats", "dabler"),
        ("mqtt_formats", "native,,dabbler"),
        ("mqtt_formats", "native, native"),
        ("mqtt_formats", ""),
        ("domoticz_idx", "1,2,3,4,5,6"),
        ("domoticz_idx", "1,x"),
        ("domoticz_idx", "1,,2"),
        ("ha_discovery", "both"),
        ("ha_prefix", "a/#"),
    ):
        try:
            config.validate({"key": KEY, name: value})
        except config.ConfigError as e:
            assert e.args[1] == name
        else:
            raise AssertionError(value)


def test_each_format_has_its_times():
    async def steps(store, client, turn):
        await turn(41)
        sent = client.sent
        count = lambda topic: len([1 for t, _, _ in sent if t == topic])  # noqa: E731
        assert 4 <= count("mep/frequency/mydatajson") <= 5
        assert 19 <= count("mep/meter/dlms/timestamp") <= 22
        assert 4 <= count("mep/meter/l1/current") <= 5
        assert count("mep/id") == 3 and count("mep/lwt") == 1
        assert 19 <= len([1 for t, _, _ in sent if t == "domoticz/in"]) <= 22
        assert client.online and client.dropped == 0

    _run(steps, mqtt_formats="dabbler,nesreader_raw,domoticz", domoticz_idx="0, 7")


def test_native_goes_on_beside_others():
    async def steps(store, client, turn):
        await turn(5)
        assert len([1 for t, _, _ in client.sent if t == "mep/readings"]) >= 3
        assert ("mep/lwt", "Online", True) in client.sent

    _run(steps, mqtt_formats="native,dabbler")


def test_nothing_old_is_sent_again():
    async def steps(store, client, turn):
        await turn(1)
        assert client.take("mydatajson")
        for _ in range(30):
            runner.ticks_ms.now += 1000
            await asyncio.sleep(0.002)
        assert client.take("mydatajson") == []

    _run(steps, mqtt_formats="dabbler")


def test_said_again_after_a_connect_and_hourly():
    async def steps(store, client, turn):
        await turn(1)
        first = [s[0] for s in client.take("/config")]
        assert len(first) > 3
        await turn(30)
        assert client.take("/config") == []
        client.connects += 1
        await turn(1)
        assert [s[0] for s in client.take("/config")] == first
        runner.ticks_ms.now += 3600000
        await turn(1)
        assert [s[0] for s in client.take("/config")] == first
        store.kinds = list(store.kinds)  # another meter
        await turn(1)
        assert [s[0] for s in client.take("/config")] == first

    _run(steps, mqtt_formats="homeassistant")


def test_home_assistant_comes_back():
    """Its birth message brings discovery, within 13 s, and then all values."""

    async def steps(store, client, turn):
        await turn(20)
        assert len(client.take("/config")) > 3
        (topic,) = client.heard  # one subscription for two formats
        assert topic == "ha/status"
        say = client.heard[topic]
        for payload, retained in ((b"offline", 0), (b"online", 1)):
            client._pipe.retained = retained
            say(topic, payload)
            await turn(14)
            assert client.take("/config") == []
        client._pipe.retained = 0
        say(topic, b"online")
        say(topic, b"online")
        await turn(14)
        sent = [s[0] for s in client.sent]
        first = [i for i, t in enumerate(sent) if t.endswith("/config")]
        assert len(first) == len({sent[i] for i in first}) > 3  # once
        await turn(3)
        after = [s[0] for s in client.sent][first[-1] :]
        assert "mep/ha/energy" in after and "mep/ha/module" in after and "mep/state" in after
        await turn(20)
        assert len(client.take("/config")) == len(first)

    _run(steps, mqtt_formats="homeassistant,nesreader_ha", ha_prefix="ha")


def test_nobody_is_listened_to_without_need():
    for names, wanted in (("homie,dabbler", []), ("nesreader_ha", ["homeassistant/status"])):
        app = App(mqtt_formats=names)
        opening.runner(app, app.mqtt, app.config)
        assert list(app.mqtt.heard) == wanted
    app = App(mqtt_formats="homeassistant", power_profile="low")
    opening.runner(app, app.mqtt, app.config)
    assert app.mqtt.heard == {}


def test_only_what_changed():
    async def steps(store, client, turn):
        await turn(1)
        sent = client.take("/meter/")
        assert len(sent) > 20 and all(retain for _, _, retain in sent)
        await turn(10)
        assert [s[0].split("/")[-1] for s in client.take("/meter/")] == ["power-forward"]
        client.connects += 1
        await turn(11)
        assert len(client.take("/meter/")) > 20

    _run(steps, mqtt_formats="homie")


def test_a_slow_broker_gets_one_message_at_a_time():
    async def steps(store, client, turn):
        await turn(1)
        client.sent = []
        client.idle = False
        await turn(12)
        assert client.sent == []
        client.idle = True
        await asyncio.sleep(0.05)
        assert len(client.sent) == 5
        client.sent = []
        client.idle = False
        await turn(12)
        client.connected = False
        await asyncio.sleep(0.05)
        assert client.sent == [] and client.dropped == 1

    _run(steps, mqtt_formats="dabbler")


def test_the_last_will_is_who_came_from_elsewhere():
    for names, will in (
        ("native,homeassistant", None),
        ("native,dabbler,homie", (b"mep/lwt", b"Offline", True)),
        ("homie", (b"homie/5/mep-house/$state", b"lost", True)),
    ):
        app = App(mqtt_formats=names, hostname="house")
        opening.runner(app, app.mqtt, app.config)
        assert app.mqtt._mqtt.will == will


def test_what_is_switched_off_is_taken_back_once():
    storage = Storage()

    async def first(store, client, turn):
        await turn(1)
        assert client.take("homeassistant/") and json.loads(storage.kept["formats"].decode())[0]

    async def second(store, client, turn):
        await turn(1)
        gone = client.take("homeassistant/")
        assert len(gone) > 5 and all(s[1:] == ("", True) for s in gone)
        assert storage.kept == {}

    async def other(store, client, turn):
        await turn(1)
        sent = client.sent
        old = [s for s in sent if s[0].startswith("homeassistant/")]
        new = [s for s in sent if s[0].startswith("ha2/")]
        assert old and all(s[1] == "" for s in old) and new and all(s[1] for s in new)

    _run(first, storage, mqtt_formats="homeassistant")
    _run(other, storage, mqtt_formats="homeassistant", ha_prefix="ha2")
    _run(first, storage, mqtt_formats="homeassistant")
    _run(second, storage)


def test_about_the_module():
    store, _ = meter()
    store.line = lambda: {"failed": 2}
    app = App(store, hostname="house", http_host="10.0.0.5", http_port=8080, domoticz_idx="1, 0,3")
    about = opening.describe(app, app.config)
    assert about.url() == "http://10.0.0.5:8080/" and about.idx == [1, 0, 3]
    assert about.id == "mep_house" and about.name == "house" and len(about.mac) == 17
    facts = about.facts()
    assert facts["up"] == 100 and facts["errors"] == 2 and facts["rssi"] is None
    store.configure(())  # before the meter is found
    assert about.facts()["age"] is None
    app = App(store, power_profile="low", mqtt_base="Größe/1")
    about = opening.describe(app, app.config)
    assert about.url() is None and about.expire_s > 600 and about.slug == "gr__e_1"
    app.status = lambda: {"uptime_s": 1, "wifi": {"ip": "192.168.1.5", "rssi": -70}}
    assert about.url() == "http://192.168.1.5/" and about.facts()["rssi"] == -70
