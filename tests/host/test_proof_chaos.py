"""Proof that faults of the broker and of the network cost messages for their time only.

The application runs with a clock that goes SPEED times as fast (tests/chaos.py), with a simulated
meter, behind a proxy to a real Mosquitto; another beside it has no broker at all. PROOF_CHAOS_S is
for how many seconds of that clock; without it nothing is run.
"""

import contextlib
import json
import queue
import random
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from calendar import timegm

import pytest
from mepctlkit import KEY, Simulators
from mqttkit import Lag, Subscriber, running, until
from proofkit import report, scale, spread
from test_mqtt_tls import World as Brokers

from firmware import certificates
from firmware.hal import tls
from tools.paths import ROOT

pytestmark = [pytest.mark.proof, pytest.mark.alone, pytest.mark.timeout(1800)]

CHAOS_S = scale("PROOF_CHAOS_S", 0)
__test__ = bool(CHAOS_S)  # long only
SPEED = 10
SETTLED = 3  # BT23 until the start, when code is loaded, is over
BACK_S = 10  # the requirement
SLOT_MS = 1111
LOSS = 0.1  # of the chunks wait for what TCP would send again
RESEND_S = (0.2, 1.0)


class Proxy:
    """TCP between the application and the broker at ``target``.

    ``mode``: pass; swallow (what was open stays so and is dead); refuse; lossy (a tenth of the
    chunks come late, as TCP's do when packets are lost); cut (the connection ends after some
    bytes); full (it ends at the first message, as a broker does that cannot store it).
    """

    def __init__(self, target, seed):
        self.mode = "pass"
        self.target = target
        self._random = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, socket.socket() as broker:
            if self.mode == "refuse":
                return
            dead = threading.Event()
            if self.mode == "swallow":
                dead.set()
            else:
                try:
                    broker.connect(("127.0.0.1", self.target))
                except OSError:
                    return
            other = threading.Thread(target=self._pump, args=(broker, client, dead, False))
            other.start()
            self._pump(client, broker, dead, True)
            other.join()

    def _pump(self, source, target, dead, up):
        left = self._random.randrange(200, 20000)
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(4096)
                if self.mode == "swallow":
                    dead.set()
                if not data:
                    break
                if dead.is_set():
                    continue
                if self.mode == "lossy" and self._random.random() < LOSS:
                    time.sleep(self._random.uniform(*RESEND_S) / SPEED)
                if self.mode == "cut":
                    left -= len(data)
                    if left < 0:
                        target.sendall(data[:left])  # the rest is lost
                        break
                if self.mode == "full" and up and data[0] >> 4 == 3:
                    break
                target.sendall(data)
        for s in (source, target):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)


class World:
    """Broker, proxy, the subscriber that is there before the application is let in, faults."""

    def __init__(self, broker, seed):
        self.broker = broker
        self.proxy = Proxy(broker.port, seed)
        self.late = []
        self.subscriber = Subscriber(broker.port)
        self._open = broker._config.read_text()

    def close(self):
        self.proxy.close()
        self.subscriber.__exit__()

    def readings(self, seconds):
        """Seconds until the next of ``readings`` comes, None if it does not."""
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            with contextlib.suppress(queue.Empty):
                when, topic, payload, retain = self.subscriber.messages.get(timeout=0.05)
                if topic == "mep/late" and not retain:
                    self.late.append(json.loads(payload))
                if topic == "mep/readings" and when > began:
                    return when - began
        return None

    def _again(self, kill=False, text=None):
        # Another broker; nobody but the subscriber is let in at first.
        self.proxy.mode = "refuse"
        self.broker.stop(kill)
        self.drain()
        self.broker._config.write_text(text or self._open)
        self.broker.start()

    def drain(self):
        while not self.subscriber.messages.empty():
            self.readings(0.01)

    def _listen(self):
        self.subscriber.__exit__()
        self.drain()
        self.subscriber = Subscriber(self.broker.port)
        self.proxy.mode = "pass"

    def begin(self, kind):
        if kind in ("swallow", "lossy", "cut", "full"):
            self.proxy.mode = kind
        elif kind == "wrong password":
            users = self.broker.log.parent / "users"
            users.touch(0o600)
            closed = self._open.replace("allow_anonymous true", "allow_anonymous false")
            if shutil.which("mosquitto_passwd"):
                subprocess.run(["mosquitto_passwd", "-b", users, "meter", "other"], check=True)
            owner = "user root\n" if users.stat().st_uid == 0 else ""
            self._again(text="%s%spassword_file %s\n" % (owner, closed, users))
            self.proxy.mode = "pass"
        else:
            self.proxy.mode = "refuse"
            self.broker.stop(kind == "killed")

    def end(self, kind):
        if kind in ("swallow", "lossy", "cut", "full"):
            self.proxy.mode = "pass"
        elif kind == "wrong password":
            self._again()
            self._listen()
        else:
            self.broker.start()
            self._listen()


KINDS = ("killed", "swallow", "cut", "lossy", "full", "wrong password", "restarted")


class Child:
    """The application in a process of its own; ``lines`` is what it said."""

    def __init__(self, folder, name, meter, **settings):
        config = folder / (name + ".json")
        given = {"key": KEY, "port": meter, "http_host": "127.0.0.1"}
        given.update(settings)
        config.write_text(json.dumps(given))
        self._log = folder / (name + ".log")
        words = [sys.executable, ROOT / "tests" / "chaos.py", config, str(SPEED)]
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(words, cwd=ROOT, stdout=log, stderr=log)

    def stop(self):
        self._process.kill()
        self._process.wait()

    def rows(self, kind):
        """The numbers of the lines that begin with ``kind``."""
        found = re.findall("^%s ([0-9 ]+)$" % kind, self._log.read_text(), re.M)
        return [[int(n) for n in line.split()] for line in found]

    def counters(self):
        """Of the line, what came to them since the start was over."""
        lines = re.findall("^line (.*)$", self._log.read_text(), re.M)
        before, after = json.loads(lines[SETTLED]), json.loads(lines[-1])
        return {name: after[name] - before[name] for name in after if after[name] != before[name]}

    def text(self):
        return self._log.read_text()


