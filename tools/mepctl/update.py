"""`mepctl bundle`, `update` and `update-key`: new versions for a module that is in use."""

import getpass
import http.client
import json
import os
import re
import shutil
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

from tools import stage
from tools.flashing import FlashError, bundle, first, sync
from tools.flashing.device import Device
from tools.flashing.words import there
from .common import BROKEN, USAGE, Stop
from .flash import progress, say

_PIECE = 4096
_TIMEOUT_S = 30
_RESTART_S = 90
_TRIAL_S = 330
_TAKE_S = 120
_KEY = """
import json
from firmware import storage
print(json.loads(storage.load("config") or b"{}").get("update_key", ""))
"""


def main(args):
    """Run the command; raises Stop."""
    try:
        run = {"bundle": make, "update": update, "update-key": show_key}[args.command]
        return run(args)
    except FlashError as e:
        raise Stop(USAGE if e.usage else BROKEN, str(e))
    except stage.StageError as e:
        raise Stop(BROKEN, str(e))


# -- bundle


def make(args):
    """Write a bundle of the present tree, or of an image."""
    key = _key(args.key_file)
    if args.image:
        if not args.chip or not args.image_version:
            raise FlashError("--image: give --chip and --image-version too", usage=True)
        data = bundle.of_image(
            _bytes(args.image), key, args.chip, args.image_version, args.image_mpy
        )
    else:
        folder = tempfile.mkdtemp(prefix="mep-bundle-")
        try:
            say("Compiling for %s ..." % args.arch)
            stage.stage(args.arch, out=Path(folder) / "tree", chip=True)
            tree = {p[1:]: d for p, d in sync.load(Path(folder) / "tree").items()}
        finally:
            shutil.rmtree(folder)
        data = bundle.of_tree(tree, key, args.arch)
    out = Path(args.out)
    # A bundle is no secret: it is signed, not encrypted.
    out.write_bytes(data)
    kind, version, arch, mpy, count, size = bundle.describe(data)
    say(
        "%s: %s %s for %s (code %s), %s files, %d KB"
        % (out, kind, version, arch, mpy, count, len(data) >> 10)
    )
    return 0


def _bytes(path):
    try:
        return Path(path).read_bytes()
    except OSError as e:
        raise FlashError("%s: %s" % (path, e.strerror), usage=True)


def _key(path):
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except OSError as e:
        raise FlashError("--key-file %s: %s" % (path, e.strerror), usage=True)
    except ValueError:
        text = ""
    # As the schema has it: 64 hex digits as the module made them, or the owner's own text.
    if not 8 <= len(text) <= 64 or not text.isprintable() or not text.isascii():
        raise FlashError(
            "--key-file %s: no update key in it; `mepctl update-key` fetches the module's" % path,
            usage=True,
        )
    return text


# -- the key


def show_key(args):
    """Fetch a module's update key over its cable, into a file or onto the screen."""
    if not args.port:
        raise FlashError("no port given: write --port; " + there(), usage=True)
    with Device(args.port) as device:
        device.connect()
        lines = device.run(_KEY).strip().splitlines()
        device.reset()
    key = lines[-1] if lines else ""
    if not key:
        raise FlashError("the module has no update key yet: let it start once")
    if not args.out:
        say(key)
        return 0
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with open(os.open(args.out, flags, 0o600), "w", encoding="ascii") as f:
        f.write(key + "\n")
    say("Kept in %s. Whoever has it can make updates for this module." % args.out)
    return 0


# -- update


def update(args):
    """Send a bundle over the network, or over the cable."""
    if len(args.words) != (1 if args.port else 2):
        raise FlashError("write `mepctl update HOST FILE` or `--port PORT FILE`", usage=True)
    data = bundle.load(args.words[-1])
    version = bundle.describe(data)[1]
    if args.port:
        return _by_cable(args.port, data)
    module = Module(args.words[0])
    enter_settings(module, _password(args))
    say("Sending %s (%d KB) ..." % (version, len(data) >> 10))
    with progress(len(data)) as tell:
        status, text = module.ask("POST", "/update", data, tell)
    if status != 200:
        raise FlashError("the module refuses it: " + text.strip())
    say(text.strip())
    return _watch(module, version)


