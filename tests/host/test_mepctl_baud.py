"""`mepctl baud` against the simulated meter, on a pty that has a rate at both ends."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from mepctlkit import KEY, Process, environment, mepctl, readings
from mepsimkit import meter

from osgp.baud import WRITES
from tools.mepsim.channel import Channel
from tools.mepsim.faults import Faults
from tools.mepsim.serve import serve
from tools.paths import ROOT

MAK = "b1d4e0c2773f9a6655aa"
ET13 = 2061
RATE_AT = 4 * 66 + 6  # of MEP client 1 (p. 81)


class Line:
    """A simulated meter on a pty or TCP: ``channel``, and ``port`` for mepctl's options."""

    def __init__(self, channel, simulator):
        self.channel = channel
        self.port = ("--port", simulator.path or simulator.url)

    @property
    def code(self):
        """What ET13 says."""
        return self.channel.meter.tables.memory[ET13][RATE_AT]


def on_line(test, model="gen4", faults=None, use_pty=True, kind=Channel, **options):
    """Run ``test(line)`` in a thread beside the simulator."""

    async def run():
        channel = kind(meter(model, epoch=time.time(), **options), faults)
        simulator = await serve(channel, use_pty=use_pty)
        try:
            return await asyncio.to_thread(test, Line(channel, simulator))
        finally:
            await simulator.close()

    return asyncio.run(run())


@pytest.fixture
def state(tmp_path):
    return {"XDG_STATE_HOME": str(tmp_path)}


def run(*words, code=0, key=MAK, **options):
    done = mepctl(*words, key=key, **options)
    assert done.returncode == code, done
    assert key not in done.stdout + done.stderr
    if code:
        assert done.stderr.count("\n") == 1 and done.stderr.startswith("mepctl: "), done
    return done


def counted(folder):
    """Writes in the one ledger."""
    (ledger,) = folder.rglob("writes/*")
    return len(ledger.read_text().split()) - 1


def test_another_rate_and_back(state, tmp_path):
    def test(line):
        dry = json.loads(run("baud", 115200, "--json", *line.port, **state).stdout)
        assert dry["sent"] is False and dry["note"] == "" and dry["key"] == "MAK"
        assert (dry["table"], dry["offset"], dry["data"]) == ("ET13", RATE_AT, "0c")
        assert line.code == 0 and not list(tmp_path.rglob("writes/*"))
        done = run("baud", 115200, "--yes", *line.port, **state)
        assert "the line runs at 115200" in done.stdout and "--baud 115200" in done.stdout
        assert (line.code, line.channel.baud) == (12, 115200) and counted(tmp_path) == 1
        # The meter is deaf to the old rate and hears the new one.
        run("read", "BT01", *line.port, code=4)
        assert "83334-3I" in run("read", "BT01", "--baud", 115200, *line.port).stdout
        done = run("baud", 9600, "--baud", 115200, "--yes", "--json", *line.port, **state)
        found = json.loads(done.stdout)
        assert found["outcome"] == "changed" and (found["was"], found["line"]) == (115200, 9600)
        assert line.channel.baud == 9600 and counted(tmp_path) == 2
        # Three must be free.
        held = run("baud", 19200, "--yes", *line.port, code=5, **state).stderr
        assert "2 writes in the last hour" in held and "need %d" % WRITES in held
        assert "need %d" % WRITES in run("baud", 19200, *line.port, **state).stdout
        already = run("baud", 9600, "--yes", *line.port, **state)
        assert "9600 already" in already.stdout and counted(tmp_path) == 2

    on_line(test)


class Alternating(Faults):
    """At more than 9600 only every second read, with all its tries, is answered."""

    channel = None
    asked = 0

    def reply(self, packet, ms):
        if self.channel.baud > 9600:
            self.asked += 1
            if self.asked % 5:
                return []
        return super().reply(packet, ms)


class Stays(Channel):
    """ET13 says the new rate, the line keeps the old one."""

    def _take(self, ms, packet):
        super()._take(ms, packet)
        self._rate = None


