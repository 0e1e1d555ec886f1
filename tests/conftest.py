"""Import path, fixtures for the real programs tests need, and what a skipped test means.

A program that is not installed skips its tests, and the end of the run says so in capitals. In
continuous integration (CI in the environment) nothing may be skipped: there a skip is a failure.
"""

import asyncio
import gc
import inspect
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.paths import MICROPYTHON, add_paths  # noqa: E402  needs the line before

add_paths()
sys.path.insert(0, str(ROOT / "tests" / "both"))
os.chdir(ROOT)  # tests/both opens tests/vectors/ from here, on every interpreter

CI = bool(os.environ.get("CI"))
# Files that take longest, most of it waiting, begin first: then no worker is left alone with one.
LONGEST = (
    "flash_device_checks update_module proof_line stage mepctl_baud mepctl_dump web_limits asked "
    "mqtt_commands_app web_page mepctl_call mepctl_cli mepctl_profile proof_late mepctl_read demo "
    "mqtt_broker proof_timeline flash_module mepctl_meter proof_profile mqtt_faults mqtt_tls "
    "update_network setup_page mbus_app mepsim_faults"
).split()
_START_S = 10


def program(name):
    """Path of an installed program, or skip the test."""
    # Debian keeps daemons where a user's PATH may not look.
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not found:
        pytest.skip("%s is not installed" % name)
    return found


def unused_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Mosquitto:
    """A real broker on 127.0.0.1:port that a test may stop, kill and start again."""

    host = "127.0.0.1"

    def __init__(self, binary, folder):
        self.port = unused_port()
        self.log = folder / "mosquitto.log"
        self._config = folder / "mosquitto.conf"
        self._config.write_text("listener %d 127.0.0.1\nallow_anonymous true\n" % self.port)
        self._binary = binary
        self._process = None

    def start(self):
        """Start it and wait until it takes connections."""
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                [self._binary, "-c", str(self._config)], stdout=log, stderr=log
            )
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection((self.host, self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("mosquitto does not start: " + self.log.read_text()[-500:])

    def stop(self, kill=False):
        """End it, by SIGTERM or without warning."""
        if self._process:
            (self._process.kill if kill else self._process.terminate)()
            self._process.wait(_START_S)
            self._process = None


@pytest.fixture
def mosquitto(tmp_path):
    """A running Mosquitto: host, port, stop(kill=False), start(), log."""
    broker = Mosquitto(program("mosquitto"), tmp_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def free_port():
    """A TCP port of 127.0.0.1 that nobody uses now."""
    return unused_port()


def _micropython(name):
    path = MICROPYTHON / name
    if not path.exists():
        pytest.skip("%s is not there; `make setup` fetches it" % name)
    return str(path)


@pytest.fixture(scope="session")
def micropython64():
    """Path of the 64-bit MicroPython."""
    return _micropython("micropython64")


@pytest.fixture(scope="session")
def micropython32():
    """Path of the 32-bit MicroPython, whose heap is like the chip's."""
    return _micropython("micropython32")


@pytest.fixture(scope="session")
def chromium():
    """Path of an installed Chromium or Chrome."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if shutil.which(name):
            return shutil.which(name)
    return program("chromium")


def pytest_collection_modifyitems(items):
    """Put the files in `LONGEST` first."""
    order = {"test_%s.py" % name: n for n, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))


def pytest_collection_finish(session):
    """What was collected is kept to the end: `gc.collect()`, common in what we test, skips it."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Run an async test in an event loop of its own, as tests/run_both.py does."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


def _no_skips(report):
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = "skipped, which CI does not allow: %s" % (report.longrepr,)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    return _no_skips((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return _no_skips((yield))


def pytest_terminal_summary(terminalreporter):
    skipped = len(terminalreporter.stats.get("skipped", []))
    if skipped:
        terminalreporter.write_line(
            "%d TESTS SKIPPED: what they test is NOT tested here (reasons below)." % skipped,
            red=True,
            bold=True,
        )
