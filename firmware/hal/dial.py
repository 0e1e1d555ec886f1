"""Host names and the opening of connections: what `net` needs at a connection's start only.

Loaded for that and dropped after it, so it may keep nothing.
"""

import asyncio
import errno
import select
import socket

from shim import const
from .clock import sleep_ms, ticks_add, ticks_diff, ticks_ms
from .memory import drop
from .net import reading
from .ports import CHIP, MICROPYTHON

_TICK_MS = const(10)
_TCP = const(6)  # IPPROTO_TCP, SOL_SOCKET and SO_SNDBUF of Linux: the unix port does not name them
_SOCKET = const(1)
_SNDBUF = const(7)
_UNSENT = const(8192)


def system_servers():
    """Name servers of this machine: list of (address, port)."""
    if CHIP:
        import network

        return [(network.WLAN(network.STA_IF).ifconfig()[3], 53)]
    found = []
    for words in _words("/etc/resolv.conf"):
        if words[0] == "nameserver" and len(words) > 1 and ":" not in words[1]:
            found.append((words[1], 53))
    return found or [("127.0.0.1", 53)]


async def resolve(host, timeout_ms, servers):
    """As `net.resolve`; ``servers`` as `system_servers`, or None for that."""
    parts = host.split(".")
    if ":" in host or (len(parts) == 4 and all(p.isdigit() and int(p) < 256 for p in parts)):
        return host
    if not MICROPYTHON:
        return await _getaddrinfo(host, timeout_ms)
    for words in _words("/etc/hosts"):
        if host in words[1:]:
            return words[0]
    if host == "localhost":
        return "127.0.0.1"
    from . import dns

    try:
        to = [dns.MDNS] if host.endswith(".local") else (servers or system_servers)()
        return await dns.ask(host, to, timeout_ms)
    finally:
        drop("firmware.hal.dns", "firmware.hal.udp")


async def _getaddrinfo(host, timeout_ms):
    loop = asyncio.get_running_loop()
    try:
        found = await asyncio.wait_for(
            loop.getaddrinfo(host, None, type=socket.SOCK_STREAM), timeout_ms / 1000
        )
    except asyncio.TimeoutError:
        raise OSError("no name server answers for %s" % host)
    except UnicodeError:
        raise OSError("%s is not a host name" % host)
    except socket.gaierror:
        raise OSError("there is no host %s" % host)
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    return found[0][4][0]


def entry(address, port, kind):
    # getaddrinfo asks no server for a numeric address, so it does not block.
    try:
        if MICROPYTHON:
            return socket.getaddrinfo(address, port, 0, kind)[0]
        return socket.getaddrinfo(address, port, 0, kind, 0, socket.AI_NUMERICHOST)[0]
    except OSError:
        raise OSError("%s is not an address" % address)


def _words(path):
    lines = []
    try:
        with open(path) as f:
            for line in f:
                words = line.split("#")[0].split()
                if words:
                    lines.append(words)
    except OSError:
        pass
    return lines


def words(code):
    """What the number of an OSError means, in words."""
    if code < -256:  # of mbedTLS
        from . import tls

        try:
            return tls.said(code)
        finally:
            drop("firmware.hal.tls")
    if code == errno.ECONNREFUSED:
        return "connection refused: nothing listens there"
    if code in (errno.ECONNRESET, 32):  # 32 is EPIPE, which MicroPython does not name
        return "the other side closed the connection"  # as `net.Tcp` says of an end
    if code in (errno.EHOSTUNREACH, 101):  # 101 is ENETUNREACH, which MicroPython does not name
        return "no way to that host"
    if code == errno.ETIMEDOUT:
        return "no answer"
    return "error %s" % errno.errorcode.get(code, code)


async def connect(host, port, timeout_ms, servers):
    """A socket that is connected and does not block. As `net.Tcp.open`."""
    end = ticks_add(ticks_ms(), timeout_ms)
    address = await resolve(host, timeout_ms, servers)
    where = entry(address, port, socket.SOCK_STREAM)
    sock = socket.socket(where[0], socket.SOCK_STREAM)
    done = False
    try:
        sock.setblocking(False)
        _tune(sock)
        try:
            sock.connect(where[-1])
        except OSError as e:
            if e.args[0] != errno.EINPROGRESS:
                raise
        await _connected(sock, end)
        done = True
    finally:
        if not done:
            sock.close()
    return sock


async def _connected(sock, end):
    poll = select.poll()
    bad = select.POLLERR | select.POLLHUP
    poll.register(sock, select.POLLOUT | bad)
    while True:
        events = poll.poll(0)
        if events:
            if events[0][1] & bad:
                reading(sock)(bytearray(1))  # raises the error that the connection met
                raise OSError(errno.ECONNREFUSED)
            return
        if ticks_diff(end, ticks_ms()) <= 0:
            raise OSError(errno.ETIMEDOUT)
        await sleep_ms(_TICK_MS)


def _tune(sock):
    # A message is sent in two pieces: without TCP_NODELAY the second would wait for the first
    # one's acknowledgement, 40 ms and more.
    nodelay = getattr(socket, "TCP_NODELAY", 0 if CHIP else 1)
    if nodelay:
        sock.setsockopt(_TCP, nodelay, 1)
    if not CHIP:
        # A host would take megabytes for a reader that has stopped, all of them old when it reads
        # on; the chip's network buffer is small anyway.
        sock.setsockopt(_SOCKET, _SNDBUF, _UNSENT)