def test_a_rate_that_is_not_heard_is_given_up(tmp_path):
    # Both wait for many replies that never come, so they wait together.
    def given_up(line, rate, state):
        if isinstance(line.channel.faults, Alternating):
            line.channel.faults.channel = line.channel
        done = run("baud", rate, "--yes", *line.port, code=6, **state)
        assert "%d was not heard well; back at 9600" % rate in done.stderr
        assert (line.code, line.channel.baud) == (0, 9600)
        assert "83334-3I" in run("read", "BT01", *line.port).stdout

    def half():
        state = {"XDG_STATE_HOME": str(tmp_path / "half")}
        on_line(lambda line: given_up(line, 57600, state), faults=Alternating())

    def stays():
        state = {"XDG_STATE_HOME": str(tmp_path / "stays")}
        on_line(lambda line: given_up(line, 38400, state), kind=Stays)

    with ThreadPoolExecutor() as pool:
        for job in [pool.submit(half), pool.submit(stays)]:
            job.result()
    assert counted(tmp_path / "half") == counted(tmp_path / "stays") == 2


def test_ctrl_c_does_not_leave_the_meter_at_a_rate_unknown(state, tmp_path, free_port):
    def test(line):
        words = [sys.executable, "-m", "tools.mepctl", "baud", "57600", "--yes", *line.port]
        process = subprocess.Popen(
            words,
            cwd=ROOT,
            env=environment(MAK, **state),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while line.code == 0 and process.poll() is None:
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0 and "the line runs at 57600" in out, (out, err)
        assert line.channel.baud == 57600
        # And the application runs at it.
        app = application(tmp_path, free_port, 57600, line)
        try:
            assert readings(free_port)["values"]["voltage_l1"]["value"] > 180000
        finally:
            app.stop()

    on_line(test)


def application(folder, free_port, rate, line):
    words = ["run", "--baud", rate, "--http", "127.0.0.1:%d" % free_port, *line.port]
    return Process(folder, "run", "-m", "tools.mepctl", *words, key=MAK)


def test_the_application_finds_a_meter_that_was_set_back(tmp_path, free_port):
    def test(line):
        app = application(tmp_path, free_port, 19200, line)
        try:
            found = readings(free_port, 40)
            assert found["values"]["voltage_l1"]["value"] > 180000
            app.wait_for("heard at 9600 baud, not at the configured 19200")
        finally:
            app.stop()

    on_line(test)


def test_who_may(state, tmp_path):
    def basic(line):
        told = run("baud", 19200, "--yes", *line.port, code=5, key=KEY, **state).stderr
        assert "0x03" in told and "it needs the advanced key (MAK)" in told
        assert line.code == 0 and line.channel.baud == 9600 and counted(tmp_path) == 1

    on_line(basic)

    def old(line):
        told = run("baud", 19200, "--yes", *line.port, code=5, **state).stderr
        assert "only meters with firmware 4.0 or newer go above 9600; this one has 3.84" in told
        assert line.code == 0

    on_line(old, "gen3")

    def locked(line):
        told = run("baud", 19200, "--yes", *line.port, code=5, **state).stderr
        assert "hardware lock" in told and line.code == 0

    on_line(locked, locked=True)


def test_a_socket_has_no_rate(state):
    def test(line):
        told = run("baud", 38400, "--yes", *line.port, code=2, **state).stderr
        assert "carries bytes, not a rate" in told and "rfc2217://" in told and line.code == 0
        dry = json.loads(run("baud", 38400, "--json", *line.port, **state).stdout)
        assert "carries bytes" in dry["note"]
        done = run("baud", 38400, "--yes", "--follows", *line.port, **state)
        assert "the line runs at 38400" in done.stdout and line.channel.baud == 38400

    on_line(test, use_pty=False)


def test_what_is_no_rate_of_a_line():
    port = ("--port", "/dev/none")
    told = run("baud", 12345, *port, code=2).stderr
    assert "12345 is no rate of a meter; write one of 300, 600" in told
    assert "no rate" in run("baud", 9600, "--baud", 9000, *port, code=2).stderr
    assert "--follows is for socket://" in run("baud", 9600, "--follows", *port, code=2).stderr
    assert "a dump has no line" in run("baud", 9600, "--port", "dump:x", code=2).stderr