def _by_cable(port, data):
    with Device(port) as device:
        device.connect()
        say("Copying it (%d KB) ..." % (len(data) >> 10))
        with progress(len(data)) as tell:
            device.write("/update.bundle", data, tell)
        say("Starting the module, which takes it ...")
        device.reset()
        for line in first.lines_of(device, _TAKE_S):
            found = re.match(r"update: (.*)", line or "")
            if found:
                if not found.group(1).startswith("starting "):
                    raise FlashError("the module refuses it: " + found.group(1))
                say("Taken: %s. It goes back by itself if it does not prove well." % found[1][9:])
                return 0
    raise FlashError("the module did not say that it took it; `mepctl monitor` shows more")


class Module:
    """A module's web server; ``cookie`` is sent once there is one."""

    def __init__(self, host):
        if "://" not in host:
            host = "http://" + host
        parts = urllib.parse.urlsplit(host)
        if parts.scheme != "http" or not parts.hostname or parts.path.strip("/"):
            raise FlashError("host %s: write its name or address" % host, usage=True)
        self.host = parts.netloc
        self.cookie = None

    def ask(self, method, path, body=b"", tell=None, kind="application/octet-stream"):
        """(status, text) of one request. Raises FlashError."""
        connection = http.client.HTTPConnection(self.host, timeout=_TIMEOUT_S)
        try:
            connection.putrequest(method, path)
            connection.putheader("Content-Length", str(len(body)))
            connection.putheader("Content-Type", kind)
            connection.putheader("Origin", "http://" + self.host)
            if self.cookie:
                connection.putheader("Cookie", self.cookie)
            connection.endheaders()
            for at in range(0, len(body), _PIECE):
                connection.send(body[at : at + _PIECE])
                if tell:
                    tell(len(body[at : at + _PIECE]))
            response = connection.getresponse()
            cookie = response.getheader("Set-Cookie")
            if cookie:
                self.cookie = cookie.split(";")[0]
            return response.status, response.read(65536).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as e:
            raise FlashError("%s: %s" % (self.host, str(e) or type(e).__name__))
        finally:
            connection.close()


def enter_settings(module, password):
    """Have ``module`` start into settings mode, where it takes updates. Raises FlashError."""
    form = urllib.parse.urlencode({"password": password}).encode()
    kind = "application/x-www-form-urlencoded"
    status, _ = module.ask("POST", "/settings", form, kind=kind)
    if status == 429:
        raise FlashError("the module waits after wrong passwords; try again in some minutes")
    if status == 403 or (status < 400 and not module.cookie):
        raise FlashError("the module refuses the password, or has none yet", usage=True)
    if status >= 400:
        raise FlashError("%s: no settings there (status %d)" % (module.host, status))
    say("Waiting for the module's settings ...")
    until = time.monotonic() + _RESTART_S
    while time.monotonic() < until:
        try:
            if module.ask("GET", "/update")[0] == 200:
                return
        except FlashError:
            pass  # it is starting
        time.sleep(1)
    raise FlashError("%s: its settings do not open; try again" % module.host)


def _password(args):
    if args.password_file:
        try:
            return Path(args.password_file).read_text(encoding="utf-8").strip("\r\n")
        except (OSError, ValueError) as e:
            raise FlashError("--password-file %s: %s" % (args.password_file, e), usage=True)
    if not sys.stdin.isatty():
        raise FlashError("no password: give --password-file", usage=True)
    return getpass.getpass("Administrator's password of the module (not shown): ")


def _watch(module, version):
    # Until the new version is confirmed, or the old one is back.
    until = time.monotonic() + _TRIAL_S
    seen = False
    while time.monotonic() < until:
        time.sleep(2)
        try:
            status, text = module.ask("GET", "/api/v1/status")
            found = json.loads(text) if status == 200 else {}
        except (FlashError, ValueError):
            continue  # it is starting
        if found.get("version") == version:
            if not found.get("trial"):
                say("It runs, and is well.")
                return 0
            if not seen:
                say("It runs, on trial for up to 5 minutes. Ctrl-C ends the watching only.")
            seen = True
        elif seen and "version" in found:
            break
    raise FlashError("the new version did not prove well: the one before runs again")
