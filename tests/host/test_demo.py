"""`make demo` for a few seconds: a live page with values, MQTT, and nothing left behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import paho.mqtt.client as paho
import pytest
from mepctlkit import Process, readings

from tools import demo
from tools.paths import BUILD, ROOT


def start(folder, http, *words, seconds=None):
    if seconds is not None:
        os.environ["DEMO_SECONDS"] = str(seconds)
    try:
        return Process(folder, "demo", "-m", "tools.demo", "--http-port", http, *words)
    finally:
        os.environ.pop("DEMO_SECONDS", None)


def children(pid):
    """Processes started by ``pid``."""
    listing = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True).stdout
    pairs = [line.split() for line in listing.splitlines()]
    return [int(child) for child, parent in pairs if int(parent) == pid]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open("/proc/%d/stat" % pid) as f:
        return f.read().rsplit(")", 1)[1].split()[0] != "Z"


def one_message(host, port, topic):
    """Payload of the first message under ``topic``."""
    got = []
    arrived = threading.Event()
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.on_message = lambda client, _, message: (got.append(message.payload), arrived.set())
    client.connect(host, port)
    client.subscribe(topic)
    client.loop_start()
    try:
        assert arrived.wait(15), "no message"
    finally:
        client.loop_stop()
        client.disconnect()
    return got[0]


CASES = (("micropython", "auto"), ("cpython", "embedded"))


@pytest.mark.parametrize("interpreter, broker", CASES)
def test_page_and_broker_have_the_meters_values(tmp_path, free_port, request, interpreter, broker):
    if interpreter == "micropython":
        request.getfixturevalue("micropython64")
    run = start(tmp_path, free_port, "--interpreter", interpreter, "--broker", broker)
    try:
        page = run.wait_for(r"Dashboard: (http://127.0.0.1:(\d+)/)\n", 60)
        where = run.wait_for(r"topic (\S+) at ([\d.]+):(\d+), to watch it: \S+")
        started = children(run.process.pid)
        assert len(started) == 3
        found = readings(int(page[2]), ready=lambda r: r["values"]["energy_forward"]["value"])
        assert found["values"]["voltage_l1"]["value"] > 100000
        assert b'"voltage_l1":' in one_message(where[2], int(where[3]), where[1])
        shown = "MicroPython" if interpreter == "micropython" else "CPython"
        assert "Firmware:  under " + shown in run.output()
        assert ("heap of" in run.output()) == (interpreter == "micropython")
        assert ("amqtt" in run.output()) == (broker == "embedded" or not demo.find("mosquitto"))
    finally:
        code = run.stop(signal.SIGINT)
    assert code == 0 and "Traceback" not in run.output()
    assert not any(alive(pid) for pid in started)


def test_it_ends_by_itself_and_takes_the_next_free_port(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = taken.getsockname()[1]
        run = start(tmp_path, busy, "--interpreter", "cpython", seconds=1)
        assert run.process.wait(40) == 0
    port = int(re.search(r"Dashboard: http://127.0.0.1:(\d+)/", run.output())[1])
    assert port > busy
    assert "by itself in 1 s" in run.output()
    assert not list(BUILD.glob("demo-*"))


def test_a_child_that_dies_ends_it_with_its_last_lines(tmp_path, free_port):
    run = start(tmp_path, free_port, "--interpreter", "cpython")
    try:
        run.wait_for("Dashboard:", 60)
        started = children(run.process.pid)
        os.kill(started[0], signal.SIGKILL)
        assert run.process.wait(20) == 1
        assert "error: the simulated meter ended (exit code -9)" in run.output()
    finally:
        run.stop()
    deadline = time.monotonic() + 5
    while any(alive(pid) for pid in started) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(alive(pid) for pid in started)


def test_bad_options_are_one_line():
    for words, says in (
        ([], "DEMO_SECONDS=soon"),
        (["--http-port", "99999"], "--http-port"),
        (["--seconds", "-1"], "--seconds"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "tools.demo", *words],
            cwd=ROOT,
            env={**os.environ, "DEMO_SECONDS": "soon" if not words else "1"},
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert done.returncode == 2
        assert says in done.stderr.splitlines()[-1]
