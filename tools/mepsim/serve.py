"""The simulated line as a TCP port or a pty, in real time. One client at a time, as on a wire."""

import asyncio
import os
import pty
import socket
import termios
import tty

_GRAIN_MS = 4.0  # bytes come in small bunches, as from a UART; a packet's end is never late
_READ = 4096
_TICK_S = 60.0  # after days without a read the house would take long to catch up
_UNREAD = 65536  # a client that does not read loses what comes
_OSPEED = 5  # in what `termios.tcgetattr` gives
_RATES = {
    getattr(termios, "B%d" % rate): rate
    for rate in (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
}


class Simulator:
    """A `Channel` on the event loop. Made by `serve`; ``url`` or ``path`` tell where it is."""

    def __init__(self, channel):
        self.channel = channel
        self.url = None
        self.path = None
        self._loop = asyncio.get_running_loop()
        self._begin = self._loop.time()
        self._timer = None
        self._ticking = None
        self._put = None  # function that gives bytes to the client
        self._slave = None  # of a pty
        self._close = []
        self._counts = {"clients": 0, "turned_away": 0, "unread": 0}

    @property
    def faults(self):
        """The line's `Faults`; may be set while it runs."""
        return self.channel.faults

    @property
    def stats(self):
        """Counts of the line, of reply codes, of faults and of clients (dict)."""
        counts = dict(self.channel.stats, **self._counts)
        counts["codes"] = {"0x%02X" % c: n for c, n in self.channel.meter.codes.items()}
        counts["faults"] = {kind: n for kind, n in self.faults.counts.items() if n}
        return counts

    def now_ms(self):
        """ms since the start: the time of `Channel` and of the faults' log."""
        return (self._loop.time() - self._begin) * 1000

    def silence(self, seconds):
        """The line is dead from now on for so long."""
        self.channel.silence(seconds, self.now_ms())
        self._pump()

    async def close(self):
        """Free the port; the client is disconnected."""
        for timer in (self._timer, self._ticking):
            if timer:
                timer.cancel()
        for close in self._close:
            close()
        await asyncio.sleep(0)

    # -- towards the client

    def _received(self, data):
        self._look()
        self.channel.write(data, self.now_ms())
        self._pump()

    def _tick(self):
        self.channel.meter.tick(self.now_ms())
        self._ticking = self._loop.call_later(_TICK_S, self._tick)

    def _look(self):
        # A pty tells what rate its other end was set to; TCP has none.
        if self._slave is not None:
            speed = termios.tcgetattr(self._slave)[_OSPEED]
            self.channel.client_baud = _RATES.get(speed)

    def _pump(self):
        self._look()
        now = self.now_ms()
        data = self.channel.read(now)
        if data and self._put:
            self._put(data)
        if self._timer:
            self._timer.cancel()
            self._timer = None
        when = self.channel.next_event_ms(_GRAIN_MS)
        if when is not None:
            self._timer = self._loop.call_at(self._begin + when / 1000, self._pump)

    # -- the two kinds of port

    async def _listen(self, host, port):
        server = await self._loop.create_server(lambda: _Client(self), host, port)
        self._close.append(server.close)
        host, port = server.sockets[0].getsockname()[:2]
        self.url = "socket://%s:%d" % ("[%s]" % host if ":" in host else host, port)
        self._pump()

    def _open_pty(self):
        master, slave = pty.openpty()
        tty.setraw(slave)
        # Who does not set a rate has the right one.
        mode = termios.tcgetattr(slave)
        for speed, rate in _RATES.items():
            if rate == self.channel.baud:
                mode[_OSPEED - 1] = mode[_OSPEED] = speed
        termios.tcsetattr(slave, termios.TCSANOW, mode)
        self._slave = slave
        os.set_blocking(master, False)
        self.path = os.ttyname(slave)

        def readable():
            try:
                data = os.read(master, _READ)
            except BlockingIOError:
                return
            self._received(data)

        def put(data):
            # Nobody may be there to read; a full pty loses bytes, as a wire does.
            try:
                done = os.write(master, data)
            except BlockingIOError:
                done = 0
            self._counts["unread"] += len(data) - done

        def close():
            self._loop.remove_reader(master)
            self._slave = None
            os.close(master)
            os.close(slave)

        self._loop.add_reader(master, readable)
        self._put = put
        self._close.append(close)
        self._pump()


class _Client(asyncio.Protocol):
    def __init__(self, simulator):
        self._simulator = simulator
        self._transport = None

    def connection_made(self, transport):
        simulator = self._simulator
        if simulator._put:
            simulator._counts["turned_away"] += 1
            transport.abort()
            return
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport = transport
        simulator._counts["clients"] += 1
        simulator._put = self._send
        simulator._close.append(transport.abort)

    def data_received(self, data):
        if self._transport:
            self._simulator._received(data)

    def connection_lost(self, exc):
        simulator = self._simulator
        if self._transport:
            simulator._put = None
            simulator._close.remove(self._transport.abort)
            self._transport = None

    def _send(self, data):
        if self._transport.get_write_buffer_size() > _UNREAD:
            self._simulator._counts["unread"] += len(data)
        else:
            self._transport.write(data)


async def serve(channel, host="127.0.0.1", port=0, use_pty=False):
    """Serve ``channel`` on TCP (port 0: any free one) or, with ``use_pty``, on a pty.

    Returns a `Simulator`. Raises OSError when the port is taken. One channel is one line: it has
    a TCP port or a pty, not both.
    """
    simulator = Simulator(channel)
    if use_pty:
        simulator._open_pty()
    else:
        await simulator._listen(host, port)
    simulator._tick()
    return simulator
