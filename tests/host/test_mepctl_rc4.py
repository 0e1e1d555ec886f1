"""RC4 on the command line, against a simulated meter that believes encrypted requests alone."""

import json

import pytest
from mepctlkit import KEY, Process, Simulators, mepctl, readings, wait_listening
from mepsimkit import MBK, digest, packet, read

from mep.rc4 import Cipher
from tools.mepctl.plain import Plain
from tools.mepctl.recording import load


@pytest.fixture
def simulator(tmp_path):
    with Simulators(tmp_path) as start:
        yield start


def test_a_key_without_rc4_is_told_what_else_it_may_be(simulator):
    port = ("--port", simulator(False, "gen3", "--rc4").url)
    for words in (("read", "BT01"), ("info",)):
        done = mepctl(*words, *port)
        assert done.returncode == 3 and done.stderr.count("\n") == 1
        assert "wrong key" in done.stderr and "try with --rc4, or without" in done.stderr
    assert mepctl("info", "--rc4", *port).returncode == 0


@pytest.mark.parametrize("more", [(), ("--rc4",)])
def test_run_reads_encrypted(simulator, tmp_path, free_port, more):
    # A meter that takes both answers in kind.
    meter = simulator(False, "gen3", *more)
    words = ["run", "--rc4", "--port", meter.url, "--http", "127.0.0.1:%d" % free_port]
    run = Process(tmp_path, "run", "-m", "tools.mepctl", *words)
    try:
        found = readings(
            free_port, ready=lambda r: r["values"]["energy_forward"]["value"] is not None
        )
        assert 180000 < found["values"]["voltage_l1"]["value"] < 260000
    finally:
        assert run.stop() == 0, run.output()


def test_run_without_rc4_says_what_to_check(simulator, tmp_path, free_port):
    meter = simulator(False, "gen3", "--rc4")
    words = ["run", "--port", meter.url, "--http", "127.0.0.1:%d" % free_port]
    run = Process(tmp_path, "run", "-m", "tools.mepctl", *words)
    try:
        run.wait_for("refuses the key.*check the MEP key and rc4")
    finally:
        assert run.stop() == 0


def test_a_recording_is_plain_and_replays(simulator, tmp_path, free_port):
    file = tmp_path / "r.txt"
    url = simulator(False, "gen3", "--rc4").url
    done = mepctl("record", file, "--rc4", "--polls", 4, "--fast", "--port", url)
    assert done.returncode == 0, done
    text = file.read_text()
    assert "plain text" in text and "encrypted\n" not in text
    assert KEY not in text and KEY.encode().hex() not in text
    requests = [data for _, direction, data in load(file) if direction == ">"]
    assert all(data[2] in (0x30, 0x3F) for data in requests)
    # Each is just as a line that is not encrypted would have had it.
    assert all(digest(MBK, data[2:-8]) == data[-8:] for data in requests)
    done = mepctl("replay", file, "--decode", "--json")
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and {d["digest"] for d in documents} == {"good"}
    recorded = [d["values"] for d in documents if d["table"] == "BT28" and "values" in d]
    assert len(recorded) >= 3 and len(recorded[0]) == 55
    words = ["replay", file, "--listen", "127.0.0.1:%d" % free_port]
    serve = Process(tmp_path, "replay", "-m", "tools.mepctl", *words)
    try:
        wait_listening(free_port)
        port = ("--port", "socket://127.0.0.1:%d" % free_port)
        again = tmp_path / "again.txt"
        done = mepctl("record", again, "--polls", 2, "--fast", *port)
        assert done.returncode == 0, (done, serve.output())
    finally:
        serve.stop()


class Line:
    """Encrypted exchanges as a `Tap` writes them; ``said`` is what `Plain` made of them."""

    def __init__(self):
        self.said = []
        self.plain = Plain(MBK, self.said.append)
        self.cipher = Cipher(MBK)

    def ask(self, seq):
        clear = packet(read(1, 16, 0), seq)
        sealed = bytearray(clear)
        self.cipher.seal(sealed, len(clear) - 14)
        self.plain("> " + sealed.hex())
        return clear

    def answer(self, clear, body, older=False, damage=0):
        message = body + digest(MBK, clear[2:-8] + body)
        sealed = bytearray(message)
        self.cipher.turn(sealed, len(body), older)
        sealed[3] ^= damage
        self.plain("< " + (len(message).to_bytes(2, "big") + sealed).hex())
        return "< " + (len(message).to_bytes(2, "big") + message).hex()


def test_what_a_recording_makes_of_each_packet():
    line = Line()
    data = b"\x00\x00\x10" + bytes(range(16))
    first = line.ask(7)
    assert line.said.pop() == "> " + first.hex()
    assert line.answer(first, data) == line.said.pop()
    # The late reply to the try before, then the one to this.
    second = line.ask(8)
    line.said.clear()
    assert line.answer(first, data, older=True) == line.said.pop()
    assert line.answer(second, b"\x0c\x00\x00\x10\x00") == line.said.pop()
    # A refused key comes in the clear, a note and an alert are no packets of ours.
    for other in ("< 00090b" + "ee" * 8, "# alert sequence", "< 0000", "< ff"):
        line.plain(other)
        assert line.said.pop() == other
    # What fails its digest stays as it came.
    wrong = line.answer(second, data, damage=1)
    assert line.said[-1] != wrong and "fails its digest" in line.said[-2]


def test_noise_before_the_first_request():
    said = []
    plain = Plain(MBK, said.append)
    plain("< 000c" + "55" * 12)
    assert said[-1] == "< 000c" + "55" * 12
