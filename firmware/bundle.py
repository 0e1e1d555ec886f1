"""An update as one file: its head is read and believed before anything else happens.

The head is lines of text: the mark and its format; kind, version, what it is for, form of the
compiled code, count and bytes of files; for each file, sorted by path, SHA-256, bytes and path;
last the HMAC-SHA256 of all lines before, under the module's update key. The files' contents
follow in the same order. docs/updates.md has the table.
"""

import sys
from binascii import hexlify
from hashlib import sha256

from shim import const
from .hal.clock import sleep_ms
from .texts import Refusal

PIECE = const(1024)
FORMAT = "1"
APP = "app"
IMAGE = "image"
ROOMS = ("firmware", "lib", "web")
_LINE = const(200)
_FILES = const(400)
_PATH = const(80)
_VERSION = const(40)
_NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-+"
# sys.implementation._mpy >> 10 (py/persistentcode.h)
_ARCHES = {1: "x86", 2: "x64", 10: "xtensawin", 11: "rv32imc"}


class BundleError(Refusal):
    """Why a bundle is not taken: ``args`` is (code, "", parameters ...)."""

    def text(self, language="en"):
        from . import update_texts

        return update_texts.line((self.args[0],) + self.args[2:], language)

    def __str__(self):
        return self.text()


class Source:
    """Lines and pieces of what ``reader`` gives: ``await read(n)``, 1 to n bytes, b"" at last."""

    def __init__(self, reader):
        self._read = reader.read
        self._rest = b""

    async def piece(self, most):
        """1 to ``most`` bytes, b"" at the end."""
        data = self._rest or await self._read(PIECE)
        self._rest = data[most:]
        return data[:most]

    async def line(self):
        """The next line (bytes), without its end."""
        line = b""
        while True:
            data = await self.piece(PIECE)
            at = data.find(b"\n")
            line += data if at < 0 else data[:at]
            if len(line) > _LINE:
                raise BundleError("head", "")
            if at >= 0:
                self._rest = data[at + 1 :]
                return line
            if not data:
                raise BundleError("short", "")


class Head:
    """``kind``, ``version``, ``arch``, ``mpy``, ``count`` and ``size`` of files, bytes of the head
    itself (``length``), the ``first`` line of its list.
    """

    def __init__(self, line):
        try:
            words = str(line, "utf-8").split(" ")
            self.kind, self.version, self.arch, self.mpy = words[:4]
            self.count, self.size = [_number(word) for word in words[4:]]
        except ValueError:
            raise BundleError("head", "")
        names = self.version + self.arch + self.mpy
        good = self.kind in (APP, IMAGE) and _clean(names) and 0 < self.count <= _FILES
        if not good or len(self.version) > _VERSION:
            raise BundleError("head", "")
        self.length = 0
        self.first = b""


async def head(reader, key):
    """The `Head` of the bundle that ``reader`` (a `Source`) is at the beginning of, verified.

    Raises BundleError.
    """
    if not key:
        raise BundleError("key", "")
    mac = sha256(_pad(key, 0x36))
    try:
        first = await reader.line()
    except BundleError:
        first = b""
    mark = first[:11]
    if mark != b"MEP bundle ":
        raise BundleError("mark", "")
    if first != mark + FORMAT.encode():
        raise BundleError("format", "", FORMAT)
    line = await reader.line()
    found = Head(line)
    length = len(first) + len(line) + 2
    mac.update(first + b"\n" + line + b"\n")
    size = await _list(reader, found, mac)
    outer = sha256(_pad(key, 0x5C))
    outer.update(mac.digest())
    line = await reader.line()
    if not _same(line, hexlify(outer.digest())):
        raise BundleError("signature", "")
    if size != found.size:
        raise BundleError("head", "")
    found.length += length + len(line) + 1
    return found


async def _list(reader, found, mac):
    # Read the list of files; the sum of their bytes.
    last = ""
    size = 0
    for _ in range(found.count):
        line = await reader.line() + b"\n"
        _, n, path = entry(line)
        if found.kind == APP and not allowed(path):
            raise BundleError("path", "", path if _clean(path, "/") else "?")
        if path <= last:
            raise BundleError("twice", "", path)
        last = path
        size += n
        found.length += len(line)
        mac.update(line)
        found.first = found.first or line
        await sleep_ms(0)
    return size


def entry(line):
    """(SHA-256 as hex, bytes, path) in a line of the list, which ends with its newline."""
    try:
        digest, size, path = str(line, "utf-8")[:-1].split(" ")
        if len(digest) == 64 and path:
            return digest, _number(size), path
    except ValueError:  # UnicodeError too
        pass
    raise BundleError("head", "")


def allowed(path):
    """True if ``path`` lies in one of our rooms, and nowhere else however it is read."""
    parts = path.split("/")
    if len(path) > _PATH or len(parts) < 2 or parts[0] not in ROOMS or not _clean(path, "/"):
        return False
    return all(part.strip(".") for part in parts)


def interpreter():
    """(whose machine code runs here, form of compiled code), as in a bundle's head."""
    mpy = getattr(sys.implementation, "_mpy", 0)
    return _ARCHES.get(mpy >> 10 & 15, "none"), "%d.%d" % (mpy & 255, mpy >> 8 & 3)


def _clean(text, more=""):
    return len(text) > 0 and all(c in _NAME or c in more for c in text)


def _number(text):
    # No more than eight digits, and written in one way only.
    if len(text) > 8 or not text.isdigit() or str(int(text)) != text:
        raise ValueError
    return int(text)


def _pad(key, value):
    # RFC 2104; keys are not longer than SHA-256's block of 64 bytes.
    data = key.encode()
    return bytes([b ^ value for b in data + bytes(64 - len(data))])


def _same(a, b):
    # In a time that does not tell where they differ.
    wrong = len(a) ^ len(b)
    for x, y in zip(a, b):
        wrong |= x ^ y
    return wrong == 0
