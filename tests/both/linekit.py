"""A line of a board over the fake chip, in virtual time."""

import asyncio
import sys

sys.path.append("tests")

from fakes import Chip
from firmware import boards
from firmware.hal import ports
from firmware.meter import line as module
from firmware.meter import link as link_module
from firmware.meter import poller as poller_module
from firmware.meter.line import Line
from virtual import Time, Use

CONFIG = {"port": "", "baud": 9600}


class Rig:
    """``opened`` counts the openings of the port, ``fail`` is how many more of them fail."""

    def __init__(self, board, time, config):
        self.time = time
        self.lines = []
        self.opened = 0
        self.fail = 0
        self.switch = ports.switch
        self.line = Line(boards.load(board, {}), config, self.log, self)
        self._since = time.ticks_ms()
        self.pins()

    async def open_port(self, url, baud, board):
        self.opened += 1
        if self.fail:
            self.fail -= 1
            raise OSError("no UART")
        return await ports.open_port(url, baud, board)

    def log(self, level, text):
        self.lines.append(text)

    def pins(self):
        """Changes of the pins since the last call, as (ms since then, pin, state)."""
        trace = sys.modules["machine"].trace
        diff = self.time.ticks_diff
        out = [(diff(at, self._since), pin, state) for at, pin, state in trace]
        del trace[:]
        self._since = self.time.ticks_ms()
        return out


def with_line(function, board="dabbler", config=CONFIG):
    """Run ``function(rig, line)`` on the fake chip."""
    time = Time()
    kept = ports.CHIP
    with Chip(time), Use(time, module, link_module, poller_module):
        ports.CHIP = True
        try:
            rig = Rig(board, time, config)
            return asyncio.run(function(rig, rig.line))
        finally:
            ports.CHIP = kept
