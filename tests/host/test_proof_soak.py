"""Proof that the application lives in the chip's heap: compiled, 32 bits, 128 KiB, under load.

PROOF_POLLS is how many polls, PROOF_HEAP another heap than 128k. The simulated meter has no line,
so that polls take milliseconds.
"""

import json
import os
import subprocess
import sys

import pytest
from mepctlkit import KEY, Simulators
from mqttkit import Subscriber
from proofkit import Load, report, scale

from tools.paths import ROOT
from tools.stage import stage

pytestmark = [pytest.mark.proof, pytest.mark.timeout(3600)]

POLLS = scale("PROOF_POLLS", 600)
HEAP = os.environ.get("PROOF_HEAP", "128k")
GROWTH = 2048
SPACING_MS = 5
LAG_MS = 50
PER_POLL_S = 0.06  # five times what it takes


@pytest.mark.parametrize("model", ("gen3", "gen4"))
def test_10000_polls_in_128_kib(micropython32, mosquitto, tmp_path, free_port, model):
    tree, log = tmp_path / "tree", tmp_path / "soak.log"
    stage("x86", out=tree)
    settings = {
        "key": KEY,
        "fast": True,
        "http_host": "127.0.0.1",
        "http_port": free_port,
        "mqtt_host": mosquitto.host,
        "mqtt_port": mosquitto.port,
    }
    with Simulators(tmp_path) as start, Subscriber(mosquitto.port) as subscriber:
        settings["port"] = start(False, model).url
        (tmp_path / "config.json").write_text(json.dumps(settings))
        words = [micropython32, "-X", "heapsize=" + HEAP, str(ROOT / "tests" / "soak.py")]
        words += [str(tmp_path / "config.json"), str(POLLS), str(SPACING_MS)]
        with Load(free_port) as load, open(log, "w") as out:
            path = dict(os.environ, MICROPYPATH=":lib:.frozen")
            run = subprocess.Popen(words, cwd=tree, env=path, stdout=out, stderr=out)
            try:
                code = run.wait(30 + POLLS * PER_POLL_S)
            except subprocess.TimeoutExpired:
                code = "too slow"
            finally:
                run.kill()
                run.wait()
    lines = log.read_text().splitlines()
    said = [line for line in lines if not line.startswith("SOAK ")]
    sys.stderr.write("\n".join(said[-20:]) + "\n")
    assert code == 0, (code, lines[-20:])
    marks = [json.loads(line[5:]) for line in lines if line.startswith("SOAK ")]
    messages = subscriber.messages.qsize()
    for mark in marks:
        report(
            "%s, heap %s: polls %d, used %d, free %d, lag %d ms",
            model,
            HEAP,
            mark["polls"],
            mark["used"],
            mark["free"],
            mark["lag_ms"],
        )
    report(
        "%s: restarts %s, mqtt %s, %d messages at the subscriber; HTTP %s",
        model,
        marks[-1]["restarts"],
        marks[-1]["mqtt"],
        messages,
        load.figures(),
    )
    last = marks[-1]
    # A collection in the midst of a request or an event finds their 4 KB: the least of several
    # marks is what is kept.
    half = len(marks) // 2
    grown = min(m["used"] for m in marks[half:]) - min(m["used"] for m in marks[:half])
    report("%s: kept at the end %+d bytes", model, grown)
    assert last["polls"] >= POLLS
    assert grown <= GROWTH
    assert set(last["restarts"].values()) == {0}, said
    assert max(mark["lag_ms"] for mark in marks) < LAG_MS
    assert not [line for line in said if "Traceback" in line or "MemoryError" in line]
    # Polls are faster than anybody may want messages, so that some are skipped, but none is lost.
    assert messages > POLLS / 10 and last["mqtt"]["mqtt_lost"] == 0
    assert last["mqtt"]["mqtt_published"] > 10
    load.check()
    assert load.events > 10
