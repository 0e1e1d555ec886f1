"""The MQTT client against a real Mosquitto."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import time

import paho.mqtt.client as paho
import pytest
from mqttkit import Subscriber, config, running, until

from firmware.mqtt import publisher
from test_readings import _reply, _store

BACK_S = 10
PUBLISHED = {"mqtt_base": "mep", "mqtt_flat": False}


async def test_what_a_subscriber_sees(mosquitto):
    store, _ = _store()
    store.meter = {"manufacturer": "ELON", "serial": "4080 ü"}
    with Subscriber(mosquitto.port) as subscriber:
        async with running(config(mosquitto.port)) as client:
            task = asyncio.create_task(publisher.run(store, client, PUBLISHED))
            await until(lambda: client.connected)
            assert (await subscriber.next("mep/status"))[1] == b"offline"  # no reply yet
            _reply(store, 28, power_forward=701)
            _, payload, _ = await subscriber.next("mep/readings")
            assert json.loads(payload)["values"]["power_forward"] == 701
            with Subscriber(mosquitto.port) as late:
                _, payload, retain = await late.next("mep/meter")
                assert retain and json.loads(payload) == store.meter
            with Subscriber(mosquitto.port) as late:
                assert (await late.next("mep/status"))[1:] == (b"online", True)
            task.cancel()
            assert (await subscriber.next("mep/status"))[1] == b"online"
        # The connection was cut without a farewell: the broker gives the last will.
        assert (await subscriber.next("mep/status"))[1] == b"offline"
    with Subscriber(mosquitto.port) as late:
        assert (await late.next("mep/status"))[1:] == (b"offline", True)


async def test_latency_from_commit_to_subscriber(mosquitto):
    store, _ = _store()
    delays = []
    with Subscriber(mosquitto.port) as subscriber:
        async with running(config(mosquitto.port)) as client:
            task = asyncio.create_task(publisher.run(store, client, PUBLISHED))
            await until(lambda: client.connected)
            for n in range(200):
                before = time.monotonic()
                _reply(store, 28, power_forward=n)
                when, payload, _ = await subscriber.next("mep/readings")
                assert json.loads(payload)["values"]["power_forward"] == n
                delays.append((when - before) * 1000)
            task.cancel()
            assert client.dropped == 0
    delays.sort()
    print("latency: median %.1f ms, p99 %.1f ms" % (delays[100], delays[197]))
    assert delays[197] <= 50


async def test_killed_and_restarted(mosquitto):
    async with running(config(mosquitto.port)) as client:
        await until(lambda: client.connected)
        mosquitto.stop(kill=True)
        await until(lambda: not client.connected)
        await asyncio.sleep(6)  # until its pauses are the longest
        mosquitto.start()
        back = await until(lambda: client.connected, BACK_S)
        print("back after %.1f s" % back)
        assert client.counters()["mqtt_lost"] == 1
        with Subscriber(mosquitto.port) as subscriber:
            assert (await subscriber.next("mep/status"))[1] == b"online"


async def test_black_hole(mosquitto):
    async with running(config(mosquitto.port)) as client:
        await until(lambda: client.connected)
        mosquitto.stop(kill=True)
        with socket.socket() as hole:  # the kernel takes connections, nobody answers
            hole.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            hole.bind(("127.0.0.1", mosquitto.port))
            hole.listen(10)
            await until(lambda: "does not answer" in client.reason, 8)
            await asyncio.sleep(1)
        mosquitto.start()
        back = await until(lambda: client.connected, BACK_S)
        print("back after %.1f s" % back)


async def test_broker_that_stands_still(mosquitto):
    """Its process is stopped: connections stay open, nothing is answered."""
    async with running(config(mosquitto.port)) as client:
        await until(lambda: client.connected)
        process = mosquitto._process
        process.send_signal(19)
        try:
            await until(lambda: not client.connected, 9)
            assert client.reason == "it does not answer any more"
        finally:
            process.send_signal(18)
        await until(lambda: client.connected, BACK_S)


async def test_users(tmp_path, free_port):
    mosquitto = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
    if not mosquitto or not shutil.which("mosquitto_passwd"):
        pytest.skip("mosquitto or mosquitto_passwd is not installed")
    users = tmp_path / "users"
    users.touch(0o600)
    subprocess.run(["mosquitto_passwd", "-b", users, "meter", "right-pässword"], check=True)
    settings = tmp_path / "users.conf"
    owner = "user root\n" if os.geteuid() == 0 else ""
    settings.write_text(
        "%slistener %d 127.0.0.1\nallow_anonymous false\npassword_file %s\n"
        % (owner, free_port, users)
    )
    broker = subprocess.Popen([mosquitto, "-c", settings], stderr=subprocess.DEVNULL)
    logged = []
    try:
        for user, password in (("meter", "right-password"), ("", ""), ("nobody", "")):
            given = config(free_port, mqtt_user=user, mqtt_password=password)
            async with running(given, logged) as client:
                await until(lambda: "not authorised" in client.reason)
        given = config(free_port, mqtt_user="meter", mqtt_password="right-pässword")
        async with running(given, logged) as client:
            await until(lambda: client.connected)
    finally:
        broker.terminate()
        broker.wait(10)
    assert len(logged) >= 4 and "right-p" not in "".join(logged)


async def test_subscriptions_and_deliveries(mosquitto):
    got = []
    async with running(config(mosquitto.port)) as client:
        client.subscribe("mep/cmd", lambda topic, payload: got.append(payload))
        await until(lambda: client.connected)
        other = paho.Client(paho.CallbackAPIVersion.VERSION2)
        other.connect("127.0.0.1", mosquitto.port)
        other.loop_start()
        with Subscriber(mosquitto.port) as subscriber:
            for n in range(20):
                assert await client.deliver("mep/late", "%d" % n)
            late = [(await subscriber.next("mep/late"))[1] for _ in range(20)]
            assert late == [b"%d" % n for n in range(20)]
        for n in range(3):
            other.publish("mep/cmd", b"%d" % n, 1)
        await until(lambda: got == [b"0", b"1", b"2"])
        mosquitto.stop(kill=True)
        assert await client.deliver("mep/late", "lost") is False
        await asyncio.to_thread(mosquitto.start)
        await until(lambda: client.connected, BACK_S)
        await until(other.is_connected, BACK_S)
        # Its subscription went with the broker's memory, and is there again.
        other.publish("mep/cmd", b"back", 1)
        await until(lambda: got[-1] == b"back")
        other.disconnect()
        other.loop_stop()
    assert len(got) == 4


async def test_a_subscription_that_is_refused(tmp_path, free_port):
    """MQTT 3.1.1, 3.9: a broker may refuse by 0x80; Mosquitto does by its plug-ins only."""

    async def talk(reader, writer):
        await reader.read(200)
        writer.write(b"\x20\x02\0\0")
        data = b""
        while b"mep/cmd" not in data:
            data += await reader.read(200)
        at = data.index(b"mep/cmd") - 4
        writer.write(b"\x90\x03" + data[at : at + 2] + b"\x80")
        await reader.read()

    logged = []
    server = await asyncio.start_server(talk, "127.0.0.1", free_port)
    try:
        async with running(config(free_port), logged) as client:
            client.subscribe("mep/cmd", lambda topic, payload: None)
            await until(lambda: any("ACL" in text for text in logged))
            assert client.connected and "mep/cmd" in logged[-1]
    finally:
        server.close()


CHILD = """
import asyncio, sys
sys.path[:0] = [".", "lib", "build/deps"]
from firmware.hal.clock import sleep_ms, ticks_ms, ticks_diff
from firmware.mqtt.client import Client

