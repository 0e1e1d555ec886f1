"""The options of the commands that have to do with modules, not with a meter's line."""

from tools.stage import ARCHES

FLASH = """\
Put MicroPython, this firmware and a first configuration onto a module. Without an image only the
files that changed are copied, and what the module is set up to stays. With one (--download or
--image) the chip is checked, its flash is erased and written. Run it again after any trouble.

examples:
  mepctl flash --port /dev/ttyUSB0 --board dabbler --download      a new module
  mepctl flash --port COM5 --board ustepper                        only the firmware's new files
  mepctl flash --port /dev/ttyUSB0 --board nesreader --wifi MyHome --key-file key.txt
"""

MONITOR = "Print what a module says on its serial port, until Ctrl-C."

BACKUP = """\
Copy all files of a module, with its configuration, into a new directory. It then holds the
module's key and passwords: only you may read it, keep it so.
"""

RESTORE = "Bring a module's files and its configuration to those of a backup."

BUNDLE = """\
Make a bundle: the one file that a module takes as an update. It holds this tree compiled, or with
--image a MicroPython image for a module whose flash has room for two, and is signed with the
module's update key.

examples:
  mepctl update-key --port /dev/ttyUSB0 --out kitchen.key
  mepctl bundle new.bundle --arch xtensawin --key-file kitchen.key      ESP32, ESP32-S3
  mepctl bundle new.bundle --arch rv32imc --key-file kitchen.key        ESP32-C3
"""

UPDATE = """\
Send a bundle to a module. It is verified there before anything is touched, runs on trial, and
goes back to the version before unless it proves well within 5 minutes.

examples:
  mepctl update mep-a1b2c3.local new.bundle
  mepctl update --port /dev/ttyUSB0 new.bundle
"""

UPDATE_KEY = "Fetch a module's update key over its cable; whoever has it can make updates for it."


def add(commands, command):
    """Add them to ``commands``; ``command(commands, name, what, text)`` makes a parser."""
    _add_flash(command(commands, "flash", "put everything onto a module", FLASH, line=False))
    p = command(commands, "monitor", "print what a module says", MONITOR, line=False)
    _port(p)
    p.add_argument("--seconds", type=float, metavar="N", help="stop after so long")
    p.set_defaults(module="module")
    for name, what, text in (
        ("backup", "keep a module's files", BACKUP),
        ("restore", "give them back", RESTORE),
    ):
        p = command(commands, name, what, text, line=False)
        p.add_argument("folder", metavar="DIR", help="a directory")
        _port(p)
        p.set_defaults(module="module")
    _add_updates(commands, command)


def _add_updates(commands, command):
    p = command(commands, "bundle", "make an update for modules", BUNDLE, line=False)
    p.add_argument("out", metavar="OUT", help="the file to write")
    p.add_argument("--arch", choices=ARCHES, default="xtensawin", help="default: %(default)s")
    p.add_argument(
        "--key-file", metavar="FILE", required=True, help="file that holds the update key"
    )
    p.add_argument("--image", metavar="FILE", help="a MicroPython .app-bin instead of this tree")
    p.add_argument("--chip", choices=("esp32", "esp32c3", "esp32s3"), help="whose image it is")
    p.add_argument("--image-version", metavar="TEXT", help="the image's version, like 1.25.0")
    p.add_argument(
        "--image-mpy", metavar="N.N", default="6.3", help="form of the code it runs (default: 6.3)"
    )
    p.set_defaults(module="update")
    p = command(commands, "update", "send an update to a module", UPDATE, line=False)
    p.add_argument("words", metavar="[HOST] FILE", nargs="+", help="the module, and the bundle")
    _port(p)
    p.add_argument("--password-file", metavar="FILE", help="file with the admin password")
    p.set_defaults(module="update")
    p = command(commands, "update-key", "fetch a module's update key", UPDATE_KEY, line=False)
    _port(p)
    p.add_argument("--out", metavar="FILE", help="keep it there instead of showing it")
    p.set_defaults(module="update")


def _port(p):
    p.add_argument("--port", metavar="PORT", help="serial port: /dev/ttyUSB0, COM5, rfc2217://...")


def add_tls(parser):
    """Options of TLS to the broker; `tools.mepctl.secure` takes them."""
    parser.add_argument(
        "--mqtt-ca", metavar="FILE", help="certificate (PEM) of the CA that signed the broker's"
    )
    parser.add_argument(
        "--mqtt-fingerprint", metavar="HEX", help="or SHA-256 of the broker's own certificate"
    )
    parser.add_argument(
        "--mqtt-cert", metavar="FILE", help="client certificate (PEM), if the broker demands one"
    )
    parser.add_argument("--mqtt-key", metavar="FILE", help="its private key (PEM)")


def _add_flash(p):
    _port(p)
    p.add_argument("--board", metavar="BOARD", required=True, help="dabbler, ustepper, ...")
    image = p.add_mutually_exclusive_group()
    image.add_argument("--image", metavar="FILE", help="MicroPython image to write first")
    image.add_argument(
        "--download", action="store_true", help="fetch the pinned MicroPython image and write it"
    )
    p.add_argument("--sha256", metavar="HEX", help="what the image's checksum must be")
    p.add_argument("--no-erase", action="store_true", help="with an image: keep the files")
    p.add_argument("--wifi", metavar="SSID", help="network the module shall join")
    p.add_argument(
        "--wifi-password-file",
        metavar="FILE",
        help="its password; or MEP_WIFI_PASSWORD in the environment, or you are asked",
    )
    p.add_argument("--key", help="the meter's key; it is safer in a file or in MEP_KEY")
    p.add_argument("--key-file", metavar="FILE", help="file that holds the key and no more")
    p.add_argument("--config", metavar="FILE", help="JSON file with more of the configuration")
    add_tls(p)
    p.add_argument(
        "--wait", type=float, default=45, metavar="S", help="listen so long (default: 45 s)"
    )
    p.add_argument(
        "--keep-updates",
        action="store_true",
        help="leave versions that came over the network: one of them may be what runs",
    )
    p.add_argument("--no-start", action="store_true", help="leave the module at its prompt")
    p.set_defaults(module="flash")
