"""Runs under MicroPython's unix port: the module's inside for `standin.py`. Not for the device.

    micropython standin_chip.py ROOT FLASH BLOCKS CHIP raw|friendly CAUSE

Real here: the interpreter, the compiled code it loads, LittleFS, sockets, asyncio. Fakes:
`machine`, `network` and `esp32` of tests/fakes, and what `sys` says of the chip. The flash is the
file FLASH, FLASH.rtc the memory that a reset leaves alone. What comes on standard input is
executed; output goes out as the port's own prompt would send it, and IDLE says that it waits.
"""

import builtins
import os
import sys
import time

BLOCK = 4096
IDLE = "\0idle\0"
HARD = 42
SOFT = 43
_MACHINES = {
    "esp32": "Generic ESP32 module with ESP32",
    "esp32c3": "ESP32C3 module with ESP32C3",
    "esp32s3": "Generic ESP32S3 module with ESP32S3",
}


class Flash:
    """The block device on an open file; what was written is there after any cut."""

    def __init__(self, file, blocks):
        self.file = file
        self.blocks = blocks

    def readblocks(self, block, buf, offset=0):
        self.file.seek(block * BLOCK + offset)
        self.file.readinto(buf)

    def writeblocks(self, block, buf, offset=0):
        self.file.seek(block * BLOCK + offset)
        self.file.write(buf)

    def ioctl(self, op, arg):
        if op == 3:
            self.file.flush()
        if op == 4:
            return self.blocks
        if op == 5:
            return BLOCK
        if op == 6:
            self.writeblocks(arg, b"\xff" * BLOCK)
        return 0


class Implementation:
    """`sys.implementation` of the ESP32 port on ``chip``, but for the machine code's kind."""

    def __init__(self, chip):
        real = sys.implementation
        self.name = real.name
        self.version = real.version
        self._mpy = real._mpy
        self._machine = _MACHINES[chip]


class Sys:
    """`sys` as on the chip."""

    platform = "esp32"

    def __init__(self, chip):
        self.implementation = Implementation(chip)

    def __getattr__(self, name):
        return getattr(sys, name)


def mount(path, blocks):
    """Put the flash at /; format it as the port does where there is no file system."""
    flash = Flash(open(path, "r+b"), blocks)
    os.umount("/")
    try:
        vfs = os.VfsLfs2(flash)
    except OSError:
        os.VfsLfs2.mkfs(flash)
        vfs = os.VfsLfs2(flash)
    os.mount(vfs, "/")
    os.chdir("/")


def chip_modules(root, chip, cause, rtc):
    """The fakes in their places, in the state after a start for ``cause``."""
    sys.path[:] = [root, ".frozen"]
    from tests.fakes import Chip

    Chip(time, chip).__enter__()
    import machine

    machine.restart(cause)
    machine.RTC().memory(rtc)
    for name in list(sys.modules):
        if name.startswith("tests"):
            del sys.modules[name]
    sys.modules["sys"] = Sys(chip)
    sys.path[:] = ["", ".frozen", "/lib"]
    return machine


def run_file(path, scope, machine):
    """boot.py or main.py, if it is there; a fault is told as the port tells it."""
    try:
        os.stat(path)
    except OSError:
        return
    with open(path) as f:
        text = f.read()
    try:
        exec(compile(text, path, "exec"), scope)
    except SystemExit:
        machine.soft_reset()  # as the port does
    except KeyboardInterrupt as e:
        sys.print_exception(e)
    except Exception as e:
        sys.print_exception(e)


def serve(scope):
    """Execute what comes, for ever: a line with its length, then the code."""
    while True:
        sys.stdout.write(IDLE)
        line = sys.stdin.readline()
        if not line:
            sys.exit(0)
        code = sys.stdin.read(int(line))
        fault = None
        try:
            exec(code, scope)
        except (KeyboardInterrupt, Exception) as e:
            fault = e
        sys.stdout.write("\x04")
        if fault is not None:
            sys.print_exception(fault)
        sys.stdout.write("\x04>")


def main(root, path, blocks, chip, mode, cause):
    kept = open(path + ".rtc", "r+b")
    machine = chip_modules(root, chip, int(cause), kept.read())
    mount(path, int(blocks))
    scope = {"__name__": "__main__", "__builtins__": builtins}
    status = 0
    try:
        run_file("boot.py", scope, machine)
        if mode == "friendly":
            run_file("main.py", scope, machine)
            print("MicroPython v%d.%d.%d; stand-in\n>>> " % sys.implementation.version[:3], end="")
        else:
            print("raw REPL; CTRL-B to exit\n>", end="")
        while True:
            try:
                serve(scope)
            except KeyboardInterrupt:
                pass  # nothing was running
    except machine.Reset as e:
        status = SOFT if e.cause == machine.SOFT_RESET else HARD
    kept.seek(0)
    kept.write(machine.RTC().memory())
    kept.close()
    sys.exit(status)


main(*sys.argv[1:])
