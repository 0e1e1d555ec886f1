"""Proof that a message is at a subscriber 50 ms after the meter's reply was verified, 99 in 100.

The whole application runs as a process of CPython and of MicroPython, with a simulated meter and a
real Mosquitto. Its times and the subscriber's are of one clock, the machine's monotonic one.
PROOF_MESSAGES is how many of each.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time

import pytest
from mepctlkit import KEY, Simulators
from mqttkit import Lag, Subscriber
from proofkit import percentile, report, scale, spread

from tools.paths import ROOT

pytestmark = [pytest.mark.proof, pytest.mark.alone, pytest.mark.timeout(1800)]

MESSAGES = scale("PROOF_MESSAGES", 60)
LIMIT_MS = 50  # the requirement
SKIPPED = 10  # the start, when code is still loaded


class Arrivals:
    """When each snapshot reached the subscriber, in microseconds of the monotonic clock."""

    def __init__(self, subscriber, topic):
        self._messages = subscriber.messages
        self._topic = topic
        self.times = {}

    def take(self, wanted, seconds):
        """Collect until there are ``wanted``."""
        end = time.monotonic() + seconds
        while len(self.times) < wanted:
            assert time.monotonic() < end, "only %d messages" % len(self.times)
            try:
                when, topic, payload, _ = self._messages.get(timeout=0.2)
            except queue.Empty:
                continue
            if topic == self._topic:
                self.times[json.loads(payload)["snapshot"]] = when * 1000000


def _interpreter(name, request):
    return sys.executable if name == "cpython" else request.getfixturevalue(name)


@pytest.mark.parametrize("name", ["cpython", "micropython64"])
def test_latency_from_verified_to_subscriber(mosquitto, tmp_path, free_port, request, name):
    lag = Lag()
    watch = threading.Thread(target=lag.machine, daemon=True)
    with Simulators(tmp_path) as simulator, Subscriber(mosquitto.port) as subscriber:
        settings = {"key": KEY, "port": simulator(False, "gen4").url, "fast": True}
        settings.update(http_host="127.0.0.1", http_port=free_port, mqtt_base=name)
        settings.update(mqtt_host="127.0.0.1", mqtt_port=mosquitto.port)
        config = tmp_path / "config.json"
        config.write_text(json.dumps(settings))
        words = [_interpreter(name, request), ROOT / "tests" / "latency.py", config]
        log = tmp_path / "log"
        began = time.monotonic()
        with open(log, "wb") as out:
            run = subprocess.Popen(
                [str(word) for word in words],
                cwd=ROOT,
                env=dict(os.environ, PYTHONUNBUFFERED="1", MICROPYPATH=".frozen"),
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            arrivals = Arrivals(subscriber, name + "/readings")
            arrivals.take(SKIPPED, 20)
            watch.start()
            arrivals.take(SKIPPED + MESSAGES, 20 + MESSAGES)
        finally:
            lag.stop()
            run.kill()
            run.wait()
    _judge(name, log.read_text().split("\n"), arrivals.times, began, lag.machine_ms)


def _judge(name, lines, arrived, began, machine_ms):
    clock = [int(line.split()[1]) for line in lines if line.startswith("clock ")]
    # The same clock: what the process read of it lies between two readings of ours.
    assert began < clock[0] / 1e6 < began + 10
    verified = {}
    for line in lines:
        words = line.split(" ")
        if len(words) == 2 and words[0].isdigit() and words[1].isdigit():
            verified[int(words[0])] = int(words[1])
    delays = [(arrived[n] - verified[n]) / 1000 for n in sorted(arrived) if n in verified]
    delays = delays[SKIPPED:]
    assert len(delays) >= MESSAGES - 1 and min(delays) > 0
    report(
        "%s: verified to subscriber, %d messages: %s, 99 %% %.1f ms; the machine's lag %.0f ms",
        name,
        len(delays),
        spread(delays),
        percentile(delays, 0.99),
        machine_ms,
    )
    assert percentile(delays, 0.99) - machine_ms <= LIMIT_MS
