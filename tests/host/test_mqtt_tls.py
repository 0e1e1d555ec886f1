"""`firmware.mqtt.secure` against a real Mosquitto: who is trusted, and what is said otherwise.

`running` fails each test in which the event loop was held up.
"""

import asyncio
import datetime
import hashlib
import ipaddress
import json
import os
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from mqttkit import Subscriber, config, running, until

from conftest import Mosquitto, program, unused_port
from firmware import certificates
from firmware.hal import tls
from tools.stage import stage

BACK_S = 10
HERE = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
DAY = datetime.timedelta(days=1)
# name: names in it, days from which and until which it is valid
BROKERS = {
    "good": (HERE, -1, 30),
    "expired": (HERE, -30, -1),
    "future": (HERE, 1, 30),
    "other_name": ((x509.DNSName("elsewhere"),), -1, 30),
}


class Made:
    """A certificate and its key, signed by ``by`` or by itself, as files in ``folder``."""

    def __init__(self, folder, name, by=None, names=(), begin=-1, end=30):
        self.key = ec.generate_private_key(ec.SECP256R1())
        own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(own)
            .issuer_name(by.certificate.subject if by else own)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + begin * DAY)
            .not_valid_after(now + end * DAY)
            .add_extension(x509.BasicConstraints(not by, None), True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        self.certificate = builder.sign((by or self).key, hashes.SHA256())
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        self.fingerprint = hashlib.sha256(der).hexdigest()
        self.pem = folder / (name + ".pem")
        self.pem.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        self.private = folder / (name + ".key")
        self.private.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )


class World:
    """One Mosquitto with a listener for each kind of certificate; `Made` of each name."""

    def __init__(self, folder):
        self.made = made = {}
        made["ca"] = Made(folder, "ca")
        made["other_ca"] = Made(folder, "other_ca")
        made["client"] = Made(folder, "client", made["ca"])
        made["stranger"] = Made(folder, "stranger", made["other_ca"])
        self.ports = {}
        lines = ["per_listener_settings true"]
        if os.geteuid() == 0:
            lines.append("user root")
        users = folder / "users"
        users.touch(0o600)
        words = [program("mosquitto_passwd"), "-b", users, "meter", "right"]
        subprocess.run(words, check=True, capture_output=True)
        for name in [*BROKERS, "demanding", "users"]:
            kind = name if name in BROKERS else "good"
            if kind not in made:
                made[kind] = Made(folder, kind, made["ca"], *BROKERS[kind])
            self.ports[name] = port = unused_port()
            lines += ["listener %d 127.0.0.1" % port, "cafile %s" % made["ca"].pem]
            lines += ["certfile %s" % made[kind].pem, "keyfile %s" % made[kind].private]
            lines.append("require_certificate %s" % str(name == "demanding").lower())
            lines.append("allow_anonymous %s" % str(name != "users").lower())
            if name == "users":
                lines.append("password_file %s" % users)
        self.broker = Mosquitto(program("mosquitto"), folder)
        self.ports["plain"] = self.broker.port
        lines += ["listener %d 127.0.0.1" % self.broker.port, "allow_anonymous true"]
        self.broker._config.write_text("\n".join(lines) + "\n")

    def settings(self, listener, trust="ca", ca="ca", own=None, **more):
        """A configuration for the ``listener``; what it needs is where `certificates` looks."""
        made = self.made
        certificates.paths = {"ca": made[ca].pem} if ca else {}
        if own:
            certificates.paths.update(cert=made[own].pem, key=made[own].private)
        return config(self.ports[listener], mqtt_tls=trust, **more)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    found = World(tmp_path_factory.mktemp("tls"))
    found.broker.start()
    yield found
    found.broker.stop()


