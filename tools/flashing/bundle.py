"""Make the one file that a module takes as an update; `firmware.bundle` reads it.

lines of text:  MEP bundle 1
                app VERSION ARCH MPY COUNT BYTES          (or image VERSION CHIP MPY 1 BYTES)
                SHA-256 BYTES PATH                         for each file, sorted by path
                HMAC-SHA256 of all lines above, under the module's update key
then the contents of the files, in that order
"""

import hashlib
import hmac
from pathlib import Path

from firmware.bundle import APP, FORMAT, IMAGE, ROOMS
from firmware.version import VERSION
from . import FlashError
from .chips import CHIPS, name_of

_NATIVE = "lib/mep/digest_viper.mpy"


def of_tree(files, key, arch, version=None, mpy=None):
    """The bundle (bytes) of ``files``, ``{path: bytes}`` of a staged tree, for ``arch``."""
    ours = {path: data for path, data in files.items() if path.split("/")[0] in ROOMS}
    if mpy is None:
        code = ours.get(_NATIVE, b"")
        if code[:1] != b"M":
            raise FlashError("no compiled tree: %s is missing" % _NATIVE)
        mpy = "%d.%d" % (code[1], code[2] & 3)
    if version is None:
        # The same sources always have the same name, two builds of one version do not.
        every = b"".join(path.encode() + data for path, data in sorted(ours.items()))
        version = "%s+%s" % (VERSION, hashlib.sha256(every).hexdigest()[:8])
    return make(APP, version, arch, mpy, ours, key)


def of_image(data, key, chip, version, mpy):
    """The bundle (bytes) of a MicroPython image, the .app-bin, for ``chip``."""
    if chip not in CHIPS or len(data) < 16 or data[0] != 0xE9:
        raise FlashError("this is no .app-bin image of MicroPython", usage=True)
    if data[12] | data[13] << 8 != CHIPS[chip][1]:
        raise FlashError("the image is not one for an %s" % name_of(chip), usage=True)
    return make(IMAGE, version, chip, mpy, {"micropython.app-bin": data}, key)


def make(kind, version, arch, mpy, files, key):
    """The bundle (bytes); ``key`` is the text of update_key."""
    size = sum(len(data) for data in files.values())
    head = "MEP bundle %s\n%s %s %s %s %d %d\n" % (
        FORMAT,
        kind,
        version,
        arch,
        mpy,
        len(files),
        size,
    )
    for path in sorted(files):
        digest = hashlib.sha256(files[path]).hexdigest()
        head += "%s %d %s\n" % (digest, len(files[path]), path)
    tag = hmac.new(key.encode(), head.encode(), "sha256").hexdigest()
    return head.encode() + tag.encode() + b"\n" + b"".join(files[p] for p in sorted(files))


def describe(data):
    """(kind, version, arch, mpy, count, size) of a bundle's bytes. Raises FlashError."""
    lines = data.split(b"\n", 2)
    words = lines[1].decode("ascii", "replace").split(" ") if len(lines) > 2 else []
    if lines[0] != b"MEP bundle " + FORMAT.encode() or len(words) != 6:
        raise FlashError("this is no bundle; make one with `mepctl bundle`", usage=True)
    return words


def load(path):
    """The bundle file's bytes, looked at. Raises FlashError."""
    try:
        data = Path(path).read_bytes()
    except OSError as e:
        raise FlashError("bundle %s: %s" % (path, e.strerror), usage=True)
    describe(data)
    return data
