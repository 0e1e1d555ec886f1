"""`make demo`: a live dashboard of a simulated meter, through the real firmware.

    .venv/bin/python -m tools.demo [--seconds N] [--interpreter micropython|cpython] ...

Starts the simulated meter, an MQTT broker and the firmware as processes of their own, says where
to look, and ends them all on Ctrl-C, after DEMO_SECONDS, or when one of them dies.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from .fetch_micropython import fits
from .paths import BUILD, MICROPYTHON, ROOT
from .stage import StageError, stage

_KEY = "a7941d85bce8a8fa2ab7"  # of the simulated meter: no secret
_HEAP = "256k"  # a 64-bit object takes twice the chip's bytes: this is 128 KiB there
_SOURCES_HEAP = "2m"
_MINIMUM = (1, 25)
_START_S = 20
_HOST = "127.0.0.1"


class DemoError(Exception):
    """Why the demo cannot go on; the text may have several lines."""


class Child:
    """A process with its output in a file. It is in a session of its own: Ctrl-C is ours."""

    def __init__(self, name, command, folder, cwd=ROOT, env=None):
        self.name = name
        self._log = Path(folder) / (name.replace(" ", "-") + ".log")
        with open(self._log, "wb") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=str(cwd),
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
                start_new_session=True,
            )

    def check(self):
        """Raise DemoError with its last lines if it has ended."""
        code = self.process.poll()
        if code is not None:
            last = self._log.read_text(errors="replace").strip().splitlines()[-10:]
            raise DemoError(
                "the %s ended (exit code %d):\n  %s" % (self.name, code, "\n  ".join(last))
            )

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Demo:
    """The three processes. ``folder`` holds their files and goes with the demo."""

    def __init__(self, options, folder):
        self.options = options
        self.folder = Path(folder)
        self.children = []

    def start(self):
        """Start everything and say where to look."""
        self._meter()
        self._broker()
        self._firmware()
        say("Dashboard: http://%s:%d/" % (_HOST, self.http))
        say("MQTT:      topic mep/readings at %s:%d, to watch it: %s" % self._watch())
        seconds = self.options.seconds
        say("Ends with Ctrl-C%s." % (", or by itself in %g s" % seconds if seconds else ""))

    def watch(self):
        """Return when the time is up. Raises DemoError when a child dies."""
        seconds = self.options.seconds
        end = time.monotonic() + seconds if seconds else None
        told = False
        while end is None or time.monotonic() < end:
            for child in self.children:
                child.check()
            if not told and readings(self.http):
                told = True
                say("The meter's first values are there.")
            time.sleep(0.2)

    def end(self):
        for child in reversed(self.children):
            child.end()

    def _child(self, *arguments, **options):
        child = Child(*arguments, folder=self.folder, **options)
        self.children.append(child)
        return child

    def _meter(self):
        self.line = unused_port()
        say("Meter:     simulated, Gen 3, at the pace of its 9600 baud line, with alerts")
        child = self._child("simulated meter", simulator(self.line))
        self._wait(child, self.line)

    def _broker(self):
        self.mqtt = unused_port()
        mosquitto = find("mosquitto") if self.options.broker != "embedded" else None
        if mosquitto is None and self.options.broker == "mosquitto":
            raise DemoError("mosquitto is not installed; leave --broker away")
        if mosquitto:
            config = self.folder / "mosquitto.conf"
            config.write_text(
                "listener %d %s\nallow_anonymous true\npersistence false\n" % (self.mqtt, _HOST)
            )
            command = [mosquitto, "-c", config]
            say("Broker:    Mosquitto")
        else:
            config = self.folder / "amqtt.json"  # YAML can read it
            config.write_text(json.dumps(embedded_broker(self.mqtt)))
            command = [sys.executable, "-m", "amqtt.scripts.broker_script", "-c", config]
            say("Broker:    embedded (amqtt), because Mosquitto is not installed or not wanted")
        self._wait(self._child("broker", command), self.mqtt)

    def _firmware(self):
        self.http = free_http(self.options.http_port)
        config = self.folder / "config.json"
        config.write_text(
            json.dumps(
                {
                    "port": "socket://%s:%d" % (_HOST, self.line),
                    "key": _KEY,
                    "http_host": _HOST,
                    "http_port": self.http,
                    "mqtt_host": _HOST,
                    "mqtt_port": self.mqtt,
                }
            )
        )
        config.chmod(0o600)
        command, cwd, what = self._interpreter()
        say("Firmware:  " + what)
        child = self._child("firmware", [*command, config], cwd=cwd)
        self._wait(child, self.http)

    def _interpreter(self):
        # (command, folder to run in, what it is)
        wanted = self.options.interpreter
        micropython = find_micropython() if wanted != "cpython" else None
        if micropython is None:
            if wanted == "micropython":
                raise DemoError("there is no MicroPython 1.25 or later; `make setup` fetches it")
            what = "under CPython %d.%d" % sys.version_info[:2]
            if wanted == "auto":
                what += ", because there is no MicroPython 1.25 or later here"
            return [sys.executable, "main.py"], ROOT, what
        what = "under MicroPython (%s) with a heap of %s, %s"
        try:
            stage("x64", out=self.folder / "device")
        except StageError as e:
            # Compiling them takes more memory than running them.
            command = [micropython, "-X", "heapsize=" + _SOURCES_HEAP, "main.py"]
            how = "from its sources (%s)" % str(e).splitlines()[0]
            return command, ROOT, what % (shown(micropython), _SOURCES_HEAP, how)
        command = [micropython, "-X", "heapsize=" + _HEAP, "main.py"]
        how = "compiled as for the chip (64-bit; the chip needs half)"
        return command, self.folder / "device", what % (shown(micropython), _HEAP, how)

    def _watch(self):
        mosquitto_sub = find("mosquitto_sub")
        if mosquitto_sub:
            command = "mosquitto_sub -h %s -p %d -t 'mep/#' -v" % (_HOST, self.mqtt)
        else:
            program = shown(Path(sys.executable).parent / "amqtt_sub")
            command = "%s --url mqtt://%s:%d -t 'mep/#'" % (program, _HOST, self.mqtt)
        return _HOST, self.mqtt, command

    def _wait(self, child, port):
        # Until ``child`` takes connections.
        end = time.monotonic() + _START_S
        while time.monotonic() < end:
            child.check()
            if in_use(port):
                return
            time.sleep(0.05)
        raise DemoError("the %s does not listen on port %d" % (child.name, port))


def simulator(port):
    """The command that simulates the demo's meter on ``port``."""
    return [
        sys.executable,
        "-m",
        "tools.mepsim",
        "--listen",
        "%s:%d" % (_HOST, port),
        "--model",
        "gen3",
        "--key",
        _KEY,
        "--paced",
        "--alerts",
    ]


