"""TLS to the broker by options: `mepctl run` on a host, and `mepctl flash` onto a module."""

import json
import os

import pytest
from flashkit import esptool, image, make_module, run, staged  # noqa: F401  fixtures, by name
from mepctlkit import KEY, Process, Simulators
from mqttkit import Subscriber
from test_mqtt_tls import World, nothing_left  # noqa: F401

from firmware import certificates, storage
from tools.flashing.device import Device
from tools.mepctl import cli
from tools.mepctl import run as command
from tools.mepctl.common import Stop

# ruff: noqa: F811


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    found = World(tmp_path_factory.mktemp("tls"))
    found.broker.start()
    yield found
    found.broker.stop()


def _settings(*words):
    given = ["run", "--port", "/dev/null", "--key", KEY, *[str(word) for word in words]]
    return command.settings(cli.build().parse_args(given))


def test_what_the_options_make(world):
    made = world.made
    url = "mqtts://me:hush@broker/my/house"
    config = _settings("--mqtt", url, "--mqtt-ca", made["ca"].pem)
    assert config["mqtt_tls"] == "ca" and config["mqtt_port"] == 8883
    assert certificates.paths == {"ca": str(made["ca"].pem)}
    config = _settings("--mqtt", url, "--mqtt-fingerprint", made["good"].fingerprint)
    assert config["mqtt_tls"] == made["good"].fingerprint and certificates.paths == {}
    more = ("--mqtt-cert", made["client"].pem, "--mqtt-key", made["client"].private)
    _settings("--mqtt", url, "--mqtt-ca", made["ca"].pem, *more)
    assert set(certificates.paths) == {"ca", "cert", "key"}
    assert _settings("--mqtt", "mqtt://broker")["mqtt_tls"] == "off"


def test_never_silently_plain_and_each_mistake_is_said(world, tmp_path):
    made = world.made
    url = ("--mqtt", "mqtts://me:hush@broker")
    ca = ("--mqtt-ca", made["ca"].pem)
    chain = tmp_path / "two.pem"
    chain.write_bytes(made["ca"].pem.read_bytes() * 2)
    der = tmp_path / "key.der"
    der.write_bytes(b"0" + bytes(200))
    for words, part in (
        (url, "--mqtt-ca FILE"),
        (("--mqtt", "mqtt://broker", *ca), "mqtts://"),
        ((*url, *ca, "--mqtt-fingerprint", "0" * 64), "one of the two"),
        ((*url, "--mqtt-fingerprint", "123"), "64 hex digits"),
        ((*url, "--mqtt-ca", "/nowhere"), "No such file"),
        ((*url, "--mqtt-ca", chain), "one certificate"),
        ((*url, "--mqtt-ca", made["ca"].private), "one certificate"),
        ((*url, *ca, "--mqtt-cert", made["client"].pem), "--mqtt-key"),
        (
            (*url, *ca, "--mqtt-cert", made["client"].pem, "--mqtt-key", made["client"].pem),
            "one private key",
        ),
        ((*url, *ca, "--mqtt-cert", made["client"].pem, "--mqtt-key", der), "not PEM"),
    ):
        with pytest.raises(Stop) as stop:
            _settings(*words)
        assert part in str(stop.value) and "hush" not in str(stop.value), (words, str(stop.value))


def test_readings_arrive_over_tls(world, tmp_path, free_port):
    made = world.made
    url = "mqtts://localhost:%d/tls" % world.ports["demanding"]
    with Simulators(tmp_path) as start, Subscriber(world.broker.port) as subscriber:
        words = ["-m", "tools.mepctl", "run", "--port", start().url, "--mqtt", url, "--fast"]
        words += ["--http", "127.0.0.1:%d" % free_port, "--mqtt-ca", made["ca"].pem]
        words += ["--mqtt-cert", made["client"].pem, "--mqtt-key", made["client"].private]
        mepctl = Process(tmp_path, "run", *[str(word) for word in words])
        try:
            while True:
                message = subscriber.messages.get(timeout=15)
                if message[1] == "tls/readings":
                    break
        finally:
            assert mepctl.stop() == 0
        assert json.loads(message[2])["values"]
    assert "PRIVATE" not in mepctl.output()


def test_a_module_gets_them_with_its_files(world, staged, make_module, capfd, tmp_path):
    module = make_module()
    made = world.made
    with Device(module.port) as device:
        device.write("/mqtt_ca.b", b"an older one")
    words = ["--mqtt-ca", made["ca"].pem, "--mqtt-cert", made["client"].pem]
    words += ["--mqtt-key", made["client"].private, "--wait", 3]
    code, out, err = run(capfd, "flash", "--port", module.port, "--board", "dabbler", *words)
    assert code == 0, err
    with Device(module.port) as device:
        assert json.loads(device.read("/config.json"))["mqtt_tls"] == "ca"
        there = [path for path in device.files() if path.startswith("/mqtt")]
        assert sorted(there) == ["/mqtt_ca.a", "/mqtt_cert.a", "/mqtt_key.a"]
        for path in there:
            (tmp_path / path[1:]).write_bytes(device.read(path))
    certificates.paths = None
    before = os.getcwd()
    os.chdir(tmp_path)
    try:
        trust, own = certificates.wanted("ca")
        assert storage.load("mqtt_ca") == trust and len(own[0]) > 200 and len(own[1]) > 100
    finally:
        os.chdir(before)
