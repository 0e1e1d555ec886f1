"""The Wi-Fi station, tried for ever: a router that starts later must not strand the module.

The port by itself would try again without a pause and often without a reason. So it gets a few
tries at a time; then the reason is read and told, and the pause until the next ones grows.
"""

from shim import const
from .hal import clock
from .hal.memory import drop

_STEP_MS = const(500)
_TRY_STEPS = const(40)  # for a join, address included
_FIRST = const(4)  # steps of the first pause
_MOST = const(120)
_HOUR_MS = const(3600000)


class Wifi:
    """The radio under ``config``; ``network`` is the port's module of that name.

    ``alive()`` is called twice a second; ``lost()`` after ``ap_after_h`` hours without network,
    and again after as many. ``weak``: the supply broke down, send with less. ``state`` says in
    words how it is.
    """

    def __init__(self, config, log, network, alive=None, weak=False, lost=None):
        from .radio import name_of

        self.config = config
        self.name = name_of(config, network)
        self.state = "off"
        self.network = network
        self._log = log
        self._alive = alive
        self._weak = weak
        self._lost = lost
        self._sta = network.WLAN(network.STA_IF)
        self._down = 0  # ms without network
        self._again = False

    @property
    def online(self):
        """True with an address."""
        return self._sta.isconnected()

    def rssi(self):
        """Signal in dBm, None without a network."""
        try:
            return self._sta.status("rssi")
        except OSError:
            return None

    def ip(self):
        """The station's address (str)."""
        return self._sta.ifconfig()[0]

    def status(self):
        """For the status document (dict)."""
        return {"state": self.state, "rssi": self.rssi(), "ip": self.ip(), "name": self.name}

    def join(self, config):
        """Leave the present network for that of ``config``."""
        self.config = config
        self.state = "joining"
        self._again = True

    async def run(self):
        """Join, and join again whenever the network is gone, for ever."""
        pause = _FIRST
        while True:
            self._again = False
            if self.config["wifi_ssid"]:
                try:
                    if await self._join():
                        pause = _FIRST
                        drop("firmware.radio")
                        while self.online and not self._again:
                            await self._step()
                        self._tell("the network is gone")
                    self._sta.disconnect()
                except (OSError, RuntimeError) as e:
                    self._tell(str(e))
            for _ in range(pause):
                if not self._again:
                    await self._step()
            pause = _FIRST if self._again else min(2 * pause, _MOST)

    def up(self):
        """The radio on; gives the station."""
        from .radio import up

        return up(self.network, self.config, self.name, self._weak)

    async def _join(self):
        sta = self.up()
        sta.connect(self.config["wifi_ssid"], self.config["wifi_password"])
        for _ in range(_TRY_STEPS):
            if sta.isconnected():
                self._tell("online", "info")
                self._log("info", "address %s, name %s" % (self.ip(), self.name))
                return True
            if self._again:
                return False
            await self._step()
        from .radio import why

        self._tell(why(sta))
        return False

    def _tell(self, state, level="warn"):
        if state != self.state and not self._again:
            self.state = state
            self._log(level, "Wi-Fi %s: %s" % (self.config["wifi_ssid"], state))

    async def _step(self):
        before = clock.ticks_ms()
        await clock.sleep_ms(_STEP_MS)
        if self._alive:
            self._alive()
        # Summed up, because a difference of ticks ends at six days and ``ap_after_h`` at seven.
        passed = clock.ticks_diff(clock.ticks_ms(), before)
        self._down = 0 if self.online else self._down + passed
        if self._lost and 0 < self.config["ap_after_h"] * _HOUR_MS <= self._down:
            self._down = 0
            self._lost()