lag = 0

async def beat():
    global lag
    while True:
        before = ticks_ms()
        await sleep_ms(5)
        lag = max(lag, ticks_diff(ticks_ms(), before) - 5)

async def main(port):
    config = {"mqtt_host": "localhost", "mqtt_port": port, "mqtt_user": "", "mqtt_password": "",
              "mqtt_base": "mep", "mqtt_client_id": "", "mqtt_tls": "off"}
    client = Client(config, print)
    asyncio.create_task(client.run())
    asyncio.create_task(beat())
    n = 0
    while True:
        n += 1
        client.publish("mep/readings", '{"n": %d, "lag": %d, "fill": "%s"}' % (n, lag, "x" * 2000))
        await sleep_ms(100)

asyncio.run(main(int(sys.argv[1])))
"""


@pytest.mark.parametrize("bits", [64, 32])
async def test_under_micropython(mosquitto, tmp_path, request, bits):
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    interpreter = request.getfixturevalue("micropython%d" % bits)
    command = [interpreter, "-X", "heapsize=128k", str(script), str(mosquitto.port)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        with Subscriber(mosquitto.port) as subscriber:
            numbers = []
            for _ in range(20):
                _, payload, _ = await subscriber.next("mep/readings")
                numbers.append(json.loads(payload)["n"])
            assert numbers == list(range(numbers[0], numbers[0] + 20))
        mosquitto.stop(kill=True)
        await asyncio.sleep(2)
        mosquitto.start()
        with Subscriber(mosquitto.port) as subscriber:
            began = time.monotonic()
            _, payload, _ = await subscriber.next("mep/readings", BACK_S)
            print("back after %.1f s" % (time.monotonic() - began), json.loads(payload)["lag"])
            assert json.loads(payload)["lag"] < 250  # a wait for the network would be seconds
            child.kill()
            assert (await subscriber.next("mep/status"))[1] == b"offline"
    finally:
        child.kill()
        print(child.communicate()[0].decode(), file=sys.stderr)
