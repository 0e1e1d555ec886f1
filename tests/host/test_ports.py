"""Meter ports of a host: `firmware.hal.ports` and `firmware.hal.serialport`, on real devices."""

import asyncio
import os
import time

import pytest

from firmware.hal.ports import PortError, open_port


def _read(port, count):
    buf = bytearray(64)
    got = b""
    for _ in range(200):
        n = port.readinto(buf)
        got += bytes(buf[:n])
        if len(got) >= count:
            return got
        time.sleep(0.01)
    return got


def test_a_pseudo_terminal_is_a_serial_device():
    master, slave = os.openpty()
    try:
        port = asyncio.run(open_port(os.ttyname(slave), 9600))
        buf = bytearray(8)
        assert port.readinto(buf) == 0  # returns at once
        port.write(memoryview(b"\x00\x14\x11\x13\x0d\x0a"))
        assert os.read(master, 64) == b"\x00\x14\x11\x13\x0d\x0a"  # nothing is translated
        os.write(master, bytes(range(20)))
        assert _read(port, 20) == bytes(range(20))
        port.close()
    finally:
        os.close(master)
        os.close(slave)


def test_a_device_has_one_reader():
    master, slave = os.openpty()
    try:
        port = asyncio.run(open_port(os.ttyname(slave), 9600))
        with pytest.raises(OSError, match="lock"):
            asyncio.run(open_port(os.ttyname(slave), 9600))
        port.close()
    finally:
        os.close(master)
        os.close(slave)


def test_a_device_that_goes_away_is_an_oserror():
    master, slave = os.openpty()
    port = asyncio.run(open_port(os.ttyname(slave), 9600))
    os.close(slave)
    os.close(master)
    with pytest.raises(OSError):
        for _ in range(100):
            port.readinto(bytearray(8))
            time.sleep(0.01)
    try:
        port.close()
    except OSError:
        pass


def test_pyserials_own_urls_work():
    async def go():
        port = await open_port("loop://", 9600)
        port.write(b"abc")
        return port

    assert _read(asyncio.run(go()), 3) == b"abc"


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("/dev/no_such_device", "no_such_device"),
        ("nonsense://x", "nonsense"),
        ("", "write socket://host:port or a serial device"),
        ("socket://host", "no host and port number"),
        ("socket://:7000", "no host and port number"),
        ("socket://host:70000", "no host and port number"),
        ("socket://host:ssh", "no host and port number"),
    ],
)
def test_unusable_names_say_so(url, part):
    with pytest.raises(OSError, match=part):
        asyncio.run(open_port(url, 9600))


def test_a_socket_port_takes_a_packet_and_tells_the_end():
    async def go():
        got = []

        async def meter(reader, writer):
            got.append(await reader.readexactly(22))
            writer.write(b"\x00\x00")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(meter, "127.0.0.1", 0)
        where = "socket://127.0.0.1:%d" % server.sockets[0].getsockname()[1]
        port = await open_port(where, 9600)
        port.write(memoryview(bytes(22)))
        buf = bytearray(8)
        n = 0
        with pytest.raises(OSError, match="closed"):
            for _ in range(200):
                n += port.readinto(buf)
                await asyncio.sleep(0.01)
        port.close()
        server.close()
        return got, n

    assert asyncio.run(go()) == ([bytes(22)], 2)


def test_ipv6_addresses_come_in_brackets():
    from firmware.hal.ports import parse_socket

    assert parse_socket("socket://[::1]:7000") == ("::1", 7000)
    with pytest.raises(PortError):
        parse_socket("socket://[]:7000")