@pytest.fixture(autouse=True)
def nothing_left():
    yield
    certificates.paths = None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_good_broker_and_a_large_message(world, host):
    body = "x" * 100000
    with Subscriber(world.broker.port) as subscriber:
        async with running(world.settings("good", mqtt_host=host)) as client:
            await until(lambda: client.connected)
            assert client.publish("mep/readings", body)
            assert (await subscriber.next("mep/readings"))[1] == body.encode()
            assert await client.deliver("mep/late", "kept", True)
            got = []
            client.subscribe("mep/late", lambda topic, payload: got.append((topic, payload)))
            await until(lambda: got == [("mep/late", b"kept")])
            client.publish("mep/late", b"", True)


def _colons(text):
    return ":".join(text[i : i + 2] for i in range(0, 64, 2))


@pytest.mark.parametrize("shape", [str, str.upper, _colons])
async def test_fingerprints_need_no_ca_no_name_and_no_clock(world, shape):
    for listener in ("good", "expired", "future", "other_name"):
        made = world.made[listener]
        given = world.settings(listener, shape(made.fingerprint), ca=None)
        async with running(given) as client:
            await until(lambda: client.connected)


REFUSED = (
    ("good", {"ca": "other_ca"}, tls.OTHER_CA),
    ("good", {"ca": "client"}, tls.OTHER_CA),
    ("good", {"ca": None}, "no CA certificate is stored"),
    ("expired", {}, tls.EXPIRED),
    ("future", {}, tls.FUTURE),
    ("other_name", {}, "for another name than 127.0.0.1"),
    ("demanding", {}, "client certificate"),
    ("demanding", {"own": "stranger"}, "client certificate"),
    ("plain", {}, tls.BROKEN),
    ("good", {"trust": "off"}, "set mqtt_tls"),
)


@pytest.mark.parametrize("listener, given, reason", REFUSED)
async def test_who_is_not_trusted_is_named_and_gets_nothing(world, listener, given, reason):
    logged = []
    settings = world.settings(listener, mqtt_user="meter", mqtt_password="hush-hush", **given)
    async with running(settings, logged) as client:
        await until(lambda: reason in client.reason)
        assert client.counters()["mqtt_connects"] == 0
    assert "hush-hush" not in "".join(logged) and "PRIVATE" not in "".join(logged)


async def test_a_clock_that_is_not_set_and_an_interpreter_without_tls(world, monkeypatch):
    monkeypatch.setattr(tls, "unix", lambda: None)
    async with running(world.settings("future")) as client:
        await until(lambda: client.reason == tls.NO_CLOCK)
    monkeypatch.setattr(tls, "tls", None)
    async with running(world.settings("good")) as client:
        await until(lambda: client.reason == tls.NONE)


async def test_the_password_is_sent_only_after_the_fingerprint_was_right(world, monkeypatch):
    sent = []
    patient = tls._Patient.write
    monkeypatch.setattr(
        tls._Patient, "write", lambda self, buf: sent.append(bytes(buf)) or patient(self, buf)
    )
    given = {"mqtt_user": "meter", "mqtt_password": "right"}
    wrong = world.settings("users", "0" * 64, **given)
    async with running(wrong) as client:
        await until(lambda: "not the one of mqtt_tls" in client.reason)
        assert world.made["good"].fingerprint in client.reason
    assert sent == []
    async with running(world.settings("users", **given)) as client:
        await until(lambda: client.connected)
    assert any(b"right" in data for data in sent)
    given["mqtt_password"] = "wrong"
    async with running(world.settings("users", **given)) as client:
        await until(lambda: "mqtt_password" in client.reason)


async def test_a_client_certificate_where_it_is_demanded(world):
    async with running(world.settings("demanding", own="client")) as client:
        await until(lambda: client.connected)


async def test_files_that_do_not_fit_are_said(world):
    settings = world.settings("demanding", own="client")
    certificates.paths["key"] = world.made["stranger"].private
    async with running(settings) as client:
        await until(lambda: client.reason == tls.BAD_OWN)