def embedded_broker(port):
    """Configuration (dict) of amqtt on ``port``, open to this machine only."""
    return {
        "listeners": {"default": {"type": "tcp", "bind": "%s:%d" % (_HOST, port)}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }


def find(program):
    """Path of ``program`` or None; Debian keeps daemons where a user's PATH may not look."""
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def find_micropython():
    """Path of a 64-bit MicroPython that is new enough, or None."""
    for path in (MICROPYTHON / "micropython64", shutil.which("micropython")):
        if path and fits(path, 64, _MINIMUM):
            return path
    return None


def shown(path):
    """``path`` relative to the repository if it is inside."""
    try:
        return str(Path(path).relative_to(ROOT))
    except ValueError:
        return str(path)


def readings(port):
    """The firmware's readings (dict), None while it has none."""
    try:
        with urllib.request.urlopen(
            "http://%s:%d/api/v1/readings" % (_HOST, port), timeout=2
        ) as reply:
            return json.load(reply)
    except (OSError, ValueError):
        return None


def in_use(port):
    """True if something listens on ``port``."""
    try:
        socket.create_connection((_HOST, port), 1).close()
        return True
    except OSError:
        return False


def unused_port():
    with socket.socket() as s:
        s.bind((_HOST, 0))
        return s.getsockname()[1]


def free_http(first):
    """``first``, or the next port after it that nobody uses."""
    for port in range(first, min(first + 100, 65536)):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind((_HOST, port))
                s.listen()
                return port
            except OSError:
                continue
    raise DemoError("no free port from %d on; choose another with --http-port" % first)


def say(text):
    print(text, flush=True)


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="demo",
        description="A live dashboard of a simulated meter, through the real firmware.",
        epilog="With make: `make demo ARGS='--interpreter cpython'`.",
    )
    parser.add_argument("--seconds", type=float, help="end by itself (also DEMO_SECONDS)")
    parser.add_argument("--http-port", type=int, default=8080, help="default: %(default)s")
    parser.add_argument(
        "--interpreter",
        choices=("auto", "micropython", "cpython"),
        default="auto",
        help="what runs the firmware (default: MicroPython where it is there)",
    )
    parser.add_argument(
        "--broker",
        choices=("auto", "mosquitto", "embedded"),
        default="auto",
        help="which broker (default: Mosquitto where it is installed)",
    )
    options = parser.parse_args(arguments)
    given = os.environ.get("DEMO_SECONDS")
    if options.seconds is None and given:
        try:
            options.seconds = float(given)
        except ValueError:
            parser.error("DEMO_SECONDS=%s: write a number of seconds" % given)
    if options.seconds is not None and not options.seconds >= 0:
        parser.error("--seconds: write a number of seconds, 0 for ever")
    if not 0 < options.http_port < 65536:
        parser.error("--http-port: write a number from 1 to 65535")
    return options


def main(arguments=None):
    options = parse(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):  # a terminal that closes ends it as well
        signal.signal(number, signal.default_int_handler)
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="demo-", dir=BUILD) as folder:
        demo = Demo(options, folder)
        try:
            demo.start()
            demo.watch()
        except DemoError as e:
            print("error: %s" % e, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            pass
        finally:
            demo.end()
    say("Demo ended.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
