"""Recordings: text files of packets both ways, `> hex`, `< hex`, `# note`.

`Tap` sits between link and port and writes them; `load` reads them back. Pure but for `load`.
"""

import time

from mep.frame import ALERT, NOTHING, PacketReader
from .common import USAGE, Stop

_LARGEST = 16 * 1024 * 1024
_GAP_S = 0.15  # silence that ends a packet, as in mep.session


class Tap:
    """A meter port that hands each packet that passes through ``port`` to ``put(line)``."""

    def __init__(self, port, put, now=time.monotonic):
        self._port = port
        self._put = put
        self._now = now
        self._began = now()
        self._heard = self._began
        self._reader = PacketReader()
        self._bytes = bytearray()
        self.close_port = port.close

    def readinto(self, buf):
        n = self._port.readinto(buf)
        now = self._now()
        if self._bytes and now - self._heard > _GAP_S:
            self._flush()
        if n:
            self._heard = now
            self._take(buf, n)
        return n

    def write(self, buf):
        self._flush()
        self._put("# at %.3f s" % (self._now() - self._began))
        self._put("> " + bytes(buf).hex())
        self._port.write(buf)

    def close(self):
        self._flush()
        self._port.close()

    def _take(self, buf, n):
        i = 0
        reader = self._reader
        while i < n:
            end = reader.feed(buf, i, n)
            self._bytes += buf[i:end]
            i = end
            if reader.found == ALERT and len(self._bytes) == 2:
                self._put("# alert sequence")
                self._line()
            elif reader.found != NOTHING and not reader.dirty:
                self._line()

    def _flush(self):
        # What is left is no packet: cut off, or garbage.
        if self._bytes:
            self._put("# the next bytes are no whole packet")
            self._line()
        self._reader.reset()

    def _line(self):
        self._put("< " + self._bytes.hex())
        self._bytes.clear()


def load(path):
    """``[(line number, direction, bytes)]`` of the file ``path``. Raises Stop with the line."""
    try:
        with open(path, encoding="ascii") as f:
            text = f.read(_LARGEST)
    except OSError as e:
        raise Stop(USAGE, "recording %s: %s" % (path, e.strerror))
    except ValueError:
        raise Stop(USAGE, "recording %s: not a text file" % path)
    frames = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line and line[0] != "#":
            frames.append((number, line[0], _frame(path, number, line)))
    if not any(direction == ">" for _, direction, _ in frames):
        raise Stop(USAGE, "recording %s: has no request (`> hex`) in it" % path)
    return frames


def _frame(path, number, line):
    where = "recording %s, line %d: " % (path, number)
    if line[0] not in "<>":
        raise Stop(USAGE, where + "begins with none of `> `, `< ` and `# `")
    try:
        data = bytes.fromhex(line[1:])
    except ValueError:
        raise Stop(USAGE, where + "write pairs of hex digits after `%s`" % line[0])
    if line[0] == ">" and (len(data) < 15 or int.from_bytes(data[:2], "big") != len(data) - 2):
        raise Stop(USAGE, where + "the request's length field does not fit its length")
    if not data:
        raise Stop(USAGE, where + "has no bytes")
    return data
