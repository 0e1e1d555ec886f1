"""The meter's line as a byte port, on whatever platform runs.

A port has ``readinto(buf)`` (bytes read, 0 for none yet), ``write(buf)`` (a whole packet at once)
and ``close()``; all return at once and raise OSError when the line is gone.
"""

import sys

MICROPYTHON = sys.implementation.name == "micropython"
CHIP = sys.platform == "esp32"

_URLS = "write socket://host:port or a serial device like /dev/ttyUSB0"


class PortError(OSError):
    """The port's name is not usable; the text says what to write."""


def fault(e):
    """What the OSError ``e`` of a port means, for the owner."""
    if not MICROPYTHON:
        return str(e)
    from .net import words

    return words(e)


def parse_socket(url):
    """(host, port) of ``socket://host:port``. Raises PortError."""
    host, _, port = url[len("socket://") :].rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise PortError("port %s: no host and port number; %s" % (url, _URLS))
    return host, int(port)


class SocketPort:
    """A line behind TCP: the simulated meter, or ser2net beside the real one."""

    def __init__(self, tcp):
        self._tcp = tcp
        self.readinto = tcp.recv_into
        self.close = tcp.close

    def write(self, buf):
        # A request is 22 bytes: it fits, or the other side has stopped reading.
        if self._tcp.send(buf) != len(buf):
            raise OSError("the line does not take a whole packet")


def switch(pin, on):
    """The chip's output ``pin`` with its level ``on``: `set(active)`, `release()`."""
    from .esp32 import Switch

    return Switch(pin, on)


async def open_port(url, baud=9600, board=None):
    """Open the line named ``url``; on the chip, the UART of ``board``. Raises OSError."""
    if CHIP:
        from .esp32 import UartPort

        return UartPort(board, baud)
    if url.startswith("socket://"):
        from .net import Tcp

        host, port = parse_socket(url)
        tcp = Tcp()
        await tcp.open(host, port, 3000)
        return SocketPort(tcp)
    if MICROPYTHON or not url:
        raise PortError("port %s: not usable here; %s" % (url or "(none)", _URLS))
    from .serialport import open_serial

    return await open_serial(url, baud)
