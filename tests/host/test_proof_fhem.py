"""Proof that the definitions for FHEM of docs/integrations work in a real FHEM.

`make proof ARGS=fhem`, where FHEM is installed: in /opt/fhem, or in the folder that FHEM_HOME
names. It is no part of `make test`, where tests/host/test_integrations.py runs the regular
expressions and expressions under Perl.
"""

import contextlib
import json
import os
import socket
import subprocess
import time
from pathlib import Path

import pytest
from mepctlkit import Simulators, readings, wait_listening
from proofkit import report, scale
from test_proof_nodered import application, publish_late, until

from conftest import program, unused_port
from tools.paths import ROOT

__test__ = bool(scale("PROOF_FHEM", 0))
pytestmark = [pytest.mark.proof, pytest.mark.timeout(300)]

HOME = Path(os.environ.get("FHEM_HOME", "/opt/fhem"))
DOCS = ROOT / "docs" / "integrations" / "fhem"
GLOBAL = """attr global modpath %s
attr global logfile %s
attr global statefile %s
attr global nofork 1
attr global updateInBackground 0
define console telnet %d
"""


class Fhem:
    """A running FHEM whose commands are given by telnet."""

    def __init__(self, folder, text):
        self.port = unused_port()
        self.log = folder / "fhem.log"
        config = folder / "fhem.cfg"
        state = folder / "fhem.save"
        config.write_text(GLOBAL % (HOME, self.log, state, self.port) + text)
        self._process = subprocess.Popen(
            [program("perl"), HOME / "fhem.pl", config], cwd=HOME, stdout=subprocess.DEVNULL
        )
        wait_listening(self.port)

    def say(self, command):
        """What FHEM answers to ``command``."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as s:
            s.sendall(command.encode() + b"\nquit\n")
            parts = []
            while data := s.recv(65536):
                parts.append(data)
        return b"".join(parts).decode().replace("Bye...\n", "")

    def readings(self, device):
        """``{name: (value, time)}`` of ``device``."""
        found = json.loads(self.say("jsonlist2 " + device))["Results"][0]["Readings"]
        return {name: (r["Value"], r["Time"]) for name, r in found.items()}

    def stop(self):
        self._process.terminate()
        self._process.wait(10)


def definitions(port):
    """meter.cfg; only the broker's address is of the test. And a device for the template."""
    text = (DOCS / "meter.cfg").read_text().replace("broker.lan:1883", "127.0.0.1:%d" % port)
    return text + "define other MQTT2_DEVICE\nattr other event-on-change-reading .*\n"


def ready(found):
    """``found`` when all that the definitions can know is there."""
    names = ("status", "energy_forward", "power_forward", "voltage_l3", "power_factor_l1")
    return found if all(name in found for name in names) else None


@pytest.fixture
def template():
    """The template where FHEM looks for it."""
    place = HOME / "FHEM" / "lib" / "AttrTemplate" / "mep.template"
    if not (HOME / "fhem.pl").exists():
        pytest.skip("FHEM is not installed in %s" % HOME)
    place.write_text((DOCS / "mep.template").read_text())
    yield
    place.unlink()


def test_the_definitions_give_the_meters_values(mosquitto, tmp_path, template):
    with contextlib.ExitStack() as stack:
        simulator = stack.enter_context(Simulators(tmp_path))
        meter = simulator(False, "gen4", "--house", "night")
        http = application(stack, tmp_path, meter.url, mosquitto.port)
        fhem = Fhem(tmp_path, definitions(mosquitto.port))
        stack.callback(fhem.stop)
        assert not fhem.say("set other attrTemplate mep_meter MQTTBASE=mep/house").strip()
        found = until(lambda: ready(fhem.readings("meter")), 40)
        values = readings(http)["values"]
        assert found["status"][0] == "online"
        energy = float(found["energy_forward"][0])
        assert abs(energy * 1000 - values["energy_forward"]["value"]) < 100
        assert 200 < float(found["voltage_l3"][0]) < 260
        assert 0.5 < float(found["power_factor_l1"][0]) <= 1
        assert float(found["power_forward"][0]) == int(found["power_forward"][0]) > 0
        publish_late(mosquitto.port, (1774000020, 1774000080))
        late = until(lambda: minute(fhem.readings("meter"), -1249))
        # FHEM shows local time, and this process has the same.
        assert late["late_power"][1] == time.strftime(
            "%Y-%m-%d %H:%M:%S", time.localtime(1774000080)
        )
        assert float(late["late_energy_forward"][0]) == 115921.47
        # What the template made is what the definitions say.
        same = until(lambda: minute(fhem.readings("other"), -1249))
        assert {n for n in late if n not in ("attrTemplateVersion", "IODev")} <= set(same)
        log = fhem.log.read_text()
        assert "ERROR" not in log and "PERL WARNING" not in log.split("Server started")[1], log
        report("FHEM has %s", {name: value for name, (value, _) in sorted(late.items())})


def minute(found, power):
    """``found`` when it has the buffered minute of ``power``."""
    return found if found.get("late_power", ("",))[0] == str(power) else None
