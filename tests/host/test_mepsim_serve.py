"""The simulator as a TCP port, a pty, a replayed recording and a command, with raw clients."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import termios

import pytest
from mepsimkit import MAK, MBK, ONES, digest, meter, packet, read

from tools.mepsim.__main__ import channel, main, parser
from tools.mepsim.channel import Channel
from tools.mepsim.live import House
from tools.mepsim.meter import Meter
from tools.mepsim.models import MODELS
from tools.mepsim.replay import RecordingError, ReplayMeter, load
from tools.mepsim.serve import serve

WAIT_S = 10
GUIDE = """\
# the guide's example, RC4 1
> 00143f0017000000002c0102030474861f6d7658dd56
< 000d0c77635b9035863c1df5b91482
> 00143f0017000000002c77635b9113db85a135a0575e
< 0000
< 003700002c0000000000000000000000000000000008000000030000000000
< 000000000000000000000000000006000000addcb82c3d417f91
> 00154f083200001e00010177636e2f86e50e2667d1e63c
< 00090086e50e2667d1e63c
"""


def line(**kw):
    return Channel(meter(house="steady"), **kw)


async def reply_of(reader):
    head = await asyncio.wait_for(reader.readexactly(2), WAIT_S)
    return head + await asyncio.wait_for(reader.readexactly(int.from_bytes(head, "big")), WAIT_S)


async def connect(simulator):
    host, port = simulator.url[len("socket://") :].split(":")
    return await asyncio.open_connection(host, int(port))


async def test_tcp():
    simulator = await serve(line())
    reader, writer = await connect(simulator)
    loop = asyncio.get_running_loop()
    for seq in range(1001, 1004):
        request = packet(read(28, 220, 0), seq)
        begin = loop.time()
        writer.write(request)
        reply = await reply_of(reader)
        # Never faster than the line: request, answering time, reply and its pause.
        assert (loop.time() - begin) * 1000 > (22 + 233) * 10 / 9.6 + 10 + 25 - 1
        assert digest(MBK, request[2:-8] + reply[2:-8]) == reply[-8:]
        assert len(reply) == 233
    assert simulator.stats["requests"] == 3
    assert simulator.stats["codes"] == {"0x00": 3}
    writer.close()
    await simulator.close()


async def test_one_client_at_a_time():
    simulator = await serve(line(paced=False))
    reader, writer = await connect(simulator)
    writer.write(packet(read(52, 1, 0), 1001))
    await reply_of(reader)
    second, other = await connect(simulator)
    try:
        assert await asyncio.wait_for(second.read(), WAIT_S) == b""
    except ConnectionError:
        pass
    writer.write(packet(read(52, 1, 0), 1002))
    await reply_of(reader)
    writer.close()
    other.close()
    while simulator._put:
        await asyncio.sleep(0.01)
    reader, writer = await connect(simulator)
    writer.write(packet(read(52, 1, 0), 1003))
    await reply_of(reader)
    assert simulator.stats["clients"] == 2 and simulator.stats["turned_away"] == 1
    writer.close()
    await simulator.close()


async def test_faults_and_silence_at_run_time():
    simulator = await serve(line(paced=False))
    reader, writer = await connect(simulator)
    simulator.faults.lost = 1.0
    writer.write(packet(read(52, 1, 0), 1001))
    while not simulator.stats["faults"].get("lost"):
        await asyncio.sleep(0.01)
    simulator.faults.set(lost=0)
    writer.write(packet(read(52, 1, 0), 1002))
    assert (await reply_of(reader))[2] == 0
    simulator.silence(0.3)
    writer.write(packet(read(52, 1, 0), 1003))
    await asyncio.sleep(0.4)
    writer.write(packet(read(52, 1, 0), 1003))
    assert (await reply_of(reader))[2] == 0
    assert simulator.stats["requests"] == 3
    writer.close()
    await simulator.close()


async def test_alerts_over_tcp():
    channel = line()
    channel.meter.enable_alerts()
    simulator = await serve(channel)
    reader, writer = await connect(simulator)
    assert await asyncio.wait_for(reader.readexactly(2), WAIT_S) == b"\x00\x00"
    writer.close()
    await simulator.close()


async def test_pty():
    simulator = await serve(line(), use_pty=True)
    fd = os.open(simulator.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        assert not termios.tcgetattr(fd)[3] & (termios.ECHO | termios.ICANON)
        request = packet(read(23, 44, 0), 1001)
        os.write(fd, request)
        reply = b""
        for _ in range(WAIT_S * 100):
            await asyncio.sleep(0.01)
            try:
                reply += os.read(fd, 100)
            except BlockingIOError:
                pass
            if len(reply) >= 57:
                break
        assert reply[:5] == b"\x00\x37\x00\x00\x2c"
        assert digest(MBK, request[2:-8] + reply[2:-8]) == reply[-8:]
    finally:
        os.close(fd)
        await simulator.close()


def test_replay(tmp_path):
    path = tmp_path / "guide.txt"
    path.write_text(GUIDE)
    m = ReplayMeter(load(path), mak=ONES, sequence=0x77635B8F)
    first, second = (bytes.fromhex(x[2:]) for x in GUIDE.splitlines()[1:4:2])
    # The example comes out byte for byte, the 0x0C by the meter's own rule.
    assert m.handle(first[2:], 0).hex() == GUIDE.splitlines()[2][2:]
    assert m.handle(second[2:], 0)[-8:].hex() == "addcb82c3d417f91"
    again = m.handle(packet(read(23, 44, 0), 0x77635B92)[2:], 0)
    assert again[2] == 0 and len(again) == 57, "another key, another number, the same data"
    assert m.handle(packet(read(23, 45, 0), 0x77635B93)[2:], 0)[2] == 5


def test_replies_come_in_turn(tmp_path):
    path = tmp_path / "turns.txt"
    lines = []
    for value in (1, 2, 3):
        request = packet(read(52, 1, 0), value)
        body = b"\x00\x00\x01" + bytes([value])
        lines += ["> " + request.hex(" "), "< " + b"\x00\x0c".hex() + body.hex() + "00" * 8]
    path.write_text("\n".join(lines))
    m = ReplayMeter(load(path), sequence=0)
    got = [m.handle(packet(read(52, 1, 0), n)[2:], 0)[5] for n in range(1, 6)]
    assert got == [1, 2, 3, 1, 2]


@pytest.mark.parametrize(
    "text, word",
    [
        ("", "no request"),
        ("# nothing\n", "no request"),
        ("hello\n", "line 1"),
        ("# x\n> 00zz\n", "line 2"),
        (">\n", "no bytes"),
        ("> 0014 3f00\n", "length field"),
        ("> " + packet(read(52, 1, 0), 1).hex() + "\n< 0009\n", "no request"),
        ("> " + packet(read(52, 1, 0), 1).hex() + "\n< 00090b" + "00" * 8, "no request"),
        ("\u00e6\n", "not a text"),
    ],
)
def test_unusable_recordings(tmp_path, capsys, text, word):
    path = tmp_path / "bad.txt"
    path.write_text(text)
    with pytest.raises(RecordingError, match=word):
        load(path)
    assert main(["--replay", str(path), "--listen", "127.0.0.1:0"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and str(path) in err


def test_recording_can_be_replayed(tmp_path):
    path = tmp_path / "run.txt"
    run = command("--listen", "127.0.0.1:0", "--unpaced", "--record", str(path), "--stats")
    port = int(run.stdout.readline().rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), WAIT_S) as s:
        s.sendall(packet(read(1, 16, 0), 5))
        told = s.recv(100)
        assert told[2] == 0x0C
        s.sendall(packet(read(1, 16, 0), int.from_bytes(told[3:7], "big")))
        assert s.recv(100)[5:17] == b"ELON83331-3I"
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=WAIT_S)
    assert run.returncode == 0 and err == ""
    assert '"requests": 2' in out
    m = ReplayMeter(load(path), sequence=0)
    assert m.handle(packet(read(1, 16, 0), 1)[2:], 0)[5:17] == b"ELON83331-3I"


def command(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "tools.mepsim", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_command_on_a_pty():
    run = command("--pty", "--model", "gen4", "--fault", "lost=0.5,ber=1e-5", "--alerts")
    path = run.stdout.readline().split("listening on ")[1].strip()
    assert os.path.exists(path)
    run.terminate()
    assert run.wait(WAIT_S) == 0
    assert run.stderr.read() == ""
    run.stdout.close()
    run.stderr.close()


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--key", "secretsecret"], ["--key", "12 characters"]),
        (["--mak", "geheim"], ["--mak", "6 characters"]),
        (["--model", "gen9"], ["gen9", "gen3-demand"]),
        (["--house", "castle"], ["castle", "sunny"]),
        (["--fault", "lots=1"], ["lots", "lost"]),
        (["--seq-jump", "-1"], ["seq_jump"]),
        (["--baud", "10"], ["--baud 10"]),
        (["--baud", "fast"], ["--baud"]),
        (["--client", "2"], ["--client 2", "has 1"]),
        (["--days", "61"], ["--days 61", "1 to 60"]),
        (["--date", "tomorrow"], ["--date tomorrow", "2026-04-10"]),
        (["--listen", "7000"], ["HOST:PORT"]),
        (["--listen", "127.0.0.1:99999"], ["HOST:PORT"]),
        (["--replay", "/nowhere/at/all"], ["/nowhere/at/all"]),
        (["--record", "/nowhere/at/all", "--listen", "127.0.0.1:0"], ["/nowhere/at/all"]),
        (["--record", __file__, "--listen", "127.0.0.1:0"], ["new name"]),
        (["--nonsense=secret"], ["--nonsense"]),
        (["secret"], ["too many words"]),
        (["--paced", "--unpaced"], ["--unpaced"]),
    ],
)
def test_bad_input(capsys, arguments, words):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert all(word in err for word in words), err
    assert "secret" not in err and "geheim" not in err


def test_options_of_the_meter():
    words = "--model gen4 --client 2 --rc4 --locked --days 3 --date 2026-04-10T12:00Z"
    meter = channel(parser().parse_args(words.split())).meter
    assert meter.rc4 and meter.locked and meter.tables.client == 2
    assert meter.tables.read(52, 0)[:5] == bytes([26, 4, 10, 12, 0])
    assert meter.tables.read(61, 0)[7:9] == bytes([4, 0]), "the three days and the present one"


def test_port_in_use(capsys):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        address = "127.0.0.1:%d" % s.getsockname()[1]
        assert main(["--listen", address]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and address in err and "in use" in err


def test_help_names_everything(capsys):
    with pytest.raises(SystemExit) as e:
        main(["--help"])
    assert e.value.code == 0
    text = capsys.readouterr().out
    for word in (*MODELS, "sunny", "garbage", "late_ms", "--replay"):
        assert word in text


def test_default_keys():
    m = Meter(MODELS["gen3"], House("steady"), sequence=0)
    assert m.handle(packet(read(1, 4, 0), 1, MBK)[2:], 0)[2] == 0
    assert m.handle(packet(read(1, 4, 0), 2, MAK)[2:], 0)[2] == 0


def test_keys_from_files_stay_off_the_command_line(tmp_path, capsys):
    path = tmp_path / "mbk"
    path.write_text("\ufeff" + "1" * 20 + "\r\n")
    simulated = channel(parser().parse_args(["--key-file", str(path)])).meter
    # The sequence number is a wrong one, the key is right.
    assert simulated.handle(packet(read(1, 4, 0), 1, b"1" * 16)[2:], 0)[2] == 0x0C
    assert simulated.handle(packet(read(1, 4, 0), 1, b"2" * 16)[2:], 0)[2] == 0x0B
    for words in (
        ["--key-file", str(path), "--key", "2" * 20],
        ["--mak-file", str(tmp_path / "none")],
        ["--mak-file", str(tmp_path)],
    ):
        assert main(words) == 2
        shown = capsys.readouterr().err
        assert words[0] in shown or "--key" in shown
        assert "1111" not in shown and "2222" not in shown
