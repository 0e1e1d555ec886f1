"""Proof that each minute of an outage of a real Mosquitto arrives once, in order, with its time.

Between client and broker stands a proxy that cuts, swallows or holds back. Minutes are not waited
for: the buffer's clock is told them. PROOF_LATE is how many rounds of all faults.
"""

import asyncio
import contextlib
import json
import random

import pytest
from mqttkit import Subscriber, config, until
from proofkit import report, scale

from conftest import Mosquitto, program
from firmware import late as module
from firmware.mqtt import client as client_module
from firmware.mqtt import incoming
from latekit import Files, World, seconds

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800)]

ROUNDS = scale("PROOF_LATE", 1)
FAULTS = ("killed", "stopped", "black hole", "cut", "no answers", "supply")
# All that is waited for, shorter.
FAST = (
    (module, "_PACE_MS", 1),
    (module, "_STEP_MS", 2),
    (module, "_ECHO_MS", 300),
    (incoming, "_STEP_MS", 1),
    (incoming, "_PATIENCE_MS", 300),
    (client_module, "_BUSY_MS", 1),
    (client_module, "_IDLE_MS", 2),
    (client_module, "_PING_MS", 200),
    (client_module, "_FIRST_MS", 20),
    (client_module, "_MOST_MS", 50),
)


class Proxy:
    """TCP to the broker. ``mode``: pass, refuse, swallow or deaf (the broker's words are lost).

    With ``left`` not None each connection is cut after so many bytes of the broker, or ours.
    """

    def __init__(self, target):
        self.mode = "pass"
        self.left = None
        self._target = target
        self._writers = []

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        self.cut()

    def cut(self):
        for writer in self._writers:
            writer.transport.abort()
        self._writers = []

    async def _serve(self, reader, writer):
        self._writers.append(writer)
        try:
            if self.mode == "refuse":
                raise OSError
            there, broker = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers.append(broker)
        ends = [writer, broker]
        with contextlib.suppress(asyncio.CancelledError):  # the test is over
            await asyncio.gather(
                self._pump(reader, broker, ends, True), self._pump(there, writer, ends, False)
            )

    async def _pump(self, reader, writer, ends, ours):
        with contextlib.suppress(OSError):
            while True:
                data = await reader.read(4096)
                if self.left is not None:
                    n = min(self.left, len(data))
                    self.left -= n
                    if n < len(data):
                        self.left = None
                        writer.write(data[:n])
                        break
                if not data:
                    break
                if self.mode == "swallow" or (self.mode == "deaf" and not ours):
                    continue
                writer.write(data)
        await asyncio.sleep(0)
        for end in ends:
            with contextlib.suppress(OSError):
                end.close()


class Scene(World):
    """The buffer with a real client, and what a subscriber saw."""

    def __init__(self, port, files):
        World.__init__(self, 72, files)
        self.mqtt = client_module.Client(config(port), lambda level, text: None)
        self.mqtt.available(True)
        self.seen = []
        self.doubled = []
        self.again = 0

    def take(self, subscriber):
        """Note what came; what is retained may come again to who subscribes again."""
        while not subscriber.messages.empty():
            _, topic, payload, retained = subscriber.messages.get_nowait()
            if topic != "mep/late":
                continue
            record = json.loads(payload)
            key = seconds(record["time"]), record["values"]["energy_forward"]
            if key not in self.seen:
                assert record["late"] is True and record["values"]["power"] == 701
                self.seen.append(key)
            elif retained:
                self.again += 1
            else:
                self.doubled.append(key)

    def check(self):
        """All that was put arrived, once, in order."""
        wanted = list(zip(self.kept[::2], self.kept[1::2]))
        wanted = [key for key in wanted if key[0] not in self.fleeting]
        seen = [key for key in self.seen if key[0] not in self.fleeting]
        assert not self.doubled, "twice: %r" % self.doubled[:5]
        assert seen == wanted, (len(seen), len(wanted))
        return len(wanted)