async def test_back_after_the_broker_was_killed(world):
    async with running(world.settings("good")) as client:
        await until(lambda: client.connected)
        world.broker.stop(kill=True)
        await until(lambda: not client.connected)
        await asyncio.to_thread(world.broker.start)
        print("back after %.1f s" % await until(lambda: client.connected, BACK_S))


async def test_back_after_the_broker_stood_still(world):
    process = world.broker._process
    process.send_signal(19)
    try:
        async with running(world.settings("good")) as client:
            await until(lambda: client.reason == tls.SLOW, 6)
            process.send_signal(18)
            print("back after %.1f s" % await until(lambda: client.connected, BACK_S))
    finally:
        process.send_signal(18)


CHILD = """
import asyncio, sys
sys.path[:0] = ["%(root)s", "%(root)s/lib", "%(root)s/build/deps"]
from firmware import certificates
from firmware.hal.clock import sleep_ms
from firmware.mqtt.client import Client

for name, path in %(files)r:
    with open(path, "rb") as f:
        certificates.store(name, f.read())
del certificates

async def main(port, trust):
    config = {"mqtt_host": "localhost", "mqtt_port": port, "mqtt_user": "", "mqtt_password": "",
              "mqtt_base": "chip", "mqtt_client_id": "", "mqtt_tls": trust}
    client = Client(config, lambda level, text: None)
    task = asyncio.create_task(client.run())
    for _ in range(500):
        await sleep_ms(10)
        if client.connected or client.reason not in ("", "not yet connected"):
            break
    sent = client.connected and await client.deliver("chip/readings", "y" * 20000)
    await sleep_ms(100)
    print(sent, client.reason)

asyncio.run(main(%(port)d, %(trust)r))
"""


def _child(interpreter, world, folder, listener, given):
    settings = world.settings(listener, **given)
    files = [(name, str(path)) for name, path in certificates.paths.items()]
    more = {"root": os.getcwd(), "files": files, "trust": settings["mqtt_tls"]}
    script = folder / "child.py"
    script.write_text(CHILD % dict(more, port=world.ports[listener]))
    command = [interpreter, "-X", "heapsize=256k", str(script)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=20)
    assert not done.stderr, done.stderr
    return done.stdout.strip()


# mbedTLS says nothing of what the broker does not like.
MBEDTLS = [
    (listener, given, "localhost".join(reason.split("127.0.0.1")))
    for listener, given, reason in REFUSED
    if listener != "demanding"
]


@pytest.mark.parametrize("bits", [64, 32])
def test_mbedtls_of_micropython(world, tmp_path, request, bits):
    """The same code over MicroPython's own TLS, as on the chip."""
    interpreter = request.getfixturevalue("micropython%d" % bits)
    good = {"trust": world.made["good"].fingerprint, "ca": None}
    for n, (listener, given, reason) in enumerate(
        [
            ("good", {}, "True"),
            ("good", good, "True"),
            ("expired", {"trust": world.made["expired"].fingerprint, "ca": None}, "True"),
            ("good", {"trust": "0" * 64}, world.made["good"].fingerprint),
            ("demanding", {"own": "client"}, "True"),
            ("demanding", {}, "client certificate"),
            ("demanding", {"own": "stranger"}, "client certificate"),
            *MBEDTLS,
        ]
    ):
        folder = tmp_path / str(n)
        folder.mkdir()
        said = _child(interpreter, world, folder, listener, given)
        assert reason in said, (listener, given, said)


def test_names_of_mbedtls_stay_when_staged(tmp_path):
    out = tmp_path / "x86"
    stage("x86", out=out)
    renamed = json.loads((tmp_path / "x86.names.json").read_text())["firmware/hal/tls.py"]
    theirs = "verify_mode wrap_socket load_verify_locations load_cert_chain getpeercert SSLContext"
    assert renamed and not set(theirs.split()) & set(renamed.values())
