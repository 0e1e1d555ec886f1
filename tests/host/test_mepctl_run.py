"""`mepctl run` against the simulated meter, on TCP and on a pty, with a real page and broker."""

import signal
import threading
import time

import paho.mqtt.client as paho
import pytest
from mepctlkit import KEY, Process, Silence, Simulators, mepctl, readings

from tools.mepctl.common import Stop
from tools.mepctl.run import parse_mqtt

QUOTED = "hush%2Fhush"  # the password hush/hush in a URL


@pytest.fixture
def simulator(tmp_path):
    with Simulators(tmp_path) as start:
        yield start


def start(folder, port, http, *more, key=KEY):
    """A running `mepctl run`."""
    words = ["-m", "tools.mepctl", "run", "--port", port, "--http", "127.0.0.1:%d" % http]
    return Process(folder, "run", *words, *more, key=key)


@pytest.mark.parametrize("line", ("tcp", "pty"))
def test_real_readings_and_a_clean_end(simulator, tmp_path, free_port, line):
    meter = simulator(pty=line == "pty")
    run = start(tmp_path, meter.url, free_port)
    try:
        page = run.wait_for(r"Serving (http://\S+)")[1]
        assert page == "http://127.0.0.1:%d/" % free_port
        found = readings(
            free_port, ready=lambda r: r["values"]["energy_forward"]["value"] is not None
        )
        values = found["values"]
        assert 180000 < values["voltage_l1"]["value"] < 260000
        assert values["voltage_l1"]["unit"] == "mV"
        assert values["energy_forward"]["value"] > 0
        assert found["meter"]["model"].startswith("8333")
        assert found["line"]["verified"] >= 10  # seven tables, the IDT version, BT28, BT23
    finally:
        code = run.stop(signal.SIGINT)
    assert code == 0
    assert KEY not in run.output() and "Traceback" not in run.output()


def test_mqtt_with_user_and_password_that_nobody_sees(simulator, mosquitto, tmp_path, free_port):
    messages = []
    arrived = threading.Event()

    def keep(client, _, message):
        messages.append((message.topic, message.payload))
        if ("my/house/status", b"online") in messages and "my/house/readings" in dict(messages):
            arrived.set()

    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.on_message = keep
    client.connect(mosquitto.host, mosquitto.port)
    client.subscribe("my/house/#")
    client.loop_start()
    url = "mqtt://me:%s@%s:%d/my/house" % (QUOTED, mosquitto.host, mosquitto.port)
    run = start(tmp_path, simulator().url, free_port, "--mqtt", url, "--fast")
    try:
        assert arrived.wait(15), run.output()
    finally:
        code = run.stop()
        client.loop_stop()
        client.disconnect()
    assert code == 0
    found = [payload for topic, payload in messages if topic == "my/house/readings"]
    assert b'"voltage_l1":2' in found[0] + found[-1]
    assert "hush" not in run.output()


def test_mqtt_urls():
    assert parse_mqtt("mqtt://broker") == {
        "mqtt_host": "broker",
        "mqtt_port": 1883,
        "mqtt_user": "",
        "mqtt_password": "",
        "mqtt_base": "mep",
    }
    full = parse_mqtt("mqtt://a%40b:p%3Aw@[::1]:2883/x/y/")
    assert full["mqtt_host"] == "::1" and full["mqtt_port"] == 2883
    assert (full["mqtt_user"], full["mqtt_password"]) == ("a@b", "p:w")
    assert full["mqtt_base"] == "x/y"
    with pytest.raises(Stop):
        parse_mqtt("http://broker")


def test_a_silent_line_is_logged_and_the_page_says_why(tmp_path, free_port):
    with Silence() as line:
        run = start(tmp_path, line.url, free_port)
        try:
            run.wait_for("no reply from the meter.*ENABLE")
            with pytest.raises(AssertionError, match="503"):
                readings(free_port, seconds=0.5)
            assert run.process.poll() is None
        finally:
            assert run.stop(signal.SIGINT) == 0


def test_a_wrong_key_is_logged_and_tried_again(simulator, tmp_path, free_port):
    run = start(tmp_path, simulator().url, free_port, key="b" * 20)
    try:
        run.wait_for("the meter refuses the key")
        time.sleep(0.5)
        assert run.process.poll() is None
    finally:
        assert run.stop(signal.SIGINT) == 0
    assert "b" * 20 not in run.output()


def test_options_go_before_the_configuration_file(simulator, tmp_path, free_port):
    config = tmp_path / "config.json"
    config.write_text(
        '{"key": "%s", "http_host": "127.0.0.1", "http_port": %d}' % (KEY, free_port)
    )
    words = ["-m", "tools.mepctl", "run", "--config", config, "--port", simulator().url, "--quiet"]
    run = Process(tmp_path, "run", *words, key=None)
    try:
        run.wait_for("Serving")
        assert readings(free_port)["meter"]["serial"]
    finally:
        assert run.stop() == 0
    assert run.output().count("\n") == 1, "--quiet shows only the page's address"


def test_a_meter_on_a_busy_page_is_left_alone(simulator, tmp_path, free_port):
    meter = simulator()
    first = start(tmp_path, meter.url, free_port)
    try:
        first.wait_for("Serving")
        second = mepctl("run", "--port", meter.url, "--http", "127.0.0.1:%d" % free_port)
        assert second.returncode == 2 and "in use" in second.stderr
        readings(free_port)
    finally:
        first.stop()
