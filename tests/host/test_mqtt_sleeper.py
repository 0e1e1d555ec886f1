"""`firmware.mqtt.sleeper` against a real Mosquitto: late readings, and leaving without a will."""

import asyncio
import contextlib
import json

from mqttkit import Subscriber, config, until

from conftest import unused_port
from firmware.mqtt.sleeper import Sleeper
from firmware.records import Ring
from test_readings import _reply, _store

NOW = 1767826800


@contextlib.asynccontextmanager
async def awake(port):
    client = Sleeper(config(port), lambda level, text: None)
    client.available(True)
    task = asyncio.create_task(client.run())
    try:
        await until(lambda: client.connected)
        yield client
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _ring(n):
    ring = Ring(200)
    for i in range(n):
        ring.put(NOW + 60 * i, 1000 + i, 0, -i)
    return ring


async def test_the_newest_first_then_what_waited_in_order_and_once(mosquitto):
    store, _ = _store()
    _reply(store, 28, power_forward=701)
    ring = _ring(150)
    with Subscriber(mosquitto.port) as subscriber:
        async with awake(mosquitto.port) as client:
            assert await client.hand_over(ring, store)
            assert ring.count == 0
            assert await client.hand_over(ring, store)
            _, payload, retain = await subscriber.next("mep/readings")
            assert json.loads(payload)["values"]["power_forward"] == 701
            late = []
            for _ in range(150):
                _, payload, retain = await subscriber.next("mep/late")
                assert not retain
                late.append(json.loads(payload))
            assert [d["values"]["energy_forward"] for d in late] == list(range(1000, 1150))
            assert late[0]["time"] == "2026-01-07T23:00:00Z" and late[0]["late"] is True
            assert late[149]["time"] == "2026-01-08T01:29:00Z"
            await client.bye()
        # Nothing more came: not twice, and no last will.
        await asyncio.sleep(0.3)
        rest = []
        while not subscriber.messages.empty():
            rest.append(subscriber.messages.get_nowait()[1:3])
        assert [t for t, _ in rest if t == "mep/late"] == []
        assert [p for t, p in rest if t == "mep/status"][-1] == b"asleep"
    with Subscriber(mosquitto.port) as later:
        assert (await later.next("mep/status"))[1:] == (b"asleep", True)


async def test_what_the_broker_may_not_have_is_kept(mosquitto):
    store, _ = _store()
    _reply(store, 28, power_forward=701)
    ring = _ring(100)
    async with awake(mosquitto.port) as client:
        mosquitto.stop(kill=True)
        assert not await client.hand_over(ring, store)
        assert ring.count == 100


async def test_a_broker_that_swallows_everything_gets_it_again():
    """It takes the connection and the packets, and never answers a ping."""

    async def swallow(reader, writer):
        await reader.read(1000)
        writer.write(b"\x20\x02\x00\x00")
        while await reader.read(1000):
            pass
        writer.close()

    port = unused_port()
    server = await asyncio.start_server(swallow, "127.0.0.1", port)
    store, _ = _store()
    ring = _ring(10)
    try:
        async with awake(port) as client:
            assert not await client.hand_over(ring, store)
            assert ring.count == 10
    finally:
        server.close()
