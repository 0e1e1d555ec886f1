"""Proof that the Node-RED flow of docs/integrations works in a real Node-RED.

Node-RED comes from the package index that npm is configured for, pinned with hashes by
tools/nodered/package-lock.json, into build/nodered. `make proof ARGS=nodered`; it is no part of
`make test`, where tests/host/test_integrations.py runs the flow's functions by themselves.
"""

import contextlib
import hashlib
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import paho.mqtt.client as paho
import pytest
from mepctlkit import Process, Simulators, readings
from proofkit import report, scale

from conftest import program, unused_port
from firmware.records import Ring
from tools.paths import BUILD, ROOT

__test__ = bool(scale("PROOF_NODERED", 0))
pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]

FLOW = ROOT / "docs" / "integrations" / "nodered" / "flow.json"
LOCKED = ROOT / "tools" / "nodered"
START_S = 60
SETTINGS = """module.exports = {
    uiHost: "127.0.0.1", uiPort: %d, flowFile: "flows.json", credentialSecret: false,
    telemetry: {enabled: false},
    externalModules: {autoInstall: false, palette: {allowInstall: false}},
    editorTheme: {tours: false, projects: {enabled: false}},
    logging: {console: {level: "info", metrics: false, audit: false}},
}
"""


@pytest.fixture(scope="module")
def node_red():
    """Path of Node-RED's program, installed as the lock file says unless it is there already."""
    folder = BUILD / "nodered"
    wanted = hashlib.sha256((LOCKED / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / ".stamp"
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(LOCKED, folder)
        # No package's own install script runs: Node-RED needs none.
        words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run([program("npm"), *words], cwd=folder, check=True, timeout=600)
        stamp.write_text(wanted)
    return folder / "node_modules" / "node-red" / "red.js"


class NodeRed:
    """A running Node-RED with a folder and a port of its own."""

    def __init__(self, script, folder, port):
        self._url = "http://127.0.0.1:%d" % port
        folder.mkdir()
        (folder / "settings.js").write_text(SETTINGS % port)
        self.log = folder / "log"
        words = [program("node"), script, "--userDir", folder]
        with open(self.log, "wb") as log:
            self._process = subprocess.Popen(words, cwd=folder, stdout=log, stderr=log)
        until(lambda: self.get("/flows") is not None, START_S)

    def get(self, path):
        """The JSON at ``path``, None while nobody answers."""
        try:
            with urllib.request.urlopen(self._url + path, timeout=5) as reply:
                return json.load(reply)
        except OSError:
            return None

    def deploy(self, flow):
        """Import ``flow`` by the admin API, as the editor does it."""
        request = urllib.request.Request(
            self._url + "/flows",
            json.dumps(flow).encode(),
            {"Content-Type": "application/json", "Node-RED-Deployment-Type": "full"},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                assert reply.status == 204
        except urllib.error.HTTPError as e:
            raise AssertionError("%d: %s" % (e.code, e.read()[:500]))

    def stop(self):
        self._process.terminate()
        self._process.wait(20)


def until(check, seconds=20):
    """What ``check()`` gives once it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it never came")


def flow_for(port):
    """The flow as it is in docs; only the broker's address is of the test."""
    flow = json.loads(FLOW.read_text())
    (broker,) = [n for n in flow if n["type"] == "mqtt-broker"]
    broker["broker"], broker["port"] = "127.0.0.1", str(port)
    return flow


def publish_late(port, times):
    """What the outage buffer sends of minutes at ``times``, retained with QoS 1."""
    ring = Ring(8)
    for n, at in enumerate(times):
        ring.put(at, 115921469 + n, 6418207, -1250 + n)
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for n in range(ring.count):
        client.publish("mep/house/late", ring.text(n), 1, True).wait_for_publish(5)
    client.disconnect()
    client.loop_stop()


def test_the_flow_gives_the_meters_values(mosquitto, tmp_path, node_red, free_port):
    with contextlib.ExitStack() as stack:
        simulator = stack.enter_context(Simulators(tmp_path))
        meter = simulator(False, "gen4", "--house", "sunny")
        red = NodeRed(node_red, tmp_path / "nodered", free_port)
        stack.callback(red.stop)
        red.deploy(flow_for(mosquitto.port))
        http = application(stack, tmp_path, meter.url, mosquitto.port)
        first = until(lambda: whole(red.get("/meter")))
        check(first, readings(http)["values"])
        # Live: the next snapshots change it.
        until(lambda: newer(red.get("/meter"), first))
        publish_late(mosquitto.port, (1774000020, 1774000080))
        late = until(lambda: records(red, 2))
        assert [r["time"] for r in late] == ["2026-03-20T09:47:00Z", "2026-03-20T09:48:00Z"]
        assert late[0]["energy_forward"] == 115921.469 and late[1]["power"] == -1249
        # The retained one comes again with a new subscription; it is not taken twice.
        red.deploy(flow_for(mosquitto.port))
        again = until(lambda: whole(red.get("/meter")))
        until(lambda: newer(red.get("/meter"), again))
        assert records(red, 2) == late
        text = red.log.read_text()
        assert "[error]" not in text, text
        report("Node-RED gives %s", json.dumps(first))
        stack.pop_all().close()
    assert "Traceback" not in (tmp_path / "run.log").read_text()


def records(red, count):
    """The buffered minutes that Node-RED has, once they are ``count``."""
    found = red.get("/meter?late=house") or ()
    return found if len(found) >= count else None


def application(stack, folder, meter, port):
    """Start the application at ``meter`` and the broker; its HTTP port."""
    http = unused_port()
    config = {"mqtt_host": "127.0.0.1", "mqtt_port": port, "mqtt_base": "mep/house"}
    (folder / "module.json").write_text(json.dumps(config))
    words = ["-m", "tools.mepctl", "run", "--port", meter, "--config", folder / "module.json"]
    run = Process(folder, "run", *words, "--http", "127.0.0.1:%d" % http)
    stack.callback(run.stop)
    return http


def whole(meters):
    """The house of ``meters`` if all that the flow can know of it is there."""
    house = (meters or {}).get("house", {})
    keys = ("online", "time", "energy_forward", "power", "voltage_l3", "today_energy_forward")
    return house if all(key in house for key in keys) else None


def newer(meters, house):
    """True if ``meters`` are of a later time than ``house``."""
    return whole(meters) and meters["house"]["time"] != house["time"]


def check(house, values):
    """Hold what Node-RED has to what the module's own page says."""
    assert house["online"] is True
    for key in ("energy_forward", "energy_reverse"):
        assert abs(house[key] * 1000 - values[key]["value"]) < 100, key
    for n in "123":
        assert 200 < house["voltage_l" + n] < 260
        assert abs(house["voltage_l" + n] - values["voltage_l" + n]["value"] / 1000) < 20
    assert 49 < house["frequency"] < 51
    assert house["power"] == house["power_forward"] - house["power_reverse"]
