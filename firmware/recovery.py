"""Set-up, settings and safe mode: the radio and the pages, nothing of the meter or of MQTT."""

import asyncio
import gc

from shim import const
from .hal import clock
from .log import Log
from .supervisor import Supervisor
from .watchdog import Watchdog
from .wifi import Wifi

# Why the pages are served: nothing is set up; hours without network; asked for; faults.
SET_UP = const(0)
WINDOW = const(1)
SETTINGS = const(2)
SAFE = const(3)

_TASK_MS = const(60000)
_BEAT_MS = const(1000)
_LIVED = const(60)  # beats; `boot_guard.LIVED_MS`
# Beats without a request until the application is tried: the fault may be gone, the owner too.
_SAFE = const(900)
_SETTINGS = const(600)
_LIMITS = (1 << 30, 1 << 30, _SETTINGS, _SAFE)
_LISTEN = ("0.0.0.0", 80)  # phones look at no other port
_GARBAGE = const(8192)  # as in `firmware.begin`: what is loaded for a moment shall not lie about


class Recovery:
    """``mode``: SET_UP, WINDOW, SETTINGS or SAFE. ``notes``: what was wrong with the stored
    configuration. ``chip`` is `firmware.hal.esp32`. ``token``: of the session that asked for the
    settings. ``listen``: address and port of the pages.
    """

    def __init__(self, guard, config, notes, mode, chip, token="", listen=_LISTEN):
        from . import config as configuration
        from .web import setup

        self.guard = guard
        self.safe = safe = mode == SAFE
        self.mode = mode
        self.ap = None
        self.log = Log(configuration.secrets(config))
        guard.redact = self.log.redact
        self._chip = chip
        self._listen = listen
        self.supervisor = Supervisor(self.log, guard.note)
        self.wifi = Wifi(
            config, self.log, chip.network, self._alive("wifi"), guard.cause == "brown-out"
        )
        self.setup = setup.Setup(
            config,
            self.wifi,
            self.restart,
            self.log,
            self.facts if safe else None,
            mode == SETTINGS,
            token or None,
        )
        self.setup.errors = notes
        name = "safe mode" if safe else "settings" if mode == SETTINGS else "set-up"
        self.log("info", "%s: started by %s" % (name, guard.cause))

    async def run(self):
        """Serve until the chip starts again."""
        from .web import setup

        if hasattr(gc, "threshold"):
            gc.threshold(_GARBAGE)
        try:
            # Before the access point is there: nobody is thrown off it.
            self.setup.networks = setup.scan(self.wifi)
            if self.mode != SETTINGS:
                self._open()
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

    def _open(self):
        from .setup_ap import AccessPoint

        wifi = self.wifi
        self.ap = AccessPoint(wifi.network, wifi.name, wifi.config["ap_password"], self.log)
        self.setup.point = True

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
        from .web import server, setup_app

        setup = self.setup
        if not setup.open:

            def updates(app):
                from .web import update

                def allowed(req):
                    return None if setup_app.trusted(setup, req) else setup_app.to("/")

                config = self.wifi.config
                update.mount(app, allowed, config, self.restart, self._chip.chip())

            setup.updates = updates
        page = setup_app.create_app(setup)
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
            if self.mode == WINDOW and (not self.ap or self.ap.over(_BEAT_MS, self.wifi.online)):
                self.restart()
            if quiet >= _LIMITS[self.mode]:
                self.log("info", "nobody asks any more, the application is tried again")
                self.restart()


def run(guard, config, notes=(), mode=SET_UP, token=""):
    """Set-up, settings or safe mode until Ctrl-C."""
    from .hal import esp32

    try:
        asyncio.run(Recovery(guard, config, list(notes), mode, esp32, token).run())
    except KeyboardInterrupt:
        pass
