"""The first configuration, and what a module says when it starts with it."""

import json
import re
import time

from firmware import config as configuration
from . import FlashError

PATH = "/config.json"  # the firmware takes it over at the next start and deletes it
SETTLE_S = 3
_AP = re.compile(
    r"\b(?:AP|set-up network) (?P<name>\S.*?),? password:? (?P<password>\S+)"
    r"(?:\s+(?P<url>http://\S+))?"
)
_UPDATE_KEY = re.compile(r"update key ([0-9a-f]{64})$")
_URL = re.compile(r"\bhttp://[\w.:\[\]-]+[^\s,;]*")


def make(given):
    """``given`` (dict) as the file's bytes, checked as the firmware will. Raises FlashError."""
    try:
        configuration.validate(given, complete=False)
    except configuration.ConfigError as e:
        raise FlashError(str(e), usage=True)
    unknown = [name for name in given if name not in _known()]
    if unknown:
        # Not repeated: it could be a secret in the wrong place.
        raise FlashError(
            "config: %d unknown key(s); docs/configuration.md lists them all" % len(unknown),
            usage=True,
        )
    return json.dumps(given).encode()


def _known():
    return [entry[0] for entry in configuration.SCHEMA] + ["version"]


class Said:
    """What the console told: ``address`` (URL), ``ap`` ((name, password, url)), ``update_key``,
    ``lines``.
    """

    def __init__(self):
        self.address = None
        self.ap = None
        self.update_key = None
        self.lines = []

    def take(self, line):
        """Look at one line."""
        key = _UPDATE_KEY.match(line)
        if key:
            self.update_key = key.group(1)
            return  # no words to repeat
        self.lines.append(line)
        ap = _AP.search(line)
        if ap:
            url = ap.group("url") or "http://192.168.4.1/"
            self.ap = (ap.group("name"), ap.group("password"), url)
            return
        url = _URL.search(line)
        # 0.0.0.0 is where it listens, not where it is.
        if url and "//0.0.0.0" not in url.group():
            self.address = url.group()


def lines_of(device, seconds, clock=time.monotonic):
    """The lines the module prints from now on, for so long; None in each second without one."""
    until = clock() + seconds
    rest = b""
    while clock() < until:
        try:
            data = _read(device)
        except OSError:
            # A chip with USB of its own goes and comes back when it starts.
            device.close()
            time.sleep(0.3)
            data = b""
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace").strip("\r")
        if not data:
            yield None


def _read(device):
    from .device import open_port

    if device.transport is None:
        try:
            device.transport = open_port(device.port)
        except FlashError as e:
            raise OSError(str(e))
    port = device.transport.serial
    port.timeout = 0.2
    return port.read(max(1, port.in_waiting))


def listen(device, seconds, clock=time.monotonic):
    """A `Said` after ``seconds``, or SETTLE_S after it told where it is."""
    said = Said()
    told = None
    for line in lines_of(device, seconds, clock):
        if line is not None:
            said.take(line)
        if told is None and (said.ap or said.address):
            told = clock()
        if told is not None and clock() - told > SETTLE_S:
            break
    return said


def wifi_text(name, password):
    """What a phone's camera takes for the network ``name``."""

    def quoted(text):
        return "".join("\\" + c if c in '\\;,":' else c for c in text)

    return "WIFI:T:WPA;S:%s;P:%s;;" % (quoted(name), quoted(password))


def show_qr(text, out):
    """Draw the QR code of ``text`` on the terminal ``out``; not where it cannot be drawn."""
    import segno

    try:
        segno.make(text, error="m").terminal(out=out, compact=True)
    except UnicodeEncodeError:
        out.write("(this terminal cannot draw the QR code)\n")
