"""What every command shares: exit codes, the key, opening the line, one verified read.

An error is a `Stop`: one line for stderr and an exit code. No text here ever holds a key.
"""

import asyncio
import errno
import os
import time

from firmware.hal.ports import PortError, open_port
from firmware.meter.link import Link
from mep import events as ev
from mep.errors import LocalError
from mep.keys import parse_key
from mep.rc4 import Cipher
from mep.requests import MAX_DATA, NO_PERMISSION, NO_TABLE_OPERATION, NOT_POSSIBLE
from mep.session import Session
from osgp.codec import table_name

OK = 0
BROKEN = 1
USAGE = 2
KEY = 3
SILENT = 4
REFUSED = 5
DISTURBED = 6
INTERRUPTED = 130

KEY_VARIABLE = "MEP_KEY"
_MOST = 1 << 20  # a meter that never ends a table is not believed
_URLS = "write a serial device like /dev/ttyUSB0, socket://host:port or another pyserial URL"
SILENCE = (
    "no reply from the meter on %s; likely causes: (1) the plug, its wiring (RX and TX swapped?) "
    "or the port's name is wrong; (2) ENABLE is off: the meter's display shows no M; (3) the "
    "optical eye is in use, or the meter is of another kind or at another rate (--baud)"
)
WRONG_KEY = (
    "wrong key: the meter refused it every time (0x0B); check that this key is for this meter. "
    "Some meters take encrypted requests alone, others none: try with --rc4, or without"
)


class Stop(Exception):
    """The command ends here: ``code`` and one line of text."""

    def __init__(self, code, text):
        Exception.__init__(self, text)
        self.code = code


class Refusal(Stop):
    """The meter refused a request: ``reply`` is its code."""

    def __init__(self, table, reply, name):
        why = "%s: the meter answers 0x%02X, %s, to this key" % (table_name(table), reply, name)
        Stop.__init__(self, REFUSED, why)
        self.table = table
        self.reply = reply


def add_line(parser, required=True):
    """Add the options that say which meter, and under which key."""
    group = parser.add_argument_group("the meter")
    group.add_argument(
        "--port",
        metavar="URL",
        required=required,
        help="serial device (/dev/ttyUSB0), pty, socket://host:port, or any pyserial URL",
    )
    group.add_argument(
        "--key",
        help="MEP key: 20 characters, 40 hex digits or 20 decimal bytes. Everybody on this "
        "machine can see it in the list of processes; the next two ways hide it",
    )
    group.add_argument("--key-file", metavar="FILE", help="file that holds the key and no more")
    group.add_argument(
        "--baud", type=int, default=None, metavar="N", help="rate of the line (default: 9600)"
    )
    group.add_argument(
        "--rc4",
        action="store_true",
        help="encrypt requests; the meter answers in kind (weak; a meter that does not know it "
        "refuses the key)",
    )


def key_text(args):
    """The key as given by --key, --key-file or the environment; "" for none. Raises Stop."""
    if args.key is not None and args.key_file is not None:
        raise Stop(USAGE, "--key and --key-file: give one of them")
    if args.key is not None:
        return args.key.strip()
    if args.key_file is None:
        return os.environ.get(KEY_VARIABLE, "").strip()
    try:
        with open(args.key_file, encoding="utf-8-sig") as f:
            text = f.read(4096).strip()
    except OSError as e:
        raise Stop(USAGE, "--key-file %s: %s" % (args.key_file, e.strerror))
    except ValueError:
        raise Stop(USAGE, "--key-file %s: not a text file with one key" % args.key_file)
    if not text:
        raise Stop(USAGE, "--key-file %s: it is empty; write the key into it" % args.key_file)
    return text


def find_key(args):
    """The 16 key bytes. Raises Stop."""
    text = key_text(args)
    if not text:
        raise Stop(
            USAGE, "no key: give --key, --key-file or the environment variable " + KEY_VARIABLE
        )
    try:
        return parse_key(text)
    except LocalError as e:
        raise Stop(USAGE, str(e))


def find_baud(args, default=9600):
    """The line's rate, checked. Raises Stop."""
    baud = default if args.baud is None else args.baud
    if not 300 <= baud <= 115200:
        raise Stop(USAGE, "--baud %d: write 9600, or up to 115200 on Gen 4 meters" % baud)
    return baud


def host_port(text, option, default=None):
    """(host, port) of ``HOST:PORT``, also ``[::1]:8080``. Raises Stop."""
    host, colon, port = text.rpartition(":")
    host = host.strip("[]") or (default if colon else None)
    if not host or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65536:
        raise Stop(USAGE, "%s %s: write HOST:PORT, like 127.0.0.1:8080" % (option, text))
    return host, int(port)


async def opened(url, opening):
    """What ``opening`` (awaitable) gives: the open port ``url``. Raises Stop if it is unusable."""
    try:
        return await opening
    except PortError as e:
        raise Stop(USAGE, str(e))
    except (asyncio.TimeoutError, OSError) as e:
        raise Stop(USAGE, "port %s: %s" % (url, _why(e, url)))
    except Exception as e:  # pyserial's URL handlers and termios raise what they like
        raise Stop(USAGE, "port %s: %s; %s" % (url, _first_line(e), _URLS))


