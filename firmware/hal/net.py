"""TCP and host names; nothing here blocks the event loop."""

import errno
import os

from .memory import drop
from .ports import CHIP

servers = None  # who brings up another network than the Wi-Fi station puts its own here


async def resolve(host, timeout_ms=4000):
    """Numeric address (str) of ``host``, IPv4 if it has one. Raises OSError."""
    from . import dial

    try:
        return await dial.resolve(host, timeout_ms, servers)
    finally:
        drop("firmware.hal.dial")


def words(e):
    """What an OSError means, in words."""
    code = e.args[0] if e.args else ""
    if isinstance(code, str):
        return code
    from . import dial

    try:
        return dial.words(code)
    finally:
        drop("firmware.hal.dial")


def reading(sock):
    """What receives into a buffer from ``sock``."""
    # `write` and `readinto` give None for "would block" on every MicroPython; `send` raises
    # ETIMEDOUT for that on some versions for the ESP32.
    return getattr(sock, "readinto", None) or sock.recv_into


def unique():
    """Bytes that tell this machine from others: the chip's own, on a host new each time."""
    if CHIP:
        import machine

        return machine.unique_id()
    return os.urandom(6)


def _closed(_):
    raise OSError("not connected")


class Tcp:
    """One connection. All but `open` return at once; a lost connection is an OSError."""

    def __init__(self):
        self.sock = None
        self._read = self._write = _closed

    async def open(self, host, port, timeout_ms):
        """Connect to ``host`` (a name or an address) within ``timeout_ms``. Raises OSError."""
        from . import dial

        try:
            sock = await dial.connect(host, port, timeout_ms, servers)
        finally:
            drop("firmware.hal.dial")
        self.use(sock)

    def use(self, sock):
        """Read from and write to ``sock`` from now on."""
        self.sock = sock
        self._read = reading(sock)
        self._write = getattr(sock, "write", None) or sock.send

    def send(self, buf, start=0):
        """Send ``buf[start:]``; returns the number of bytes taken, 0 if there is no room now."""
        try:
            return self._write(memoryview(buf)[start:] if start else buf) or 0
        except OSError as e:
            if e.args[0] != errno.EAGAIN:
                raise
        return 0

    def recv_into(self, buf):
        """Receive into ``buf``; returns the number of bytes, 0 if there is nothing yet."""
        try:
            n = self._read(buf)
        except OSError as e:
            if e.args[0] != errno.EAGAIN:
                raise
            return 0
        if n == 0:
            raise OSError("the other side closed the connection")
        return n or 0

    def close(self):
        """Close; may be called at any time."""
        self._read = self._write = _closed
        if self.sock is not None:
            self.sock.close()
            self.sock = None
