"""A module at its prompt: run code there, read, write and compare its files.

Everything goes through mpremote's transport. Its errors come out as FlashError, without the text
of what was sent, which may hold a key.
"""

import base64
import contextlib
import errno
import io
import json
import struct
import time
from pathlib import PurePosixPath

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from . import FlashError
from .words import CUT, port_fault, there

_BAUD = 115200
_SILENCE_S = 10
# LittleFS tidies a folder in one call: 9 s were seen for 40 files on slow flash.
_BUSY_S = 60
_LOCK_S = 1
_CHUNK = 2048
_ENOSPC = ("ENOSPC", "Errno 28]")

PROBE = """
import gc, json, os, sys
_i = sys.implementation
_m = getattr(_i, '_mpy', 0)
_s = os.statvfs('/')
gc.collect()
print(json.dumps({'name': _i.name, 'version': list(_i.version)[:3], 'platform': sys.platform,
 'machine': getattr(_i, '_machine', ''), 'mpy': _m & 255, 'arch': _m >> 10 & 15,
 'block': _s[0], 'size': _s[0] * _s[2], 'free': _s[0] * _s[3],
 'heap_free': gc.mem_free(), 'heap': gc.mem_free() + gc.mem_alloc()}))
"""

# Prints a line `size sha256 path` for every file; mounts of others are left out.
WALK = """
import binascii, hashlib, os
_b = bytearray(1024)
_v = memoryview(_b)
def _walk(path):
    for e in os.ilistdir(path or '/'):
        p = path + '/' + e[0]
        if e[1] & 0x4000:
            if p not in ('/rom', '/remote', '/sd'):
                _walk(p)
            continue
        h = hashlib.sha256()
        size = 0
        with open(p, 'rb') as f:
            while True:
                n = f.readinto(_b)
                if not n:
                    break
                size += n
                h.update(_v[:n])
        print(size, binascii.hexlify(h.digest()).decode(), p)
_walk('')
"""

_MAKE = """
import os
def _dirs(path):
    at = 0
    while True:
        at = path.find('/', at + 1)
        if at < 0:
            break
        try:
            os.mkdir(path[:at])
        except OSError:
            pass
def _put(path):
    try:
        os.rename(path + '.new', path)
    except OSError:  # FAT does not replace a file
        os.remove(path)
        os.rename(path + '.new', path)
from binascii import a2b_base64 as _u
"""


# The memory that a reset leaves alone counts short lives (firmware/boot_guard.py): they were ours.
_RESET = """
import machine
try:
    machine.RTC().memory(b'')
except Exception:
    pass
machine.reset()
"""


class _UrlTransport(SerialTransport):
    # mpremote opens devices and rfc2217:// only; pyserial knows more, as socket://.

    def __init__(self, url):
        import serial

        self.in_raw_repl = False
        self.use_raw_paste = True
        self.device_name = url
        self.mounted = False
        self.serial = serial.serial_for_url(url, baudrate=_BAUD, timeout=_SILENCE_S)


def open_port(port):
    """An open mpremote transport on ``port``. Raises FlashError."""
    try:
        if "://" in port and not port.startswith("rfc2217://"):
            return _UrlTransport(port)
        import serial

        # mpremote does not keep the reason, so the port is tried first.
        if "://" not in port:
            _try(lambda: serial.Serial(port, _BAUD, exclusive=True).close())
        return SerialTransport(port, _BAUD, timeout=_SILENCE_S)
    except (OSError, ValueError, TransportError) as e:  # SerialException is an OSError
        raise FlashError(port_fault(port, str(e)) or "port %s: %s; %s" % (port, e, there()))


def _try(take):
    # The lock of a program that just ended lives on for a moment in a process it was starting.
    until = time.monotonic() + _LOCK_S
    while True:
        try:
            return take()
        except OSError as e:
            if e.errno != errno.EAGAIN or time.monotonic() >= until:
                raise
            time.sleep(0.05)


