"""Runs under MicroPython: what `firmware.late` erases of its LittleFS while no broker is there.

    micropython tests/host/late_wear.py HOURS

Prints all erasures of blocks, those of the most used block, blocks in use, readings waiting.
"""

import os
import sys
from array import array

sys.path[:0] = [".", "lib", "tests/both", "tests"]

from firmware import storage  # noqa: E402  needs the line before
from latekit import Use, World  # noqa: E402

BLOCK = 4096
BLOCKS = 200


class Flash:
    """A block device that counts."""

    def __init__(self):
        self.data = bytearray(BLOCK * BLOCKS)
        self.erased = [0] * BLOCKS

    def readblocks(self, block, buf, offset=0):
        at = block * BLOCK + offset
        buf[:] = self.data[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        at = block * BLOCK + offset
        self.data[at : at + len(buf)] = buf

    def ioctl(self, op, arg):
        if op == 4:
            return BLOCKS
        if op == 5:
            return BLOCK
        if op == 6:
            self.erased[arg] += 1
        return 0


def main(hours):
    flash = Flash()
    os.VfsLfs2.mkfs(flash)
    os.mount(os.VfsLfs2(flash), "/f")
    os.chdir("/f")
    flash.erased = [0] * BLOCKS
    world = World(24, storage)
    with Use():
        world.start()
        for _ in range(hours):
            for _ in range(60):
                world.minute()
            world.kept = array("i")
    used = BLOCKS - os.statvfs("/f")[3]
    waiting = world.late.status()["waiting"]
    print(sum(flash.erased), max(flash.erased), used, waiting)


main(int(sys.argv[1]))
