"""Real processes for the tests of the command line: mepctl, a simulated meter on TCP or pty."""

import atexit
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from tools.paths import ROOT

KEY = "a7941d85bce8a8fa2ab7"
_START_S = 15
# Where mepctl counts its writes: not in the state of whoever runs the tests.
_STATE = tempfile.mkdtemp(prefix="mepctl-state-")
atexit.register(shutil.rmtree, _STATE, True)


def mepctl(*words, key=KEY, timeout=60, **variables):
    """Run mepctl to its end; the key is in the environment unless ``key`` is None."""
    return subprocess.run(
        [sys.executable, "-m", "tools.mepctl", *[str(w) for w in words]],
        cwd=ROOT,
        env=environment(key, **variables),
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def environment(key=KEY, **variables):
    env = {k: v for k, v in os.environ.items() if k != "MEP_KEY"}
    if key is not None:
        env["MEP_KEY"] = key
    env["PYTHONUNBUFFERED"] = "1"
    env["XDG_STATE_HOME"] = _STATE
    env.update(variables)
    return env


class Process:
    """A process that runs on, its output in a file; end it with `stop`."""

    def __init__(self, folder, name, *words, key=KEY):
        self.log = folder / (name + ".log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *[str(w) for w in words]],
                cwd=ROOT,
                env=environment(key),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def output(self):
        return self.log.read_text(errors="replace")

    def wait_for(self, pattern, seconds=_START_S):
        """The match of ``pattern`` in the output, once it is there."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = re.search(pattern, self.output())
            if found:
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError("no %r in: %s" % (pattern, self.output()))

    def stop(self, number=15):
        """Send it a signal; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def wait_listening(port, seconds=_START_S):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise AssertionError("nothing listens on port %d" % port)


def readings(port, seconds=_START_S, ready=lambda found: True):
    """The firmware's readings once it has some and ``ready`` likes them."""
    url = "http://127.0.0.1:%d/api/v1/readings" % port
    deadline = time.monotonic() + seconds
    last = "no connection"
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:
                last = json.load(reply)
            if ready(last):
                return last
        except OSError as e:
            last = e
        time.sleep(0.05)
    raise AssertionError("no readings: %s" % (last,))


class Silence:
    """A TCP port that takes connections and bytes and never says anything."""

    def __enter__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = "socket://127.0.0.1:%d" % self._socket.getsockname()[1]
        return self

    def wait(self):
        """Until somebody has connected and sent something."""
        self._socket.settimeout(_START_S)
        connection, _ = self._socket.accept()
        assert connection.recv(1)
        self._connection = connection  # kept open until the end

    def __exit__(self, *_):
        self._socket.close()


class Simulators:
    """``with`` this: call it to start a simulated meter; all end with the block."""

    def __init__(self, folder):
        self._folder = folder
        self._started = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self._started:
            process.stop()

    def __call__(self, pty=False, model="gen3", *more):
        where = ["--pty"] if pty else ["--listen", "127.0.0.1:0"]
        name = "meter%d" % len(self._started)
        words = ["-m", "tools.mepsim", *where, "--model", model, "--key", KEY, "--unpaced", *more]
        process = Process(self._folder, name, *words)
        self._started.append(process)
        process.url = process.wait_for(r"listening on (\S+)\n")[1]
        return process