def _why(e, url):
    reasons = {
        errno.ENOENT: "there is no such device; " + _URLS,
        errno.ENODEV: "there is no such device; is the adapter plugged in?",
        errno.ENXIO: "there is no such device; is the adapter plugged in?",
        errno.EAGAIN: "busy: another program has it open; stop that one first",
        errno.EBUSY: "busy: another program has it open; stop that one first",
        errno.EACCES: "no permission; add yourself to the group dialout and log in again",
        errno.ENOTTY: "this is no serial device; " + _URLS,
        errno.EISDIR: "this is no serial device; " + _URLS,
        errno.ECONNREFUSED: "nobody listens there; is the simulator or ser2net running?",
    }
    text = _first_line(e)
    if text.startswith("port %s: " % url):
        text = text.split(": ", 1)[1]
    # MicroPython's way of making one, which firmware/hal keeps to, leaves `errno` empty.
    code = e.errno or (e.args[0] if e.args and isinstance(e.args[0], int) else None)
    if "Inappropriate ioctl" in text or "could not configure port" in text.lower():
        return reasons[errno.ENOTTY]
    if isinstance(e, asyncio.TimeoutError) or code == errno.ETIMEDOUT:
        return "no connection within 3 s; check host and port number"
    if "exclusively lock" in text:
        return reasons[errno.EBUSY]
    if "Connection refused" in text:
        return reasons[errno.ECONNREFUSED]
    return reasons.get(code) or "%s; %s" % (text, _URLS)


def _first_line(e):
    return (str(e).splitlines() or [type(e).__name__])[0]


class Meter:
    """One meter on an open line: `read` gives verified bytes or raises Stop.

    ``slowest``: the lowest rate that the line will have, if `set_rate` changes it.
    """

    def __init__(self, url, key, baud=9600, wrap=None, rc4=False, slowest=None):
        self.url = url
        self.baud = baud
        self._wrap = wrap
        self._port = self._line = None
        cipher = Cipher(key) if rc4 else None
        # Both wait as long as the slowest rate needs.
        slowest = slowest or baud
        session = Session(key, time.monotonic_ns() // 1000000 & 0xFFFFFFFF, slowest, cipher)
        self.link = Link(session, self._open, lambda level, text: None, slowest)

    async def open(self):
        """Open the line now, so that a fault of it is found before anything else happens."""
        self._port = await opened(self.url, open_port(self.url, self.baud))
        if self._wrap:
            self._port = self._wrap(self._port)

    async def _open(self):
        if self._port is None:
            await self.open()
        self._line, self._port = self._port, None
        return self._line

    def set_rate(self, baud):
        """The line's rate from now on. Raises OSError if the port cannot have it."""
        self.baud = baud
        line = self._port or self._line
        if line is not None:
            line.set_rate(baud)

    def close(self):
        self.link.close()
        if self._port is not None:
            self._port.close()
            self._port = None

    async def request(self, table, count, offset=None):
        """One request's data (bytes). Raises Stop."""
        return await self._transact(table, count, offset, None)

    async def write(self, table, data, offset=None):
        """One write; what may be written is not this method's business. Raises Stop."""
        await self._transact(table, 0, offset, data)

    async def _transact(self, table, count, offset, data):
        event = await self.link.transact(table, count, offset, data)
        if isinstance(event, ev.Response):
            return bytes(event.buf[event.start : event.start + event.count])
        if isinstance(event, ev.Refused):
            raise Refusal(table, event.code, event.name)
        raise failed(event.reason, self.url)

    async def read(self, table, offset=None, count=None):
        """Table data: all of it, or ``count`` bytes (None: to its end) from ``offset``."""
        data = b""
        async for part in self.pieces(table, offset, count):
            data += part
        return data

    async def pieces(self, table, offset=None, count=None):
        """Iterate over the parts of what `read` gives, in order. Raises Stop."""
        first = None
        if offset is None and count is None:
            try:
                data = await self.request(table, MAX_DATA)
            except Refusal as e:
                # What does not fit into one reply is refused in the full form.
                if e.reply not in (NOT_POSSIBLE, NO_TABLE_OPERATION):
                    raise
                first = e
                offset = 0
            else:
                yield data
                offset = len(data)
                if offset < MAX_DATA:
                    return
        try:
            async for part in self._parts(table, offset or 0, count):
                yield part
        except Refusal as e:
            raise first or e

    async def _parts(self, table, offset, count):
        # Without a count the table's end is where the meter refuses even a single byte: the piece
        # is halved until it fits. A table that is not there refuses the first byte.
        piece = MAX_DATA
        begin = offset
        end = None if count is None else offset + count
        while end is None or offset < end:
            wanted = piece if end is None else min(piece, end - offset)
            try:
                part = await self.request(table, wanted, offset)
            except Refusal as e:
                if end is not None or e.reply == NO_PERMISSION:
                    raise
                if wanted == 1:
                    return
                if offset == begin and piece == MAX_DATA:
                    await self.request(table, 1, offset)
                piece = wanted // 2
                continue
            offset += len(part)
            yield part
            if len(part) < wanted:
                return
            if offset - begin > _MOST:
                raise Stop(DISTURBED, "%s: does not end" % table_name(table))


def failed(reason, url):
    """The Stop for a `Failed` event's ``reason``."""
    if reason == ev.WRONG_KEY:
        return Stop(KEY, WRONG_KEY)
    if reason == ev.SILENT:
        return Stop(SILENT, SILENCE % url)
    return Stop(
        DISTURBED,
        "the line is disturbed (%s): check the wiring and ENABLE (8..9 V at the meter)" % reason,
    )
