"""Set-up and safe mode: the radio and one page, nothing of the meter or of MQTT."""

import asyncio

from shim import const
from .hal import clock
from .log import Log
from .supervisor import Supervisor
from .watchdog import Watchdog
from .wifi import Wifi

_TASK_MS = const(60000)
_BEAT_MS = const(1000)
_LIVED = const(60)  # beats; `boot_guard.LIVED_MS`
# Safe mode ends by itself when nobody uses its page for so long: the fault may be gone.
_SAFE = const(900)
_LISTEN = ("0.0.0.0", 80)  # phones look at no other port


class Recovery:
    """``safe``: safe mode, else set-up. ``notes``: what was wrong with the stored configuration.

    ``chip`` is `firmware.hal.esp32`. ``window``: only until there is a network, or for some
    minutes. ``listen``: address and port of the page.
    """

    def __init__(self, guard, config, notes, safe, chip, window=False, listen=_LISTEN):
        from . import config as configuration
        from .web import setup

        self.guard = guard
        self.safe = safe
        self.window = window
        self.ap = None
        self.log = Log(configuration.secrets(config))
        guard.redact = self.log.redact
        self._chip = chip
        self._listen = listen
        self.supervisor = Supervisor(self.log, guard.note)
        self.wifi = Wifi(
            config, self.log, chip.network, self._alive("wifi"), guard.cause == "brown-out"
        )
        self.setup = setup.Setup(config, self.wifi, self.restart, self.facts if safe else None)
        self.setup.errors = notes
        self.log("info", "%s: started by %s" % ("safe mode" if safe else "set-up", guard.cause))

    async def run(self):
        """Serve until the chip starts again."""
        from .web import setup

        try:
            # Before the access point is there: nobody is thrown off it.
            self.setup.networks = setup.scan(self.wifi)
            from .setup_ap import AccessPoint

            wifi = self.wifi
            password = wifi.config["ap_password"]
            self.ap = AccessPoint(wifi.network, wifi.name, password, self.log)
        except (OSError, RuntimeError) as e:
            self.log("error", "radio: %s" % e)
        start = self.supervisor.start
        try:
            start("wifi", self.wifi.run, _TASK_MS)
            start("web", self._web, _TASK_MS)
            start("watchdog", self._watchdog)
            await self._beat()
        finally:
            self.supervisor.stop()
            if self.ap:
                self.ap.close()

    def facts(self):
        """What the owner needs in safe mode (list of lines), without secrets."""
        guard = self.guard
        redact = self.log.redact
        lines = ["safe mode: %s; started by %s" % (guard.why, guard.cause), ""]
        return lines + [redact(f) for f in guard.faults] + [""] + self.log.lines()

    def restart(self):
        """Start again; a wanted end of this life."""
        if not self.safe:
            self.guard.healthy()
        self._chip.restart()

    async def _web(self):
        from .web import server, setup

        page = setup.create_app(self.setup)
        await server.serve(page, self._listen[0], self._listen[1], self._alive("web"))

    async def _watchdog(self):
        await Watchdog(self.supervisor, self.log, self._chip.watchdog, self.guard.note).run()

    def _alive(self, name):
        return lambda: self.supervisor.report(name)

    async def _beat(self):
        asked = -1
        quiet = beats = 0
        while True:
            await clock.sleep_ms(_BEAT_MS)
            beats += 1
            if beats == _LIVED and not self.safe:
                self.guard.healthy()
            quiet = quiet + 1 if self.setup.asked == asked else 0
            asked = self.setup.asked
            if self.window and (not self.ap or self.ap.over(_BEAT_MS, self.wifi.online)):
                self.restart()
            if self.safe and quiet >= _SAFE:
                self.log("info", "safe mode ends, the application is tried again")
                self.restart()


def run(guard, config, notes=(), safe=False, window=False):
    """Set-up or safe mode until Ctrl-C."""
    from .hal import esp32

    try:
        asyncio.run(Recovery(guard, config, list(notes), safe, esp32, window).run())
    except KeyboardInterrupt:
        pass
