"""A bundle as a folder to import from, for `os.mount`: its files need not be unpacked.

Small files would take a block of the flash each, which is four times what they hold. In memory
are only CRC-32 and end of each path, eight bytes; the rest is read from the file when asked for.
"""

import gc
import io
from binascii import crc32

from shim import const

_ENOENT = const(2)
_FILE = const(0x8000)
_FOLDER = const(0x4000)
_CLOSE = const(4)  # requests to a stream (py/stream.h)
_BUFFER_SIZE = const(11)
_BUFFER = const(255)  # the most that the importer takes at once


class Pack:
    """``path``: the file; it was verified when it came (`firmware.bundle` has its form)."""

    def __init__(self, path):
        self._path = path
        with open(path, "rb") as f:
            f.readline()
            count = int(f.readline().split()[4])
            gc.collect()
            # For the index, folders too, at once: what comes now lies all over the heap, where a
            # list that grows finds no place.
            index = bytearray(16 * count)
            last = ""
            at = end = 0
            for _ in range(count):
                _, size, name = str(f.readline(), "utf-8").split()
                for folder in folders(last, name):
                    index[at : at + 8] = _key(folder) + b"\xff\xff\xff\xff"
                    at += 8
                last = name
                end += int(size)
                index[at : at + 8] = _key(name) + end.to_bytes(4, "little")
                at += 8
            self._stamp = int(f.readline()[:6], 16)
            self._start = f.tell()
        gc.collect()
        self._index = bytes(memoryview(index)[:at])

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def _find(self, path):
        # Where the entry of ``path`` is in the index.
        key = _key(path.strip("/"))
        at = self._index.find(key)
        while at & 7:
            if at < 0:
                raise OSError(_ENOENT)
            at = self._index.find(key, at + 1)
        return at

    def _place(self, at):
        # (offset, size) of the file there; (0, None) of a folder.
        index = self._index
        end = int.from_bytes(index[at + 4 : at + 8], "little")
        if end == 0xFFFFFFFF:
            return 0, None
        begin = 0
        while at:
            at -= 8
            if index[at + 4 : at + 8] != b"\xff\xff\xff\xff":
                begin = int.from_bytes(index[at + 4 : at + 8], "little")
                break
        return self._start + begin, end - begin

    def stat(self, path):
        """As of `os`; the time is one that differs from bundle to bundle."""
        size = self._place(self._find(path))[1]
        if size is None:
            return (_FOLDER,) + (0,) * 9
        return (_FILE, 0, 0, 0, 0, 0, size, 0, self._stamp, 0)

    def open(self, path, mode):
        """The file ``path``, to read bytes."""
        offset, size = self._place(self._find(path))
        if size is None or "w" in mode or "a" in mode:
            raise OSError(_ENOENT)
        return File(self._path, offset, size)


class File(io.IOBase):
    """``size`` bytes of the file ``path`` from ``offset`` on."""

    def __init__(self, path, offset, size):
        self._f = open(path, "rb")
        self._f.seek(offset)
        self._left = size

    def readinto(self, buf):
        """How many bytes were read."""
        n = min(len(buf), self._left)
        n = self._f.readinto(memoryview(buf)[:n]) if n else 0
        self._left -= n
        return n

    def read(self, n=-1):
        """At most ``n`` bytes; all there are without."""
        data = self._f.read(self._left if n < 0 else min(n, self._left))
        self._left -= len(data)
        return data

    def ioctl(self, request, argument):
        """What the importer asks a stream."""
        if request == _CLOSE:
            self._f.close()
            return 0
        return _BUFFER if request == _BUFFER_SIZE else -22

    def close(self):
        """Close it."""
        self._f.close()


def folders(last, path):
    """The folders that ``path`` is in and ``last``, the path before it in the order, is not."""
    at = path.find("/")
    while at >= 0:
        if last[: at + 1] != path[: at + 1]:
            yield path[:at]
        at = path.find("/", at + 1)


def _key(path):
    return crc32(path.encode()).to_bytes(4, "little")
