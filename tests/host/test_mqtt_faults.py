"""Brokers and networks that misbehave: the client says so, stays bounded and comes back.

`running` fails each test in which the event loop was held up.
"""

import asyncio
import contextlib
import random
import socket
import time

import pytest
from mqttkit import config, running, until

from firmware.hal import net

ACCEPTED = b"\x20\x02\0\0"


class Peer:
    """A server whose connections are each handled by ``talk(reader, writer)``."""

    def __init__(self, talk, **limits):
        self.talk = talk
        self.limits = limits
        self.connections = 0
        self.times = []

    async def _one(self, reader, writer):
        self.connections += 1
        self.times.append(time.monotonic())
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await self.talk(reader, writer)
        with contextlib.suppress(OSError):
            writer.close()
            await writer.wait_closed()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._one, "127.0.0.1", 0, **self.limits)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()


async def test_nothing_listens(free_port):
    async with running(config(free_port)) as client:
        await until(lambda: "refused" in client.reason)
        for _ in range(5):
            assert client.publish("mep/readings", "x") is False
        assert client.counters()["mqtt_dropped"] == 5 and client.idle


async def test_slow_reader():
    """It accepts the connection, then never reads."""

    async def talk(reader, writer):
        await reader.read(1)
        writer.write(ACCEPTED)
        writer.transport.pause_reading()
        await asyncio.sleep(60)

    async with Peer(talk, limit=64) as peer, running(config(peer.port)) as client:
        await until(lambda: client.connected)
        body = "x" * 2000
        taken = 0
        began = time.monotonic()
        while client.connected:
            taken += client.publish("mep/readings", body)
            assert client._pipe.size <= 8192
            assert time.monotonic() - began < 10
            await asyncio.sleep(0.005)
        assert client.dropped > 100
        # What it could not send is held by the two network stacks, and is not much.
        assert taken * 2000 < 8000000
        await until(lambda: client.reason == "it does not answer any more")
        await until(lambda: client.connected, 10)


async def test_what_the_network_holds_is_little():
    tcp = net.Tcp()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        await tcp.open("127.0.0.1", listener.getsockname()[1], 1000)
        held = 0
        while True:
            n = tcp.send(b"x" * 1000)
            held += n
            if not n:
                break
        tcp.close()
    assert held < 100000  # not the megabytes that a host takes of itself


def _answers():
    rng = random.Random(5)
    yield b"HTTP/1.1 400 Bad Request\r\n\r\n"
    yield b"SSH-2.0-OpenSSH_9.2\r\n"
    yield b"\x20"
    yield b"\x20\x02\0"
    yield b"\x20\x02\0\x02"
    yield ACCEPTED + b"\xd0"
    yield ACCEPTED + b"\x30\xff\xff\xff\x7f" + bytes(5000)
    for _ in range(60):
        yield ACCEPTED + rng.randbytes(rng.randrange(1, 600))


@pytest.mark.parametrize("close", [True, False])
async def test_garbage_and_cut_answers(close):
    """Whatever comes, also in halves, `run` goes on; nothing is raised, nothing waits."""
    answers = list(_answers())

    async def one(answer):
        async def talk(reader, writer):
            await reader.read(100)
            half = len(answer) // 2
            writer.write(answer[:half])
            await writer.drain()
            await asyncio.sleep(0.02)
            writer.write(answer[half:])
            await writer.drain()
            if not close:
                await asyncio.sleep(1)

        # All of them share this test's loop.
        share = len(answers)
        async with Peer(talk) as peer, running(config(peer.port), share=share) as client:
            client.subscribe("#", lambda topic, payload: None)
            if close:
                await until(lambda: client.reason not in ("not yet connected", ""))
            else:
                await until(lambda: peer.connections)
                await asyncio.sleep(0.3)
            assert client.counters()["mqtt_connects"] == (answer[:4] == ACCEPTED)

    await asyncio.gather(*[one(answer) for answer in answers])


async def test_pauses_grow_to_four_seconds_and_no_further():
    async def talk(reader, writer):
        pass

    async with Peer(talk) as peer, running(config(peer.port)) as client:
        await until(lambda: peer.connections == 5, 15)
        assert client.counters()["mqtt_connects"] == 0
        gaps = [b - a for a, b in zip(peer.times, peer.times[1:])]
        # Half of the pause is fixed, the other half is jitter; the rest is the machine's.
        for gap, pause in zip(gaps, (1, 2, 4, 4)):
            assert pause / 2 <= gap < pause + 0.5


async def test_name_server_never_answers(monkeypatch):
    asked = []

    def slow(*arguments, **_):
        asked.append(arguments[0])
        time.sleep(5)  # in a thread: the C library waits like that
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    settings = config(1883, mqtt_host="broker.example")
    monkeypatch.setattr(socket, "getaddrinfo", slow)
    async with running(settings) as client:
        await until(lambda: "no name server answers" in client.reason, 6)
    assert asked == ["broker.example"]


async def test_unknown_and_impossible_names(monkeypatch):
    for name in ("a..b", "x" * 70 + ".example"):
        async with running(config(1883, mqtt_host=name)) as client:
            await until(lambda: "not a host name" in client.reason)

    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with running(config(1883, mqtt_host="nobody.example")) as client:
        await until(lambda: client.reason == "there is no host nobody.example")


async def test_connection_that_is_never_answered():
    """The queue of the listener is full, so the kernel answers no SYN."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(listener.getsockname())
        await asyncio.sleep(0.05)
        async with running(config(listener.getsockname()[1])) as client:
            took = await until(lambda: client.reason == "no answer", 6)
            assert took > 3.9


async def test_cancelled_at_any_moment():
    async def talk(reader, writer):
        try:
            await reader.read(100)
            await asyncio.sleep(0.03)
            writer.write(ACCEPTED)
            await reader.read()  # until the client closes
        finally:
            closed.append(True)

    closed = []
    async with Peer(talk) as peer:
        for n in range(12):
            async with running(config(peer.port)):
                await asyncio.sleep(n * 0.01)
        await until(lambda: len(closed) == peer.connections)
