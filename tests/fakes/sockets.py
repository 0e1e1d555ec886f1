"""A stand-in for `socket` and `select` of the ESP32 port, with a small network behind it.

A test puts hosts into ``lan`` (`Lan`). Packets pass while ``lan.carries()`` says so, the module
has an address while ``lan.address()`` gives one. As lwIP does: without an address nothing can be
sent (EHOSTUNREACH); an open connection outlives a gap, but not another address (ECONNABORTED).
"""

import asyncio
import errno

AF_INET = 2
SOCK_STREAM = 1
SOCK_DGRAM = 2
AI_NUMERICHOST = 4
POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16

_ROOM = 5760  # bytes that wait to be acknowledged
lan = None


class Host:
    """``tcp``: {port: function(socket) -> peer}; ``udp``: {port: function}.

    A peer has ``receive(data)``, ``waits()``, called while data for it cannot pass, ``closed()``.

    A function of ``udp`` gets a packet and gives the answer or None. A host that is not ``up`` is
    switched off: what is sent there is lost.
    """

    def __init__(self):
        self.up = True
        self.tcp = {}
        self.udp = {}


class Lan:
    """The network of one module."""

    def __init__(self, address, carries):
        self.address = address
        self.carries = carries
        self.hosts = {}
        self.restart()

    def restart(self):
        """The module starts again: its sockets are gone, nobody is told."""
        self.open = []
        self.listeners = {}  # port: callback
        self.bound = {}  # port: socket

    async def start_server(self, callback, host, port):
        """`asyncio.start_server`"""
        if port in self.listeners:
            raise OSError(errno.EADDRINUSE)
        self.listeners[port] = callback
        return _Listener(self, port)

    def visit(self, path, port=80):
        """A client outside asks for ``path``; None if it does not reach the module."""
        if not (self.address() and self.carries() and port in self.listeners):
            return None
        request = "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (path, self.address())
        visit = Visit(request.encode())
        visit.task = asyncio.create_task(self.listeners[port](visit, visit))
        return visit


class _Listener:
    def __init__(self, of, port):
        self._of = of
        self._port = port

    def close(self):
        self._of.listeners.pop(self._port, None)


class Visit:
    """A connection to the module's server, as its reader and its writer."""

    def __init__(self, request):
        self._request = request
        self._got = []
        self.done = False

    async def read(self, n):
        data = self._request[:n]
        self._request = self._request[n:]
        return data

    def write(self, data):
        self._got.append(bytes(data))

    async def drain(self):
        pass

    def at_eof(self):
        return False

    def get_extra_info(self, _):
        return ("192.168.1.9", 40000)

    def close(self):
        self.done = True

    async def wait_closed(self):
        self.done = True

    def answer(self):
        """(code, body as text) so far; (0, "") if there is none."""
        head, _, body = b"".join(self._got).partition(b"\r\n\r\n")
        return (int(head.split()[1]), body.decode()) if head else (0, "")


def getaddrinfo(host, port, family=0, kind=0, proto=0, flags=0):
    return [(AF_INET, kind, 0, "", (host, port))]


class socket:
    """A socket of either kind; ``peer`` is the far end's object of an open connection."""

    def __init__(self, family=AF_INET, kind=SOCK_STREAM):
        self._lan = lan
        self._in = b"" if kind == SOCK_STREAM else []
        self._out = b""
        self._state = "new"
        self._where = None
        self._address = None
        self.peer = None
        lan.open.append(self)

    def setblocking(self, _):
        pass

    def setsockopt(self, *_):
        pass

    def close(self):
        if self in self._lan.open:  # a life that is over closes nothing
            self._lan.open.remove(self)
            for port in list(self._lan.bound):
                if self._lan.bound[port] is self:
                    del self._lan.bound[port]
            if self.peer:
                self.peer.closed()
        self._state = "closed"

    # -- connections

    def connect(self, where):
        self._address = self._need()
        self._where = where
        self._state = "opening"
        raise OSError(errno.EINPROGRESS)

    def readinto(self, buf):
        self._go_on()
        n = min(len(self._in), len(buf))
        if n:
            buf[:n] = self._in[:n]
            self._in = self._in[n:]
            return n
        return 0 if self._state == "ended" else None

    def write(self, data):
        self._go_on()
        room = _ROOM - len(self._out)
        if room <= 0:
            return None
        data = bytes(data[:room])
        self._out += data
        self._send()
        if self._out and self.peer:
            self.peer.waits()
        return len(data)

    def deliver(self, data):
        """The far end sends."""
        self._in += data

    def end(self):
        """The far end closes."""
        self._state = "ended"
        self.peer = None

    def events(self):
        if self._state == "opening":
            self._settle()
        if self._state == "opening":
            return 0
        return POLLOUT if self._state == "open" else POLLOUT | POLLERR | POLLHUP

    def _go_on(self):
        now = self._lan.address()
        if now is not None and now != self._address:
            raise OSError(errno.ECONNABORTED)
        if self._state == "refused":
            raise OSError(errno.ECONNREFUSED)
        self._send()

    def _send(self):
        if self._out and self.peer and self._passes():
            data = self._out
            self._out = b""
            self.peer.receive(data)

    def _passes(self):
        host = self._lan.hosts.get(self._where[0])
        return self._lan.carries() and host is not None and host.up

    def _settle(self):
        if self._passes():
            accept = self._lan.hosts[self._where[0]].tcp.get(self._where[1])
            self._state = "open" if accept else "refused"
            self.peer = accept and accept(self)

    # -- datagrams

    def bind(self, where):
        if where[1] in self._lan.bound:
            raise OSError(errno.EADDRINUSE)
        self._lan.bound[where[1]] = self

    def sendto(self, data, where):
        self._need()
        self._where = where
        if self._passes():
            answer = self._lan.hosts[where[0]].udp.get(where[1])
            reply = answer and answer(bytes(data))
            if reply:
                self._in.append((reply, where))
        return len(data)

    def recvfrom(self, n):
        if not self._in:
            raise OSError(errno.EAGAIN)
        data, source = self._in.pop(0)
        return data[:n], source

    def _need(self):
        address = self._lan.address()
        if address is None:
            raise OSError(errno.EHOSTUNREACH)
        return address


class poll:
    """select.poll of sockets of this module."""

    def __init__(self):
        self._of = []

    def register(self, sock, flags=0):
        self._of.append(sock)

    def poll(self, timeout=-1):
        return [(sock, sock.events()) for sock in self._of if sock.events()]
