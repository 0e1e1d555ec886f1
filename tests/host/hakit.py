"""A real Home Assistant for the proof: installed, started, asked, stopped."""

import hashlib
import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tools.paths import BUILD, ROOT

SOURCE = ROOT / "tools" / "homeassistant"
_START_S = 90
# What Home Assistant says of the proof and of its Python, not of what it is sent.
_OWN = (
    "Skipping pip installation",
    "custom integration probe",
    "running Python version",
    "falling back to zlib",
    "Setup failed for 'camera'",  # packages for pictures
    "Error loading libturbojpeg",
)
_CONFIGURATION = """
homeassistant: {name: Proof, unit_system: metric, time_zone: UTC, country: DK, currency: EUR,
  latitude: 55.7, longitude: 12.6, elevation: 10}
http: {server_host: 127.0.0.1, server_port: %d}
recorder: {commit_interval: 0}
energy:
probe:
"""


def install(version, python):
    """Python that has Home Assistant ``version``, as its lock says; installed if need be."""
    lock = SOURCE / ("requirements-%s.txt" % version)
    folder = BUILD / "homeassistant" / version
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = folder / ".stamp"
    own = folder / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != wanted:
        interpreter = _interpreter(python)
        if not interpreter:
            pytest.skip("Home Assistant %s needs Python %s, which is not here" % (version, python))
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([interpreter, "-m", "venv", folder], check=True, timeout=120)
        words = ["-m", "pip", "install", "-q", "--require-hashes", "-r", lock]
        subprocess.run([own, *words], check=True, timeout=1500)
        stamp.write_text(wanted)
    return own


def _interpreter(version):
    # The one on the path, else one of pyenv's; a shim without its Python fails.
    name = "python" + version
    pyenv = Path.home() / ".pyenv" / "versions"
    for path in (name, *sorted(pyenv.glob(version + ".*/bin/python"), reverse=True)):
        try:
            subprocess.run([path, "-m", "venv", "-h"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return path
    return None


class HomeAssistant:
    """A running Home Assistant with a folder and a port of its own; ``yaml`` is added."""

    def __init__(self, python, folder, port, yaml=""):
        self._python = python
        self._folder = folder
        self._url = "http://127.0.0.1:%d/probe/" % port
        shutil.copytree(SOURCE / "probe", folder / "custom_components" / "probe")
        (folder / "configuration.yaml").write_text(_CONFIGURATION % port + yaml)
        self._process = None
        self.log = folder / "out.log"
        self.start()

    def start(self):
        """Start it; returns when its start is over."""
        with open(self.log, "ab") as log:
            words = [self._python, SOURCE / "serve.py", self._folder]
            self._process = subprocess.Popen(words, cwd=self._folder, stdout=log, stderr=log)
        self.until(lambda found: found["running"], _START_S)

    def stop(self):
        """Stop it in good order."""
        if self._process:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def everything(self):
        """Its states, entities and devices; None while it does not answer."""
        try:
            with urllib.request.urlopen(self._url + "all", timeout=10) as reply:
                return json.load(reply)
        except urllib.error.HTTPError:
            raise
        except OSError:
            return None

    def until(self, check, seconds=20):
        """`everything` once ``check`` of it is true."""
        end = time.monotonic() + seconds
        found = None
        while time.monotonic() < end:
            assert self._process.poll() is None, self.log.read_text()[-2000:]
            found = self.everything()
            if found and check(found):
                return found
            time.sleep(0.2)
        raise AssertionError("it never came: %s" % json.dumps(found)[:6000])

    def post(self, what, given):
        """Have the probe do something; returns its answer."""
        data = json.dumps(given).encode()
        request = urllib.request.Request(self._url + what, data)
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.load(reply)

    def complaints(self):
        """Lines of its log that warn, but for those that are not of MQTT's content."""
        lines = self.log.read_text().splitlines()
        lines = [n for n in lines if " WARNING " in n or " ERROR " in n]
        lines = [n for n in lines if not any(own in n for own in _OWN)]
        # A format that is taken back cannot know which of the four places had a device.
        empty = r"No device components to cleanup for \S+_mbus\d,"
        return [n for n in lines if not re.search(empty, n)]