def test_two_hours_of_faults(mosquitto, tmp_path, request):
    rng = random.Random(5)
    lag = Lag()
    threading.Thread(target=lag.machine, daemon=True).start()
    with contextlib.ExitStack() as stack:
        stack.callback(lag.stop)
        world = World(mosquitto, 5)
        stack.callback(world.close)
        simulator = stack.enter_context(Simulators(tmp_path))
        more = {"mqtt_host": "127.0.0.1", "mqtt_port": world.proxy.port, "mqtt_user": "meter"}
        ports = request.getfixturevalue("free_port"), _port()
        meters = [simulator().url for _ in range(2)]
        alone = Child(tmp_path, "alone", meters[0], http_port=ports[0])
        stack.callback(alone.stop)
        app = Child(tmp_path, "app", meters[1], http_port=ports[1], mqtt_password="right", **more)
        stack.callback(app.stop)
        assert world.readings(10) is not None, app.text()
        back = _chaos(world, rng)
        for _ in range(40):  # what is left comes
            world.readings(0.1)
    for kind, seconds in back.items():
        report("%s: live again after %s", kind, ", ".join("%.1f s" % s for s in seconds))
    _polling(app, alone, lag.machine_ms)
    _minutes(app, world.late)
    assert max(max(seconds) for seconds in back.values()) <= BACK_S, back


def _port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _chaos(world, rng):
    # Seconds until the next reading after each fault, in the application's time.
    began = time.monotonic()
    back = {}
    n = 0
    while (time.monotonic() - began) * SPEED < CHAOS_S:
        kind = KINDS[n % len(KINDS)]
        n += 1
        world.begin(kind)
        end = time.monotonic() + rng.uniform(70, 240) / SPEED
        while time.monotonic() < end:
            world.readings(0.1)
        world.drain()
        world.end(kind)
        took = world.readings(2 * BACK_S / SPEED)
        assert took is not None, "not back after " + kind
        back.setdefault(kind, []).append(took * SPEED)
        end = time.monotonic() + rng.uniform(10, 60) / SPEED
        while time.monotonic() < end:
            world.readings(0.1)
    return back


def _polling(app, alone, machine_ms):
    # The poll of an application whose broker fails is that of one that has none.
    figures = []
    for child in (app, alone):
        assert "Traceback" not in child.text() and "stopped" not in child.text()
        times = [row[0] for row in child.rows(28)[9 * SETTLED :]]
        # A tenth of the reads is BT23.
        gaps = [b - a for a, b in zip(times, times[1:])]
        report("BT28 %d times, every %s", len(times), spread(gaps))
        counters = child.counters()
        report("line: %s", counters)
        missed = sum(gap > 3 * SLOT_MS + 2 * SPEED * machine_ms for gap in gaps)
        figures.append((len(times) / (times[-1] - times[0]), missed, counters.get("failed", 0)))
    with_broker, without = figures
    assert with_broker[1:] == (0, 0), figures
    assert with_broker[0] >= 0.99 * without[0], figures


def _minutes(app, late):
    # Each minute without a broker has come once, with the energy of its time.
    came, gone = app.rows(1), app.rows(0)
    energies = app.rows(23)
    got = {}
    for record in late:
        t = record["time"]
        at = timegm(time.strptime(t, "%Y-%m-%dT%H:%M:%SZ"))
        assert at not in got, "twice: %s" % t
        got[at] = record
        near = [wh for _, seconds, wh in energies if at - 40 <= seconds <= at + 5]
        assert record["values"]["energy_forward"] in near, (record, near)
    wanted = set()
    for _, lost in gone:
        until = [at for _, at in came if at >= lost]
        if until:
            # The first and the last minute may be too short to be seen by who looks at times.
            wanted.update(range(lost // 60 + 1, until[0] // 60))
    missing = sorted(wanted - {at // 60 for at in got})
    minutes = {at // 60 for at in got}
    text = "%d whole minutes without a broker; %d late readings, each once, of %d minutes"
    report(text, len(wanted), len(got), len(minutes))
    assert not missing, missing
    # A connection that comes and goes within a minute may leave one for each time it went.
    assert len(got) <= 1.5 * len(minutes)
    assert list(got) == sorted(got)


async def test_a_certificate_that_expired(tmp_path):
    """The broker comes again with an expired one, which is refused, and then with a good one."""
    world = Brokers(tmp_path)
    world.broker.start()
    proxy = Proxy(world.ports["good"], 5)
    try:
        settings = world.settings("good")
        settings["mqtt_port"] = proxy.port
        async with running(settings) as client:
            await until(lambda: client.connected)
            for _ in range(3):
                for name in ("expired", "good"):
                    world.broker.stop(kill=True)
                    await until(lambda: not client.connected)
                    proxy.target = world.ports[name]
                    world.broker.start()
                    if name == "expired":
                        await until(lambda: client.reason == tls.EXPIRED, BACK_S)
                        assert not client.connected
                back = await until(lambda: client.connected, BACK_S)
                report("certificate: back after %.1f s", back)
    finally:
        certificates.paths = None
        proxy.close()
        world.broker.stop()
