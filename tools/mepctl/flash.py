"""`mepctl flash`: interpreter, firmware and first configuration onto a module."""

import getpass
import json
import os
import sys

from tools import stage
from tools.flashing import FlashError, chips, first, image, loader, sync
from tools.flashing.device import Device
from tools.flashing.words import there
from tools.paths import BUILD, ROOT
from . import secure
from .common import BROKEN, USAGE, Stop, key_text

WIFI_VARIABLE = "MEP_WIFI_PASSWORD"
OLDEST = [1, 24]
MPY = 6  # the form of compiled code that mpy-cross here makes
_FIRST_START_S = 40  # a new image formats its files first
_SAYS_S = 45


def main(args):
    """Run the command; raises Stop."""
    try:
        return Flash(args).run()
    except FlashError as e:
        raise Stop(USAGE if e.usage else BROKEN, str(e))
    except stage.StageError as e:
        raise Stop(BROKEN, str(e))


def say(text):
    """A step, for the person who waits."""
    print(text, flush=True)


class Flash:
    """One run under ``args``."""

    def __init__(self, args):
        self.args = args
        if not args.port:
            raise FlashError("no port given: write PORT=... or --port; " + there(), usage=True)
        chips.chips_of(args.board)
        # Read before anything is written: a mistake in it must not leave half a module.
        self.records = secure.records(args)
        self.config = self._config()

    def run(self):
        args = self.args
        if args.image or args.download:
            self._image()
        with Device(args.port) as device:
            self._connect(device)
            info = self._check(device)
            self._files(device, info)
            if args.no_start:
                say("Done; the module waits at its prompt and was not started.")
                return 0
            say("Starting the module ...")
            device.reset()
            self._tell(first.listen(device, args.wait))
        return 0

    def _config(self):
        # The bytes of config.json.
        args = self.args
        given = {}
        if args.config:
            try:
                with open(args.config, encoding="utf-8") as f:
                    given = json.load(f)
            except OSError as e:
                raise FlashError("--config %s: %s" % (args.config, e.strerror), usage=True)
            except ValueError:
                raise FlashError("--config %s: this is not JSON" % args.config, usage=True)
            if not isinstance(given, dict):
                raise FlashError("--config %s: write one {...} object" % args.config, usage=True)
        given["board"] = args.board
        given.update(secure.settings(args))
        fresh = args.image or args.download
        if given.get("mqtt_tls") == "ca" and fresh and not args.mqtt_ca:
            raise FlashError("mqtt_tls is ca: give --mqtt-ca FILE", usage=True)
        if args.wifi is not None:
            given["wifi_ssid"] = args.wifi
            given["wifi_password"] = self._wifi_password()
        key = key_text(args)
        if key:
            given["key"] = key
        return first.make(given)

    def _wifi_password(self):
        name = self.args.wifi_password_file
        if name:
            try:
                with open(name, encoding="utf-8") as f:
                    return f.read(256).strip("\r\n")
            except OSError as e:
                raise FlashError("--wifi-password-file %s: %s" % (name, e.strerror), usage=True)
            except ValueError:
                raise FlashError("--wifi-password-file %s: not a text file" % name, usage=True)
        if WIFI_VARIABLE in os.environ:
            return os.environ[WIFI_VARIABLE]
        if not sys.stdin.isatty():
            raise FlashError(
                "no Wi-Fi password: give --wifi-password-file or the environment variable "
                + WIFI_VARIABLE,
                usage=True,
            )
        return getpass.getpass("Password of the Wi-Fi %s (not shown): " % self.args.wifi)

    def _image(self):
        args = self.args
        say("Looking at the chip on %s ..." % args.port)
        chip, flash = loader.identify(args.port)
        size = ", %d MB flash" % (flash >> 20) if flash else ""
        say("It is an %s%s." % (chips.name_of(chip), size))
        chips.check(args.board, chip)
        if args.image:
            path = args.image
        else:
            lock = json.loads((ROOT / "tools" / "lock.json").read_text())
            path = image.download(chip, lock, say)
        found = image.Image(path, chip)
        found.check_size(flash)
        say("Image %s: %d bytes, sha256 %s" % (found.path.name, len(found.data), found.sha256))
        if args.sha256 and args.sha256.lower() != found.sha256:
            raise FlashError("image %s: --sha256 does not fit it" % found.path.name, usage=True)
        if args.no_erase:
            say("Writing it; the module's files stay ...")
        else:
            say("Erasing the flash, with any earlier configuration, and writing it ...")
        loader.write(args.port, chip, found, not args.no_erase)

    def _connect(self, device):
        fresh = self.args.image or self.args.download
        say("Waiting for the module's prompt ...")
        try:
            device.connect(_FIRST_START_S if fresh else 0)
            return
        except FlashError as e:
            if fresh or "no answer" not in str(e):
                raise
        why = "port %s: no MicroPython answers; " % self.args.port
        if not sys.stdin.isatty():
            raise FlashError(
                why + "a new module needs it first: give --download, or --image FILE "
                "(docs/flashing.md says where it comes from)"
            )
        if input(why + "erase this module and write it now? [y/N] ").strip().lower() != "y":
            raise FlashError("nothing was changed", usage=True)
        self.args.download = True
        self._image()
        device.connect(_FIRST_START_S)

    def _check(self, device):
        info = device.probe()
        version = ".".join(str(n) for n in info["version"])
        say("MicroPython %s on %s" % (version, info["machine"]))
        if info["platform"] != "esp32":
            raise FlashError("this is a %s, not an ESP32: not touched" % info["platform"])
        chips.check(self.args.board, chips.kind_of(info["machine"]))
        if info["version"] < OLDEST or info["mpy"] != MPY:
            raise FlashError(
                "MicroPython %s does not run this code, made for %d.%d and later of form %d: give "
                "--download or --image FILE" % (version, *OLDEST, MPY)
            )
        if info["arch"] not in chips.ARCHES:
            raise FlashError("this MicroPython runs machine code of no kind known here")
        return info

    def _files(self, device, info):
        arch = chips.ARCHES[info["arch"]]
        folder = BUILD / "stage" / arch
        say("Compiling for %s ..." % arch)
        stage.stage(arch, out=folder, chip=True)
        tree = sync.load(folder)
        there = device.files()
        plan = sync.Plan(tree, there, self.args.keep_updates)
        sync.check_room(plan, tree, there, info)
        say(
            "%d files to copy (%d KB), %d to delete, %d are the same."
            % (len(plan.copy), (plan.bytes + 1023) >> 10, len(plan.delete), plan.same)
        )
        with progress(plan.bytes) as tell:
            sync.apply(device, tree, plan, tell, self._configure(device))

    def _configure(self, device):
        def put():
            for path, data in self.records.items():
                device.write(path, data)
                device.remove([path[:-1] + "b"])  # an older copy might count for the newer
            device.write(first.PATH, self.config)

        return put

    def _tell(self, said):
        if said.ap:
            name, password, url = said.ap
            say("\nThe module opened a Wi-Fi network of its own, to be set up by phone:")
            say("  network   %s\n  password  %s\n  page      %s" % (name, password, url))
            first.show_qr(first.wifi_text(name, password), sys.stdout)
            say(
                "Scan this with the phone's camera to join; the page opens by itself, or go there."
            )
        if said.update_key:
            say("\nIts update key (`mepctl update-key` shows it again): " + said.update_key)
        if said.address:
            say("\nThe module's page: %s" % said.address)
        if not said.ap and not said.address:
            say(
                "\nThe module did not say its address within %d s. Its last words:"
                % self.args.wait
            )
            for line in said.lines[-8:]:
                say("  " + line)
            say("`mepctl monitor --port %s` shows more." % self.args.port)


class progress:
    """A bar for ``total`` bytes, as a ``with`` block that gives ``tell(bytes)``."""

    def __init__(self, total):
        from rich.progress import Progress

        self._bar = Progress(disable=not total or not sys.stdout.isatty())
        self._total = total

    def __enter__(self):
        self._bar.start()
        task = self._bar.add_task("Copying", total=self._total)
        return lambda count: self._bar.update(task, advance=count)

    def __exit__(self, *_):
        self._bar.stop()
