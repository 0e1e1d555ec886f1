"""What of the application takes how much of the chip's heap: the table of docs/memory.md.

PROOF_POLLS is how many polls altogether. Compiled and in 32 bits, as tests/budget.py says.
"""

import json
import os
import re
import socket
import subprocess
import threading

import pytest
from mepctlkit import KEY, Simulators
from proofkit import Load, report, scale

from tools.minify import STANDARD, minify
from tools.nameless import nameless
from tools.paths import ROOT
from tools.stage import mpy_cross, stage

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]

POLLS = max(60, scale("PROOF_POLLS", 600) // 10)  # a step
MOST = 90 * 1024
NAMES = 600  # the interpreter's table doubles, by 4,512 bytes, at 620
STEPS = (
    "polling and MQTT",
    "one live page beside",
    "two live pages",
    "and a client that asks ten times a second, and one that never reads",
    "all pages closed again",
)


class Pages:
    """Live pages at ``port`` that read all they get."""

    def __init__(self, port):
        self._port = port
        self._open = []

    def one_more(self):
        s = socket.create_connection(("127.0.0.1", self._port), 5)
        s.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        self._open.append(s)
        threading.Thread(target=self._read, args=(s,), daemon=True).start()

    def close(self):
        for s in self._open:
            s.shutdown(socket.SHUT_RDWR)
            s.close()
        self._open = []

    @staticmethod
    def _read(s):
        try:
            while s.recv(4096):
                pass
        except OSError:
            pass


@pytest.mark.parametrize("model", ("gen3", "gen4"))
def test_application_in_90_kb(micropython32, mosquitto, tmp_path, free_port, model):
    tree = tmp_path / "tree"
    stage("x86", out=tree)
    config = tree / "config.json"
    settings = {"key": KEY, "fast": True, "http_host": "127.0.0.1", "http_port": free_port}
    settings.update(mqtt_host=mosquitto.host, mqtt_port=mosquitto.port)
    with Simulators(tmp_path) as start:
        settings["port"] = start(False, model).url
        config.write_text(json.dumps(settings))
        compile_budget(tree)
        words = [
            micropython32,
            "-X",
            "heapsize=128k",
            "-m",
            "budget",
            config.name,
            str(POLLS),
            "5",
        ]
        run = subprocess.Popen(
            [str(word) for word in words],
            cwd=tree,
            env=dict(os.environ, MICROPYPATH=":lib:.frozen"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            load = Load(free_port, followers=0)
            used, said = follow(run, model, mosquitto, Pages(free_port), load)
        finally:
            run.kill()
            run.wait()
    assert len(used) == len(STEPS), said[-20:]
    assert max(used[:3]) <= MOST, used
    # A closed page gives back what it took.
    assert used[-1] <= used[0] + 1024, used
    names = [int(n) for n in re.findall(r"n_qstr=(\d+)", "".join(said))]
    report("%s: %7d  names that the interpreter keeps", model, names[-1])
    assert names[-1] <= NAMES, names


def compile_budget(tree):
    """tests/budget.py, with few names of its own in the interpreter's table, which it measures."""
    text = (ROOT / "tests" / "budget.py").read_text()
    texts = minify({"budget.py": text}, {}, [text])[0]
    texts = nameless(texts, set(texts), STANDARD)
    (tree / "budget.py").write_text(texts["budget.py"])
    subprocess.run([mpy_cross(), "-O3", "-s", "budget", tree / "budget.py"], check=True)
    (tree / "budget.py").unlink()


def follow(run, model, broker, pages, load):
    """Report what ``run`` tells, opening pages at its steps; gives (used a step, other lines)."""
    used, said, rows, loading = [], [], 0, False
    for line in run.stdout:
        if not line.startswith("{"):
            said.append(line)
            continue
        told = json.loads(line)
        if "broker" in told:
            (broker.start if told["broker"] else broker.stop)()
            continue
        if "row" in told:
            rows += told["bytes"]
            report("%s: %7d  %s", model, told["bytes"], told["row"])
            continue
        used.append(told["used"])
        report("%s: %7d  used: %s", model, told["used"], STEPS[len(used) - 1])
        if len(used) in (1, 2):
            pages.one_more()
        elif len(used) == 3:
            load.__enter__()
            loading = True
        elif loading:
            loading = False
            pages.close()
            load.__exit__()
    report("%s: %7d  modules and objects together", model, rows)
    return used, said
