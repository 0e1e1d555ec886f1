"""Tables, portrait and load profile of the simulated meter, asked of the module over HTTP.

Of firmware.asked.desk, firmware.asked.info, firmware.asked.profile, firmware.asked.table.
"""

import csv
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest
from mepctlkit import KEY, Simulators, mepctl, readings
from proofkit import report

from tools.paths import ROOT
from tools.stage import stage

DAY = "/api/v1/profile?set=%d&from=%s&to=%s"


class Module:
    """The application in a process; ``words``: the interpreter."""

    def __init__(self, folder, url, port, words, tree=ROOT, **more):
        self.port = port
        config = {"key": KEY, "http_host": "127.0.0.1", "http_port": port, "port": url}
        (folder / "config.json").write_text(json.dumps(dict(config, **more)))
        self.log = folder / "run.log"
        env = dict(os.environ, MICROPYPATH=":lib:.frozen", PYTHONPATH=str(ROOT / "build/deps"))
        with open(self.log, "w") as out:
            self.process = subprocess.Popen(
                [
                    str(w)
                    for w in (*words, ROOT / "tests/soak.py", folder / "config.json", 1000000)
                ],
                cwd=tree,
                env=env,
                stdout=out,
                stderr=out,
            )
        readings(port, ready=lambda r: r["values"]["energy_forward"]["value"] is not None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def ask(self, path, method="GET"):
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            conn.request(method, path)
            res = conn.getresponse()
            return res.status, res.read().decode(), res.headers["Content-Type"]
        finally:
            conn.close()

    def error(self, path, method="GET"):
        code, text, _ = self.ask(path, method)
        return code, json.loads(text)["error"]

    def status(self):
        return json.loads(self.ask("/api/v1/status")[1])


@pytest.fixture(scope="module")
def meter(tmp_path_factory):
    with Simulators(tmp_path_factory.mktemp("meter")) as start:
        yield start(False, "gen3", "--date", "2026-11-21T12:00Z")


@pytest.fixture
def module(meter, tmp_path, free_port):
    with Module(tmp_path, meter.url, free_port, [sys.executable], fast=True) as module:
        yield module


def told(name, port):
    found = mepctl("read", name, "--json", "--port", port)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


def test_tables_as_mepctl_reads_them(meter, module, tmp_path, free_port):
    seen = {}
    for name in ("BT21", "BT61", "ET13", "ET50", "BT22", "et03", "ET71", "BT70", "BT23", "BT28"):
        code, text, kind = module.ask("/api/v1/tables/" + name)
        assert code == 200 and kind.startswith("application/json"), (name, text)
        seen[name] = json.loads(text)
        assert seen[name]["table"] == name.upper()
    assert "2a2a2a" in json.dumps(seen["ET13"]) and KEY not in json.dumps(seen["ET13"])
    power = seen["BT28"]["values"]["power_forward"]
    assert power["unit"] == "W" and isinstance(power["value"], int)
    assert seen["BT23"]["values"]["energy_forward"]["unit"] == "Wh"
    module.__exit__()  # a meter has one line
    for name in list(seen)[:8]:
        theirs = told(name, meter.url)
        assert seen[name]["bytes"] == theirs["bytes"], name
        for path, value in theirs["values"].items():
            if name != "ET71" or "value" not in path:
                assert seen[name]["values"][path] == value, (name, path)
        assert len(seen[name]["values"]) == len(theirs["values"])


def test_what_is_asked_wrongly_is_explained(module):
    code, why = module.error("/api/v1/tables/BT82")
    assert code == 404 and "BT28" in why and "did you mean" in why
    code, why = module.error("/api/v1/tables/ET07")
    assert code == 404 and "0x0" in why and "this key" in why
    code, why = module.error("/api/v1/tables/BT64")
    assert code == 503 and "room for" in why
    for path, code, text in (
        ("profile?set=5", 400, "1, 2, 3 or 4"),
        ("profile?from=2026-02-30", 400, "from: write a UTC time like 2026-11-01"),
        ("profile?to=yesterday", 400, "to: write"),
        ("profile?from=2026-11-02&to=2026-11-01", 400, "from is not before to"),
        ("tables/", 404, "there is no table ''"),
        ("tables/BT23/4", 404, "nothing at this path"),
        ("nothing", 404, "nothing at this path"),
    ):
        found = module.error("/api/v1/" + path)
        assert found[0] == code and text in found[1], (path, found)
    assert module.error("/api/v1/info", "POST")[0] == 405
    assert module.ask("/api/v1/info", "HEAD")[:2] == (200, "")
    assert module.ask("/api/v1/info")[0] == 200  # the one before has left no trace


def test_a_portrait(module):
    code, text, _ = module.ask("/api/v1/info")
    document = json.loads(text)
    assert code == 200 and document["meter"]["serial"].startswith("4080")
    assert document["clock"]["meter"].startswith("2026-11-21T12:")
    first = document["load_profile"][0]
    assert first.pop("intervals") > 3000
    assert first == {"set": 1, "channels": 8, "minutes": 15}
    assert document["energy_unit_wh"] == 1 and document["alerts"] is None


def test_a_day_of_the_profile_while_the_values_go_on(module):
    code, text, kind = module.ask(DAY % (1, "2026-11-19", "2026-11-20T00:00"))
    rows = list(csv.reader(text.splitlines()))
    assert code == 200 and kind.startswith("text/csv")
    assert rows[0][:3] == ["time", "status", "energy_forward [Wh]"]
    times = [row[0] for row in rows[1:]]
    assert len(times) == 96 and times[0] == "2026-11-19T00:15:00Z"
    assert times[-1] == "2026-11-20T00:00:00Z" and len(set(times)) == 96
    energies = [int(row[2]) for row in rows[1:]]
    assert energies == sorted(energies) and energies[0] > 0
    water = rows[0].index("mbus_1_volume [m3]")
    assert [row for row in rows[1:] if row[water]] and "7:skipped" in rows[1][1]


def test_one_question_at_a_time(module):
    found = []
    asks = [
        threading.Thread(target=lambda: found.append(module.ask("/api/v1/info"))) for _ in "12"
    ]
    for ask in asks:
        ask.start()
    for ask in asks:
        ask.join()
    assert sorted(code for code, _, _ in found) == [200, 503]
    assert "another question" in next(text for code, text, _ in found if code == 503)
    assert module.ask("/api/v1/info")[0] == 200


def test_who_leaves_ends_the_question(module):
    s = socket.create_connection(("127.0.0.1", module.port))
    s.sendall(b"GET /api/v1/profile HTTP/1.1\r\nHost: x\r\n\r\n")
    s.recv(400)
    s.close()
    end = time.monotonic() + 20
    while module.ask("/api/v1/info")[0] != 200:
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.timeout(300)
def test_in_the_heap_of_the_chip(micropython32, mosquitto, meter, tmp_path, free_port):
    tree = tmp_path / "tree"
    stage("x86", out=tree)
    words = [micropython32, "-X", "heapsize=128k"]
    broker = {"mqtt_host": mosquitto.host, "mqtt_port": mosquitto.port}
    with Module(tmp_path, meter.url, free_port, words, tree, **broker) as module:
        pages = [_Page(free_port) for _ in "12"]
        time.sleep(8)
        for path in (
            "/api/v1/tables/BT23",
            "/api/v1/info",
            "/api/v1/tables/ET13",
            DAY % (4, "2026-11-01", "2026-11-20"),
            DAY % (1, "2026-11-19", "2026-11-20"),
            "/api/v1/tables/BT99",
            "/api/v1/tables/BT23",
        ):
            code, text, _ = module.ask(path)
            # It fits, or it is refused with a reason.
            assert code in (200, 404, 503) and "incomplete" not in text, (path, text)
            assert code == 200 or json.loads(text)["error"]
            report("%s: %d, %d characters: %s", path, code, len(text), text[:140])
        time.sleep(3)
        status = module.status()
        for page in pages:
            page.close()
        said = module.log.read_text()
    assert not any(status["restarts"].values()) and "Traceback" not in said, said
    assert "MemoryError" not in said, said
    assert status["mqtt"]["mqtt_connected"]
    for page in pages:
        gaps = [b - a for a, b in zip(page.times, page.times[1:])]
        assert len(gaps) > 5 and max(gaps) < 2.5, gaps


class _Page:
    """A live page that notes when something comes."""

    def __init__(self, port):
        self.times = []
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._socket.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while True:
                data = self._socket.recv(4096)
                if not data:
                    return
                if b"data:" in data:
                    self.times.append(time.monotonic())
        except OSError:
            pass

    def close(self):
        self._socket.close()