async def _fault(scene, proxy, broker, fault, subscriber):
    """The broker goes away, minutes pass, it comes back; sending is disturbed by ``fault``."""
    rng = random.Random(len(scene.kept))
    if fault in ("killed", "stopped"):
        broker.stop(kill=fault == "killed")
        await until(lambda: not subscriber.joined)
    elif fault == "black hole":
        proxy.mode = "swallow"
    else:
        proxy.mode = "refuse"
        proxy.cut()
    await until(lambda: not scene.mqtt.connected, 10)
    for _ in range(rng.choice((3, 20, 61, 70))):
        scene.minute()
    if fault == "supply":
        scene.power_cut()
        scene.start()
    if fault in ("killed", "stopped"):
        proxy.mode = "refuse"
        broker.start()
    return rng


async def _back(scene, proxy, broker, fault, rng, subscriber):
    proxy.cut()  # what a black hole holds on to
    proxy.mode = "pass"
    disturbed = {"cut": 6, "no answers": 3, "stopped": 1}.get(fault, 0)
    due = 0
    end = asyncio.get_running_loop().time() + 60
    while scene.late:
        assert asyncio.get_running_loop().time() < end, (fault, scene.logged[-3:])
        scene.store.snapshot += 1
        scene.late.turn()
        if scene.mqtt.connected and disturbed and len(scene.seen) >= due:
            due = len(scene.seen) + 1
            disturbed -= 1
            await _disturb(proxy, broker, fault, rng, subscriber)
        await asyncio.sleep(0.005)
        scene.take(subscriber)
    proxy.left = None


async def _disturb(proxy, broker, fault, rng, subscriber):
    if fault == "cut":
        proxy.left = rng.randint(50, 900)
    elif fault == "no answers":
        await asyncio.sleep(rng.random() / 10)
        proxy.mode = "deaf"
        await asyncio.sleep(0.4)
        proxy.mode = "pass"
        proxy.cut()
    elif fault == "stopped":
        # In the middle of the late readings; the subscriber is back before they go on.
        await asyncio.sleep(0.05 + rng.random() / 5)
        proxy.mode = "refuse"
        broker.stop()
        await until(lambda: not subscriber.joined)
        broker.start()
        await until(lambda: subscriber.joined)
        proxy.mode = "pass"


@pytest.mark.parametrize("where", ["flash", "memory"])
async def test_late(where, tmp_path, monkeypatch):
    """Every fault in turn; what is late comes complete, whatever happens on the way."""
    for name, attribute, value in FAST:
        monkeypatch.setattr(name, attribute, value)
    broker = Mosquitto(program("mosquitto"), tmp_path)
    more = "persistence true\npersistence_location %s/\n" % tmp_path
    more += "autosave_on_changes true\nautosave_interval 1\n"
    broker._config.write_text(broker._config.read_text() + more)
    files = Files() if where == "flash" else None
    if files:
        monkeypatch.setattr(module, "os", files)
    broker.start()
    try:
        async with Proxy(broker.port) as proxy:
            scene = Scene(proxy.port, files)
            task = asyncio.create_task(scene.mqtt.run())
            with Subscriber(broker.port) as subscriber:
                await until(lambda: scene.mqtt.connected)
                # Of what is in memory alone nothing outlives the supply.
                for fault in ROUNDS * (FAULTS if files else FAULTS[:-1]):
                    rng = await _fault(scene, proxy, broker, fault, subscriber)
                    await until(lambda: subscriber.joined)
                    await _back(scene, proxy, broker, fault, rng, subscriber)
                    await until(lambda: scene.mqtt.connected)
                await asyncio.sleep(0.1)
                scene.take(subscriber)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    finally:
        broker.stop()
    count = scene.check()
    text = "%d minutes from %s over %d connections, each once, in order; %d retained again"
    report(text, count, where, scene.mqtt.connects, scene.again)
