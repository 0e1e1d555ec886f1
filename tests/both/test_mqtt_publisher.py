import asyncio
import json

from firmware.mqtt import publisher
from test_readings import _reply, _store

CONFIG = {"mqtt_base": "mep/house", "mqtt_flat": False}
METER = {"manufacturer": "ELON", "serial": "4080"}


class Broker:
    """Stands in for the client."""

    def __init__(self):
        self.connected = True
        self.connects = 1
        self.idle = True
        self.dropped = 0
        self.online = None
        self.sent = []

    def available(self, yes):
        self.online = yes

    def publish(self, topic, payload, retain=False):
        if not isinstance(payload, str):
            payload = bytes(payload).decode()
        self.sent.append((topic, json.loads(payload), retain))
        return True

    def take(self):
        sent = self.sent
        self.sent = []
        return sent


def _run(steps):
    store, clock = _store()
    store.meter = dict(METER)
    client = Broker()

    async def go():
        task = asyncio.create_task(publisher.run(store, client, CONFIG))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        try:
            await steps(store, clock, client)
        finally:
            task.cancel()

    asyncio.run(go())


async def _until(check):
    for _ in range(300):
        if check():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")


def test_each_snapshot_is_published():
    async def steps(store, clock, client):
        _reply(store, 28, power_forward=701)
        await _until(lambda: len(client.sent) >= 2)
        sent = client.take()
        assert [s[0] for s in sent] == [b"mep/house/readings", b"mep/house/meter"]
        assert sent[0][1]["values"]["power_forward"] == 701
        assert sent[0][1]["snapshot"] == 1 and sent[0][2] is False
        assert sent[1][1] == METER and sent[1][2] is True
        for n in range(2, 6):
            _reply(store, 28, power_forward=n)
            await _until(lambda: client.sent)
            ((topic, document, retain),) = client.take()
            assert document["snapshot"] == n and document["values"]["power_forward"] == n
        assert client.dropped == 0

    _run(steps)


def test_the_meter_is_told_again_when_it_or_the_connection_is_new():
    async def steps(store, clock, client):
        _reply(store, 28, power_forward=1)
        await _until(lambda: len(client.sent) == 2)
        client.take()
        client.connects = 2
        _reply(store, 28, power_forward=2)
        await _until(lambda: len(client.sent) == 2)
        assert client.take()[1] == (b"mep/house/meter", METER, True)
        store.meter = {"serial": "4081"}
        _reply(store, 28, power_forward=2)
        await _until(lambda: len(client.sent) == 2)
        assert client.take()[1][1] == {"serial": "4081"}

    _run(steps)


def test_a_slow_broker_gets_the_latest():
    async def steps(store, clock, client):
        client.idle = False
        for n in range(1, 6):
            _reply(store, 28, power_forward=n)
            await asyncio.sleep(0.03)
        assert client.sent == []
        client.idle = True
        await _until(lambda: client.sent)
        assert client.sent[0][1]["snapshot"] == 5
        assert client.dropped == 4

    _run(steps)


def test_snapshots_without_a_broker_are_counted():
    async def steps(store, clock, client):
        client.connected = False
        for n in range(1, 4):
            _reply(store, 28, power_forward=n)
            await asyncio.sleep(0.01)
        assert client.sent == [] and client.dropped == 3

    _run(steps)


def test_availability_follows_the_meter():
    async def steps(store, clock, client):
        assert client.online is False  # nothing was read yet
        _reply(store, 28, power_forward=1)
        await _until(lambda: client.online)
        clock.ticks += 31000
        await _until(lambda: client.online is False)
        _reply(store, 28, power_forward=1)
        await _until(lambda: client.online)

    _run(steps)
