"""The options of `flash`, `monitor`, `backup` and `restore`."""

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


def add(commands, command):
    """Add the four to ``commands``; ``command(commands, name, what, text)`` makes a parser."""
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


def _port(p):
    p.add_argument("--port", metavar="PORT", help="serial port: /dev/ttyUSB0, COM5, rfc2217://...")


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
    p.add_argument(
        "--wait", type=float, default=45, metavar="S", help="listen so long (default: 45 s)"
    )
    p.add_argument("--no-start", action="store_true", help="leave the module at its prompt")
    p.set_defaults(module="flash")