class Device:
    """The module on ``port``: `connect` first, `close` last; also as a ``with`` block."""

    def __init__(self, port):
        self.port = port
        self.transport = None
        self._made = False

    def __enter__(self):
        self.connect()
        return self

    def __exit__(self, *_):
        self.close()

    def connect(self, patience_s=0):
        """Stop what runs there and take the prompt, trying for ``patience_s``; soft reset."""
        until = time.monotonic() + patience_s
        while True:
            try:
                self.transport = self.transport or open_port(self.port)
                self._prompt()
                return
            except FlashError:
                self.close()
                if time.monotonic() >= until:
                    raise
                time.sleep(0.5)

    def _prompt(self):
        with self._guarded("no answer"):
            try:
                self.transport.enter_raw_repl(timeout_overall=5)
            except TransportError:
                # Busy, or it starts over and over: one of many Ctrl-C comes at the right time.
                for _ in range(30):
                    self.transport.serial.write(b"\x03")
                    time.sleep(0.1)
                self.transport.enter_raw_repl(timeout_overall=8)
        self._made = False

    def close(self):
        """Let go of the port; the module stays as it is."""
        if self.transport:
            with contextlib.suppress(OSError):
                self.transport.close()
            self.transport = None

    def run(self, code):
        """What ``code`` prints there. Raises FlashError, with the last line of its traceback."""
        with self._guarded(CUT):
            text, fault = self.transport.exec_raw(code, timeout=_BUSY_S)
            if fault:
                raise TransportExecError(text, fault.decode("utf-8", "replace"))
            return text.decode("utf-8", "replace").replace("\r\n", "\n")

    def json(self, code):
        """What ``code`` prints there, as JSON in its last line."""
        lines = self.run(code).strip().splitlines()
        try:
            return json.loads(lines[-1])
        except (IndexError, ValueError):
            raise FlashError("port %s: the module's answer makes no sense" % self.port)

    def probe(self):
        """What the module says of itself (dict): see PROBE."""
        return self.json(PROBE)

    def files(self):
        """``{path: (size, sha256 as hex)}`` of all files, the hashes made by the module."""
        found = {}
        for line in self.run(WALK).splitlines():
            size, digest, path = line.split(" ", 2)
            found[path] = (int(size), digest)
        return found

    def read(self, path):
        """The bytes of the file ``path``."""
        self.run("from binascii import b2a_base64 as _e\n_f = open(%r, 'rb')" % path)
        data = b""
        while True:
            piece = base64.b64decode(self.run("print(_e(_f.read(%d)))" % _CHUNK).strip()[2:-3])
            data += piece
            if len(piece) < _CHUNK:
                self.run("_f.close()")
                return data

    def write(self, path, data, tell=None):
        """Put ``data`` into the file ``path``: the old one is there until the new one is whole."""
        if not self._made:
            self.run(_MAKE)
            self._made = True
        at = 0
        code = "_dirs(%r)\n_f = open(%r, 'wb')\n" % (path, path + ".new")
        while True:
            piece = data[at : at + _CHUNK]
            at += len(piece)
            code += "_n = _f.write(_u(%r))\n" % base64.b64encode(piece).decode()
            if at >= len(data):
                self.run(code + "_f.close()\n_put(%r)" % path)
            else:
                self.run(code)
            if tell:
                tell(len(piece))
            if at >= len(data):
                return
            code = ""

    def remove(self, paths):
        """Delete files, and the directories that are empty then."""
        code = "import os\n"
        for path in paths:
            code += "try:\n os.remove(%r)\nexcept OSError:\n pass\n" % path
        parents = (PurePosixPath(p).parents for p in paths)
        folders = {str(folder) for found in parents for folder in found} - {"/", "."}
        for folder in sorted(folders, reverse=True):
            # LittleFS refuses to remove one that is not empty.
            code += "try:\n os.rmdir(%r)\nexcept OSError:\n pass\n" % folder
        if paths:
            self.run(code)

    def reset(self):
        """Start the chip anew; the port stays open to hear what it says."""
        with self._guarded(CUT):
            self.transport.exec_raw_no_follow(_RESET)

    @contextlib.contextmanager
    def _guarded(self, cut):
        # mpremote prints what it did not expect, and that may be anything: nobody sees it.
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                yield
        except TransportExecError as e:
            text = (e.error_output.strip().splitlines() or ["?"])[-1]
            if any(word in text for word in _ENOSPC):
                raise FlashError("the module's flash is full; delete files of your own there")
            raise FlashError("port %s: the module says %s" % (self.port, text))
        except (TransportError, OSError, struct.error, IndexError, TypeError) as e:
            raise FlashError(port_fault(self.port, str(e)) or "port %s: %s" % (self.port, cut))
