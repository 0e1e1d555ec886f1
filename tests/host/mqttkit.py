"""What the tests of MQTT share: the client beside a lag meter, and a subscriber."""

import asyncio
import contextlib
import queue
import threading
import time

import paho.mqtt.client as paho

from firmware.mqtt.client import Client

LIMIT_MS = 50


def config(port, **more):
    settings = {
        "mqtt_host": "127.0.0.1",
        "mqtt_port": port,
        "mqtt_user": "",
        "mqtt_password": "",
        "mqtt_base": "mep",
        "mqtt_client_id": "",
        "mqtt_tls": "off",
    }
    settings.update(more)
    return settings


class Lag:
    """The longest delays of the event loop, and of a thread that only suffers from the machine."""

    def __init__(self):
        self.loop_ms = self.machine_ms = 0
        self._stop = threading.Event()

    def machine(self):
        while not self._stop.is_set():
            before = time.monotonic()
            time.sleep(0.005)
            self.machine_ms = max(self.machine_ms, (time.monotonic() - before) * 1000 - 5)

    async def loop(self):
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.005)
            self.loop_ms = max(self.loop_ms, (time.monotonic() - before) * 1000 - 5)

    def stop(self):
        self._stop.set()


@contextlib.asynccontextmanager
async def running(settings, logged=None, share=1):
    """A running client; fails if it held the event loop for longer than the limit."""
    lag = Lag()
    client = Client(settings, lambda level, text: logged is not None and logged.append(text))
    thread = threading.Thread(target=lag.machine, daemon=True)
    thread.start()
    tasks = [asyncio.create_task(lag.loop()), asyncio.create_task(client.run())]
    try:
        yield client
    finally:
        lag.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        thread.join()
    print("loop lag %.1f ms, machine %.1f ms" % (lag.loop_ms, lag.machine_ms))
    assert lag.loop_ms - lag.machine_ms < LIMIT_MS * share
    assert not client.connected


async def until(check, seconds=5):
    """Wait until ``check()`` is true; returns the seconds that took."""
    began = time.monotonic()
    while not check():
        assert time.monotonic() - began < seconds, "it never came"
        await asyncio.sleep(0.005)
    return time.monotonic() - began


class Subscriber:
    """paho, subscribed to everything; `messages` is a queue of (time, topic, payload, retain)."""

    def __init__(self, port, user=None, password=None):
        self.messages = queue.Queue()
        self._ready = threading.Event()
        self._paho = paho.Client(paho.CallbackAPIVersion.VERSION2)
        if user:
            self._paho.username_pw_set(user, password)
        self._paho.reconnect_delay_set(1, 1)
        self._paho.on_connect = lambda c, *_: c.subscribe("#")
        self._paho.on_subscribe = lambda *_: self._ready.set()
        self._paho.on_disconnect = lambda *_: self._ready.clear()
        self._paho.on_message = lambda c, u, m: self.messages.put(
            (time.monotonic(), m.topic, m.payload, m.retain)
        )
        self._paho.connect("127.0.0.1", port)
        self._paho.loop_start()
        assert self._ready.wait(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._paho.disconnect()
        self._paho.loop_stop()

    @property
    def joined(self):
        """True while the broker has its subscription."""
        return self._ready.is_set()

    async def next(self, topic, seconds=5):
        """The next (time, payload, retain) of ``topic``; earlier messages are passed over."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                when, name, payload, retain = self.messages.get_nowait()
            except queue.Empty:
                await asyncio.sleep(0.005)
                continue
            if name == topic:
                return when, payload, retain
        raise AssertionError("nothing on " + topic)
