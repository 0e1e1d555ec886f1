"""The line's hardware: MAX3232 supply, ENABLE, UART; and what is done when nothing is heard.

Switching on: supply, a second for the charge pump, ENABLE, a second for the meter (its display
shows an M), drop what came. When the meter stays silent one rung of a ladder is taken per failure:
drain; ENABLE off and on; supply off too, for longer each time, because a latched-up MAX3232 must
cool; then retries for ever at the slowest pace, with a long cooling every so often. Where another
rate than 9600 is configured, both are tried in turn: somebody may have set the meter back.

Two faults show themselves and are told once: a counterfeit MAX3232 (the line comes back only after
cooling, again and again) and an ENABLE line that sags (replies are always cut at the same place).
"""

from shim import const
from ..hal import clock, ports
from ..hal.memory import drop

_SETTLE_MS = const(1000)  # 100 ms is usual for the charge pump; a second is safe
_OFF_MS = const(1000)
_FIRST_COOL_MS = const(5000)
_MOST_COOL_MS = const(60000)
_RUNGS = const(5)  # 5, 10, 20, 40, 60 s
_SLOW_MS = const(60000)
_EVERY = const(10)  # of the slow retries, one is a cooling
_STEP_MS = const(1000)
_USUAL = const(9600)  # baud, of every meter until somebody changes it (ET13)
_DRAIN_MS = const(200)
_QUIET_MS = const(50)

_REVIVED = const(3)  # coolings that brought the line back until the chip is suspected
_NEAR = const(8)  # cuts so close together are the same place
_SAME = const(4)
_PIECE = const(64)
_LEAST = const(16)
_AROUND = const(13)  # bytes of a reply that are not data: length, code, count, digest


