"""A flash whose power fails, for MicroPython's own LittleFS."""

import random

BLOCK = 512
BLOCKS = 64


class PowerCut(BaseException):
    pass


class Flash:
    """A block device on ``data`` that dies after ``left`` writes and erasures (None: never)."""

    def __init__(self, data, left=None):
        self.data = data
        self.journal = None  # a list to keep each change in, as (place, bytes)
        self.left = left
        self.gone = False

    def readblocks(self, block, buf, offset=0):
        # When this life is over, files left open are still closed, by the garbage collector.
        if not self.gone:
            at = block * BLOCK + offset
            buf[:] = self.data[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        if not self.gone:
            self._change(block * BLOCK + offset, buf)

    def ioctl(self, op, arg):
        if op == 4:
            return len(self.data) // BLOCK
        if op == 5:
            return BLOCK
        if op == 6 and not self.gone:
            self._change(arg * BLOCK, b"\xff" * BLOCK)
        return 0

    def _change(self, at, buf):
        size = len(buf)
        if self.journal is not None:
            self.journal.append((at, bytes(buf)))
        if self.left is not None:
            if self.left < 0:
                raise PowerCut
            self.left -= 1
            if self.left < 0:
                size = random.randint(0, size)
        self.data[at : at + size] = buf[:size]
        if self.left is not None and self.left < 0:
            raise PowerCut
