"""A MicroPython image: is it one, for which chip, does it fit; and where to get it.

An image file begins as the boot loader in it does: 0xE9, and the chip's id at byte 12 (ESP-IDF,
esp_app_format.h). The partition table lies at 0x8000 of the flash, each entry of it begins with
0xAA 0x50. An image for updates over the network (.app-bin) has no table and would not start.
"""

import hashlib
import struct
import urllib.error
import urllib.request
from pathlib import Path

from tools.paths import BUILD
from . import FlashError
from .chips import CHIPS, name_of

_TABLE = 0x8000
_SMALLEST = 512 * 1024
_LARGEST = 16 * 1024 * 1024
_TIMEOUT_S = 60


class Image:
    """``path``, ``data``, ``sha256`` (hex), ``offset`` in the flash, ``end``: flash it needs."""

    def __init__(self, path, chip):
        self.path = Path(path)
        try:
            with open(path, "rb") as f:
                self.data = f.read(_LARGEST + 1)
        except OSError as e:
            raise FlashError("image %s: %s" % (path, e.strerror), usage=True)
        self.sha256 = hashlib.sha256(self.data).hexdigest()
        self.offset = CHIPS[chip][2]
        why = self._fault(chip)
        if why:
            raise FlashError("image %s: %s" % (self.path.name, why), usage=True)
        self.partitions = partitions(self.data[_TABLE - self.offset :])
        self.end = max(start + size for _, start, size in self.partitions)

    def _fault(self, chip):
        data = self.data
        if len(data) < 16 or data[0] != 0xE9:
            return "this is no image for an ESP32: its first byte is not E9; unpack it first?"
        number = data[12] | data[13] << 8
        if number != CHIPS[chip][1]:
            made = [CHIPS[c][0] for c in CHIPS if CHIPS[c][1] == number]
            return "it is for %s, the chip is an %s; get the build %s" % (
                made[0] if made else "a chip of another kind (id %d)" % number,
                name_of(chip),
                CHIPS[chip][3],
            )
        if not _SMALLEST <= len(data) <= _LARGEST:
            return "it has %d bytes, MicroPython has 1 to 3 MB: was the download cut short?" % (
                len(data)
            )
        if not partitions(data[_TABLE - self.offset :]):
            return "it has no partition table: take the file that ends in .bin, not in .app-bin"
        return None

    def check_size(self, flash):
        """Raise FlashError if a flash of so many bytes is too small; None: not known."""
        if flash and self.end > flash:
            raise FlashError(
                "image %s needs a flash of %d MB, this module has %d MB"
                % (self.path.name, (self.end + 0xFFFFF) >> 20, flash >> 20),
                usage=True,
            )


def partitions(table):
    """``[(name, start, size)]`` of a partition table; empty if it is none."""
    found = []
    for at in range(0, min(len(table), 0xC00) - 31, 32):
        entry = table[at : at + 32]
        if entry[:2] != b"\xaa\x50":
            break
        start, size = struct.unpack("<II", entry[4:12])
        found.append((entry[12:28].rstrip(b"\0").decode("ascii", "replace"), start, size))
    return found


def usual(chip, lock):
    """``(url, sha256 or None)`` of the MicroPython image pinned in ``lock`` for ``chip``."""
    pinned = lock["micropython_images"]
    name = "%s-%s-v%s.bin" % (CHIPS[chip][3], pinned["date"], pinned["version"])
    return pinned["url"] + name, pinned["sha256"].get(chip)


def download(chip, lock, say, folder=None):
    """Path of the pinned image, fetched unless it is there already. Raises FlashError."""
    url, pinned = usual(chip, lock)
    target = (folder or BUILD / "downloads") / url.rsplit("/", 1)[1]
    if not target.exists():
        say("Fetching %s ..." % url)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        try:
            with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as response:
                part.write_bytes(response.read(_LARGEST + 1))
        except (OSError, ValueError, urllib.error.URLError) as e:
            part.unlink(missing_ok=True)
            raise FlashError(
                "cannot fetch %s (%s); fetch it another way and give --image FILE"
                % (url, getattr(e, "reason", None) or e)
            )
        part.replace(target)
    found = hashlib.sha256(target.read_bytes()).hexdigest()
    if pinned and found != pinned:
        target.unlink()
        raise FlashError("%s is not the file we know (sha256 %s): removed" % (target.name, found))
    if not pinned:
        say("No checksum of this image is known here: only its form is checked.")
    return target