class Line:
    """The line of ``board`` (None on hosts) under ``config`` (port, baud, enable_line).

    It is the link's port itself, so that it can be switched off and on underneath the link.
    ``diagnosis`` is a text for the owner, or None; ``piece`` the most data bytes to ask for in one
    read, None for no limit; ``state`` what is going on, for the status page.
    """

    def __init__(self, board, config, log, hal=ports):
        self.diagnosis = None
        self.piece = None
        self.state = "off"
        self.baud = config["baud"]
        self._board = board
        self._config = config
        self._log = log
        self._hal = hal
        self._port = None
        self._powered = False
        self._on = False  # switched on and settled
        self._fails = 0
        self._slow = 0
        self._passing = False  # the diagnosis ends with a reply
        self._cooled = False  # the last rung was a cooling
        self._helped = 0  # coolings after which the meter was heard again
        self._cut_at = 0
        self._same = 0
        # A host's adapter drops RTS and DTR while it is closed: ENABLE may be wired to one.
        self._adapter = board is None and config.get("enable_line", False)
        self._scratch = bytearray(32)
        self._enable = self._supply = None
        if board is not None:
            if board.ENABLE is not None:
                self._enable = hal.switch(board.ENABLE, 0)
            if board.SUPPLY is not None:
                self._supply = hal.switch(board.SUPPLY, 1)
        self._rest()

    # -- the link's port

    async def open_line(self):
        """Switch on what is off and open the port; gives this object. Raises OSError."""
        if self._port is None:
            await self._switch_on()
        return self

    def close(self):
        """Close the port; ENABLE and supply stay as they are."""
        port = self._port
        self._rest()
        if port is not None:
            port.close()

    def _rest(self):
        # Without a port nothing comes and nothing goes, and the link waits it out.
        self._port = None
        self.readinto = self.write = _nothing

    # -- what the poller tells

    def heard(self):
        """The meter answered: the ladder begins at its foot again."""
        if not self._fails:
            return
        self._fails = self._slow = 0
        self.state = "on"
        baud = self._config["baud"]
        if self.baud != baud:
            self._passing = True
            self._tell("RATE", (self.baud, baud))
        elif self._passing:
            self._passing = False
            self.diagnosis = None
        if self._cooled:
            self._helped += 1
            self._cooled = False
            if self._helped >= _REVIVED:
                self._tell("COUNTERFEIT", self._helped)

    def cut(self, at):
        """A reply stopped after ``at`` bytes."""
        if abs(at - self._cut_at) <= _NEAR:
            self._same += 1
        elif self._same > 1:
            self._same -= 1
        else:
            self._cut_at = at
            self._same = 1
        if self._same >= _SAME:
            self._same = 0
            piece = max(_LEAST, min(_PIECE, (self._cut_at - _AROUND - _NEAR) & ~3))
            if self.piece is None or piece < self.piece:
                self.piece = piece
                self._tell("SAG", self._cut_at)

    def whole(self, count):
        """A reply with ``count`` data bytes came whole: no cut at less can be a rule."""
        if count + _AROUND > self._cut_at + _NEAR:
            self._same = 0

    async def recover(self, silent=True, alive=None):
        """Take the ladder's next rung. Not ``silent``: something was heard, the chip works.

        ``alive`` is called now and then while it takes long. Raises OSError if the port cannot be
        opened again.
        """
        rung = self._fails
        self._fails += 1
        if rung:
            await self.turn()
        if rung == 0 or not (self._enable or self._supply or self._adapter):
            await self._drain()
        elif not silent:
            # Its time is better spent reading; a cycle now and then costs little.
            if rung % _EVERY == 1:
                await self._cycle(_OFF_MS, False, alive)
        elif rung == 1:
            await self._cycle(_OFF_MS, False, alive)
        elif rung - 2 < _RUNGS:
            await self._cycle(min(_FIRST_COOL_MS << (rung - 2), _MOST_COOL_MS), True, alive)
        else:
            await self._slowly(alive)

    async def turn(self):
        """Go on at 9600 baud instead of the configured rate, or at that again.

        Raises OSError if the port cannot be opened.
        """
        baud = self._config["baud"]
        if baud != _USUAL:
            self.baud = _USUAL if self.baud == baud else baud
            self.close()
            await self.open_line()

    # -- helpers

    async def _slowly(self, alive):
        if not self._slow:
            self._passing = True
            self._tell("DEAD")
        self._slow += 1
        if self._slow % _EVERY == 0:
            await self._cycle(_MOST_COOL_MS, True, alive)
        else:
            self._cooled = False
            self.state = "silent: tried once a minute"
            await _pause(_SLOW_MS, alive)

    async def _cycle(self, off_ms, cool, alive):
        self.close()
        self._on = False
        if self._enable:
            self._enable.set(False)
        cool = cool and self._supply is not None
        if cool:
            self._supply.set(False)
            self._powered = False
            if self._enable:
                # Off means no current into the chip by its inputs either.
                self._enable.release()
        what = "MAX3232 off to cool" if cool else "ENABLE off"
        self.state = "silent: %s for %d s" % (what, off_ms // 1000)
        self._log("info", "meter line " + self.state)
        await _pause(off_ms, alive)
        await self._switch_on()
        self._cooled = cool

    async def _switch_on(self):
        if not self._on:
            if self._supply and not self._powered:
                self._supply.set(True)
                self._powered = True
                if self._enable:
                    self._enable.set(False)
                await clock.sleep_ms(_SETTLE_MS)
            if self._enable:
                self._enable.set(True)
                await clock.sleep_ms(_SETTLE_MS)
        config = self._config
        port = await self._hal.open_port(config["port"], self.baud, self._board)
        if self._adapter and not self._on:
            await clock.sleep_ms(_SETTLE_MS)
        self._on = True
        self._port = port
        self.readinto = port.readinto
        self.write = port.write
        self.state = "on"
        await self._drain()

    async def _drain(self):
        began = heard = clock.ticks_ms()
        while True:
            now = clock.ticks_ms()
            if self.readinto(self._scratch):
                heard = now
            elif clock.ticks_diff(now, heard) >= _QUIET_MS:
                return
            if clock.ticks_diff(now, began) >= _DRAIN_MS:
                return
            await clock.sleep_ms(10)

    def _tell(self, what, values=()):
        from . import linetexts  # seldom

        text = getattr(linetexts, what) % values
        del linetexts
        drop("firmware.meter.linetexts")
        if self.diagnosis != text:
            self.diagnosis = text
            self._log("error", text)


def _nothing(_):
    return 0


async def _pause(ms, alive):
    # In steps, so that the watchdog hears of it.
    end = clock.ticks_add(clock.ticks_ms(), ms)
    while True:
        left = clock.ticks_diff(end, clock.ticks_ms())
        if left <= 0:
            return
        if alive:
            alive()
        await clock.sleep_ms(min(left, _STEP_MS))
