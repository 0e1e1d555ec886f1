"""Small files that survive a power cut at any byte: two copies, each numbered and checksummed.

`save` overwrites the older copy and reads it back, so that the newer one is whole at every
moment; `load` takes the newest whole one. No rename, no order between files: it holds on
LittleFS, on FAT and on a host.
"""

import os
from binascii import crc32

from shim import const
from .texts import Refusal

# A copy is this head, then the data: mark, number, length, CRC-32 of the head so far and the data.
_HEAD = "MEP1 %08x %08x "
_CRC_AT = const(23)
_DATA_AT = const(32)
MAX = const(16384)
_ENOSPC = const(28)


class StorageError(Refusal):
    """It could not be saved; what was saved before is still there."""


def save(name, data):
    """Keep ``data`` (bytes, at most MAX) as ``name``: once this returns, it is not lost.

    Raises StorageError. ``name`` is a path; its copies are name.a and name.b.
    """
    if len(data) > MAX:
        raise StorageError("too_long", "", MAX)
    path, number = name + ".a", _read(name + ".b")[0]
    other = _read(path)[0]
    if other > number:
        path, number = name + ".b", other
    number += 1
    head = (_HEAD % (number, len(data))).encode()
    crc = crc32(data, crc32(head))
    try:
        with open(path, "wb") as f:
            f.write(head)
            f.write(("%08x\n" % crc).encode())
            f.write(data)
            f.flush()
            if hasattr(os, "fsync"):
                os.fsync(f.fileno())
    except OSError as e:
        # The half copy only takes room. It never is the one that counts.
        delete(path)
        raise StorageError("full" if e.errno == _ENOSPC else "write", "", e.errno)
    if _read(path)[0] != number:
        raise StorageError("verify", "")


def load(name):
    """The data (bytes) last saved as ``name``; None if there is none, or none is whole."""
    a, b = _read(name + ".a"), _read(name + ".b")
    data = a[1] if a[0] > b[0] else b[1]
    return data if data is None else data[_DATA_AT:]


def read(path):
    """The bytes of the file ``path``, of a long one the first MAX + 1. Raises OSError."""
    with open(path, "rb") as f:
        return f.read(MAX + 1)


def delete(path):
    """Remove the file ``path`` if it is there."""
    try:
        os.remove(path)
    except OSError:
        pass


def damaged(name):
    """How many copies of ``name`` are there, but not whole: 1 after a save that was cut short."""
    count = 0
    for path in (name + ".a", name + ".b"):
        if _read(path)[0] < 0 and exists(path):
            count += 1
    return count


def remove(name):
    """Forget ``name``; cut short, it is still what it was."""
    paths = [name + ".a", name + ".b"]
    # The older copy first: alone it would pass for the newest.
    if _read(paths[0])[0] > _read(paths[1])[0]:
        paths.reverse()
    for path in paths:
        delete(path)


def _read(path):
    # (number, whole file), or (-1, None).
    try:
        # MicroPython makes room for as much as is asked for.
        size = os.stat(path)[6]
        with open(path, "rb") as f:
            data = f.read(min(size, _DATA_AT + MAX) + 1)
        view = memoryview(data)
        good = (
            data[:5] == b"MEP1 "
            and data[31:_DATA_AT] == b"\n"
            and int(data[14:22], 16) == len(data) - _DATA_AT
            and int(data[_CRC_AT:31], 16) == crc32(view[_DATA_AT:], crc32(view[:_CRC_AT]))
        )
        return (int(data[5:13], 16), data) if good else (-1, None)
    except (OSError, ValueError):
        return (-1, None)


def exists(path):
    """True if there is a file ``path``."""
    try:
        os.stat(path)
        return True
    except OSError:
        return False
