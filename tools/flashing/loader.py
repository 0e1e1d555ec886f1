"""The chip's loader, through esptool, which is run as a program (it is GPL, we only start it)."""

import re
import subprocess
import sys

from . import FlashError
from .chips import kind_of
from .words import chip_fault

PROGRAM = (sys.executable, "-m", "esptool")
_UNIT = {"KB": 1 << 10, "MB": 1 << 20}


def identify(port):
    """``(kind of chip, bytes of flash or None)`` of what hangs on ``port``. Raises FlashError."""
    run = subprocess.run(
        [*PROGRAM, "--port", port, "flash-id"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if run.returncode:
        raise FlashError(chip_fault(port, run.stdout))
    chip = re.search(r"Connected to (ESP\S+) on ", run.stdout)
    if not chip:
        raise FlashError("port %s: esptool does not say which chip this is" % port)
    size = re.search(r"flash size:\s*(\d+)([KM]B)", run.stdout)
    return kind_of(chip.group(1)), size and int(size.group(1)) * _UNIT[size.group(2)]


def write(port, chip, image, erase=True):
    """Write an `image.Image`, on an empty flash if ``erase``, and start it. Raises FlashError."""
    # Its progress bar goes straight to the terminal; only its complaints are read.
    command = [*PROGRAM, "--chip", chip, "--port", port, "--baud", "460800", "write-flash"]
    command += ["--erase-all"] if erase else []
    command += [hex(image.offset), str(image.path)]
    run = subprocess.run(command, stderr=subprocess.PIPE, text=True, errors="replace")
    if run.returncode:
        raise FlashError(chip_fault(port, run.stderr))
