"""One module and all around it on a clock that never waits: lives, events, expected states.

The firmware is the real one, from `firmware.start.start` on, imported afresh in each life as after
a reset, on the chip's fakes and a network in memory. What a reset keeps is kept: files, the RTC's
memory and time. A script (`timelinescript`) is a list of rows: moment, event, moment, expected
state; `play` runs it and gathers in ``wrong`` what was not as expected.
"""

import gc
import sys

from timelineclock import BEGIN, Clock, clock_text, fits
from timelineparts import Broker, Meter, fault, late_fault, parse
from timelinestage import BROKER, Stage
from timeloop import sleep_ms

# From the reset to the first line of ours: the boot loader, the interpreter and our imports. An
# allowance; it was not measured on a chip.
BOOT_MS = 3000
_ANSWER_MS = 900  # in which a page must be there
_TOLD_MS = 1500  # from a meter's first values to its name
_LINES = 30
CONFIG = {
    "board": "dabbler",
    "key": "01" * 16,
    "wifi_ssid": "home",
    "wifi_password": "secret12",
    "ap_password": "of this one",
    "ap_after_h": 0,
    "mqtt_host": BROKER,
}


class Over(SystemExit):
    """The script is at its end."""


class World(Clock):
    """``config``: what the module is set up with beside the usual; ``ticks``: where its ticks
    begin, as if it had started so long ago.
    """

    def __init__(self, config=None, ticks=0):
        super().__init__(ticks)
        self.wrong = []
        self.rows = []  # (row, state) of each row that was judged
        self.lives = 0
        self.fast_s = 0  # of the time server
        self.shifts = {0}  # by how many s a time of day may be off now
        self.console = []
        self.app = self.guard = None
        self.mode = ""
        self.first = None  # ms of the first published reading
        self.answer = ""  # to the last change of the configuration
        self.config = dict(CONFIG)
        self.config.update(config or {})
        self._cause = None
        self._number = None  # of the meter whose values were published last
        self._counts = (0, 0, 0)
        self.meters = [Meter(self, 0), Meter(self, 1)]
        self.meter = self.meters[0]
        self.broker = Broker(self)
        self.bite = self._bite

    def utc(self):
        """The true time: seconds since 1970."""
        return BEGIN + self.now // 1000

    def play(self, rows, events):
        """Run the script. ``events``: {text: function of this world}."""
        for row in rows:
            at, event, after, expected = row
            if event:
                self.at(at, lambda f=events[event]: f(self))
            self.at(at + after, lambda r=row: self._look(r))
        last = rows[-1]
        self.at(last[0] + last[2] + 2 * _ANSWER_MS, self._end)
        with Stage(self):
            try:
                while True:
                    self._life()
            except Over:
                pass
            self._forget()

    def _end(self):
        raise Over()

    # -- lives

    def _life(self):
        machine = self.chip.machine
        try:
            self.lives += 1
            self.advance(BOOT_MS)
            self._start()
        except machine.Reset as e:
            self._cause = e.args
        self._forget()
        cause = self._cause[0]
        raw = self._cause[1] if len(self._cause) > 1 else None
        self.born = self.now
        if cause == machine.PWRON_RESET and raw is None:
            machine.power_on()
            self.set = None
        else:
            machine.restart(cause, raw)
        air = list(self.network.air)
        self.network.power_on()
        self.network.air.extend(air)
        self.lan.restart()
        self.meter.forget()

    def _forget(self):
        # Nothing of the life that is over goes on, not even a destructor.
        self.app = self.guard = None
        self.mode = "off"
        self.garbage()

    def _start(self):
        for name in list(sys.modules):
            if name.split(".")[0] == "firmware":
                del sys.modules[name]
        from firmware.hal import clock

        clock.time = self
        clock.ticks_ms = self.ticks_ms
        clock.ticks_add = self.ticks_add
        clock.ticks_diff = self.ticks_diff
        clock.sleep_ms = sleep_ms
        self.seconds = clock.seconds_of
        from firmware.hal import ports

        ports.CHIP = ports.MICROPYTHON = True
        from firmware import app, start

        build, guard = app.App, start.BootGuard
        app.App = lambda *args, **more: self._built(build(*args, **more))
        start.BootGuard = lambda *args: self._guarded(guard(*args))
        start.start()
        self.wrong.append("%s: start() returned" % clock_text(self.now))
        raise Over()

    def _built(self, app):
        self.app = app
        if hasattr(gc, "threshold"):
            # A heap ten times as large as the chip's need not be looked through every 8 KB.
            self.at(self.now + 1000, lambda: gc.threshold(-1))
        self.mode = "application"
        return app

    def _guarded(self, guard):
        self.guard = guard
        choose = guard.mode

        def mode(*args):
            chosen = choose(*args)
            self.mode = "safe mode" if chosen == "safe" else "set-up"
            return chosen

        guard.mode = mode
        return guard

    def reset(self, cause, raw=None):
        """The chip starts again."""
        raise self.chip.machine.Reset(cause, raw) if raw else self.chip.machine.Reset(cause)

    def _bite(self):
        dog = self.chip.machine.WDT.running
        if dog and dog.starved:
            self.reset(self.chip.machine.WDT_RESET)

    def unheard(self, error):
        """A task ended with ``error`` and nobody asked for it."""
        if not isinstance(error, SystemExit):
            self.wrong.append("%s: a task ended: %r" % (clock_text(self.now), error))

    def print(self, *words):
        self.console.append(" ".join([str(w) for w in words]))
        del self.console[:-_LINES]

    # -- the network's view

    def address(self):
        """The module's address, None without one."""
        sta = self.sta()
        return sta.ifconfig()[0] if sta.isconnected() else None

    def carries(self):
        return self.router.up

    def sta(self):
        return self.network.WLAN(self.network.STA_IF)

    def published(self, topic, text):
        """A message came to the broker: is it true?"""
        # By an empty one the broker is to forget alerts, a value or a device.
        empty = not text and topic.startswith(("mep/alerts", "mep/values/", "mep/mbus/"))
        data = parse(text, self.wrong) if topic != "mep/status" and not empty else None
        if topic == "mep/readings" and data:
            ages = {int(t[2:]): data["age_ms"][t] for t in data["age_ms"]}
            why = fault(self.now, data["values"], ages, self.broker.late)
            why = why or self._untrue(data["time"])
            power = data["values"].get("power_forward")
            if power is not None:
                self.first = self.first or self.now
                # Who the meter is may be published a moment after its first values.
                number = power // 400000
                if number != self._number:
                    self._number = number
                    self.at(self.now + _TOLD_MS, lambda: self._called(number))
            if why:
                self.wrong.append("%s: published: %s" % (clock_text(self.now), why))

        if topic == "mep/late" and data:
            seconds = self._seconds_of(data["time"])
            why = late_fault((seconds - BEGIN) * 1000 + 999, data["values"])
            if why:
                self.wrong.append("%s: kept: %s" % (clock_text(self.now), why))

    def _called(self, number):
        text = self.broker.retained.get("mep/meter", "")
        if self.meters[number].serial not in text:
            self.wrong.append("%s: the meter is called %s" % (clock_text(self.now), text))

    def _untrue(self, text):
        # What is wrong with a time of day that was told.
        if text is None:
            return None
        seconds = self._seconds_of(text)
        if seconds is None or text[:2] != "20":
            return "time %s" % text
        off = seconds - self.utc()
        late = self.broker.late // 1000
        good = min([abs(off - s) for s in self.shifts]) <= 2 + late
        return None if good else "%d s off" % off

    def _seconds_of(self, text):
        places = ((2, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19))
        return self.seconds([int(text[a:b]) for a, b in places], 0)

    # -- expected states

    def _look(self, row):
        visit = self.lan.visit("/api/v1/status" if self.app else "/")
        state = self.state()
        self.at(self.now + _ANSWER_MS, lambda: self._judge(row, state, visit))

    def count(self):
        """Count BT28, messages and late ones from now on; gives the counts."""
        self._counts = (self.meter.values, self.broker.messages, self.broker.kept)
        return self._counts

    def state(self):
        """What can be seen of the module now (dict)."""
        guard = self.guard
        before, counts = self._counts, self.count()
        state = {
            "mode": self.mode,
            "starts": self.lives,
            "address": self.address(),
            "name": self.network.hostname(),
            "ap": self.network.WLAN(self.network.AP_IF).active(),
            "mqtt": self.broker.online(),
            "status": self.broker.told(),
            "connects": self.broker.connects,
            "bt28": counts[0] - before[0],
            "published": counts[1] - before[1],
            "kept": counts[2] - before[2],
            "gap": self.meter.gap_ms,
            "by": guard.cause if guard else None,
            "why": guard.why if guard else None,
            "fault": "; ".join(guard.faults) if guard else "",
            "console": "; ".join(self.console),
            "power": self.sta().config("txpower"),
            "first": self.first,
            "answer": self.answer,
        }
        self.meter.gap_ms = 0
        if self.app:
            self._of_app(self.app, state)
        return state

    def _of_app(self, app, state):
        store = app.store
        now = store.now()
        status = app.status()
        restarts = app.supervisor.restarts
        state["meter"] = store.online
        state["reason"] = "" if store.online else store.reason
        state["serial"] = store.meter["serial"]
        state["wifi"] = status["wifi"]["state"] if app.wifi else "off"
        state["line"] = status["line"]
        state["notes"] = "; ".join(status["notes"])
        state["off_by"] = None if now is None else now - self.utc()
        state["tasks"] = {name: restarts[name] for name in restarts if restarts[name]}
        state["mqtt_reason"] = app.mqtt.reason if app.mqtt else None
        values = {name: store.value(i) for i, name in enumerate(store.names)}
        ages = {}
        for i, kind in enumerate(store.kinds):
            ages[kind[1]] = store.age_ms(i)
        state["age"] = ages.get(28)
        state["energy"] = values.get("energy_forward")
        why = fault(self.now, values, ages)
        if why:
            self.wrong.append("%s: stored: %s" % (clock_text(self.now), why))

    def _judge(self, row, state, visit):
        code, text = visit.answer() if visit else (0, "")
        state["page"] = code
        if self.app and code == 200:
            data = parse(text, self.wrong) or {}
            state["page_time"] = data.get("time")
        self.rows.append((row, state))
        at, event, after, expected = row
        for name in expected:
            if not fits(state.get(name), expected[name]):
                self.wrong.append(
                    "%s and %d s, %s: %s is %r instead of %r; console: %s"
                    % (
                        clock_text(at),
                        after // 1000,
                        event or "nothing new",
                        name,
                        state.get(name),
                        expected[name],
                        self.console[-4:],
                    )
                )
