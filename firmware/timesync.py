"""Sets the clock by NTP once a day, and knows the local time for display.

Without NTP the meter's clock counts (the poller reads it), without that there is no time yet.
What asks and what knows the zone is loaded for a moment only.
"""

from shim import const
from .hal import clock
from .hal.memory import drop

_TURN_S = const(15)
_DAY_S = const(86400)
_MOST_S = const(3600)
_QUARTER_S = const(900)  # daylight saving begins and ends at a quarter of an hour, everywhere


class TimeSync:
    """``now()`` is the best time known (seconds since 1970 or None); ``online()`` a network."""

    def __init__(self, config, log, now, online, set_clock):
        self._config = config
        self._log = log
        self._now = now
        self._online = online
        self._set = set_clock
        self._quarter = None
        self._offset = 0

    async def run(self, alive=None):
        """Keep both for ever; ``alive()`` is called at each turn."""
        servers = self._config["ntp_servers"]
        wait = 0
        pause = _TURN_S
        told = None
        while True:
            if alive:
                alive()
            self._follow()
            if wait <= 0 and servers and self._online():
                from . import ntp

                try:
                    told = await ntp.sync(servers, self._set, told, self._log)
                    wait, pause = _DAY_S, _TURN_S
                except OSError as e:
                    if told != str(e):
                        told = str(e)
                        self._log("warn", "time: " + told)
                    wait, pause = pause, min(2 * pause, _MOST_S)
                drop("firmware.ntp", "firmware.hal.udp")
            before = clock.ticks_ms()
            # Who waits for a network looks often: with the profile low it is there for seconds.
            await clock.sleep_ms(1000 if servers and wait <= 0 else _TURN_S * 1000)
            wait -= clock.ticks_diff(clock.ticks_ms(), before) // 1000

    def local(self):
        """Local time as ``YYYY-MM-DDThh:mm:ss+hh:mm``; None while there is no time."""
        now = self._now()
        if now is None:
            return None
        self._follow()
        minutes = abs(self._offset) // 60
        return "%s%s%02d:%02d" % (
            clock.iso(now + self._offset)[:-1],
            "-" if self._offset < 0 else "+",
            minutes // 60,
            minutes % 60,
        )

    def _follow(self):
        now = self._now()
        if now is None or now // _QUARTER_S == self._quarter:
            return
        self._quarter = now // _QUARTER_S
        from .timezone import Zone

        self._offset = Zone(self._config["timezone"]).offset(now)
        drop("firmware.timezone")
