"""What is asked by MQTT: commands on ``<mqtt_base>/cmd``, answers on ``<mqtt_base>/reply``.

Theory of operation. Loaded only if ``mqtt_commands`` allows some. What comes is noted at once and
looked at by a task of its own; what checks it (`firmware.mqtt.orders`) and what does it
(`firmware.mqtt.deeds`, `firmware.mqtt.answering`) is here for one command. Only what reads takes
time, and of that there is one at a time. The meter is asked as over HTTP, by the queue of jobs.
"""

import json

from shim import const
from ..hal.clock import sleep_ms, ticks_diff, ticks_ms
from ..hal.memory import drop

_LOOK_MS = const(100)
MOST = const(4)  # commands that come within that
_TASK_MS = const(60000)


class Commands:
    """The commands for ``app`` (`firmware.app.App`); it begins by itself."""

    def __init__(self, app):
        self.app = app
        self.client = app.mqtt
        self.waiting = []  # (payload, whether it was retained); the last may be one too many
        self.oversize = 0  # messages too long to be read, of which was told
        self.work = None  # task of the command under way
        self.pace = None  # of `interval`: `firmware.mqtt.pace.Pace`
        self.shown = None  # of `identify`: (what stood there before, until when)
        self.client.subscribe(app.config["mqtt_base"] + "/cmd", self._came)
        app.supervisor.start("commands", self.run, _TASK_MS)

    def _came(self, topic, payload):
        if len(self.waiting) <= MOST and payload:  # nothing takes a retained message back
            # MQTT 3.1.1, 3.3.1: the lowest bit says that it was kept by the broker.
            self.waiting.append((payload, self.client._pipe.first(0) & 1))

    async def run(self):
        """Look for commands for ever."""
        alive = self.app.alive("commands")
        try:
            while True:
                alive()
                if self.work and self.work.done():
                    self.work = None  # it would keep its code in memory
                if self.waiting or self.client._pipe.oversize != self.oversize:
                    self._look()
                if self.shown and ticks_diff(ticks_ms(), self.shown[1]) >= 0:
                    self.app.weak = self.shown[0]
                    self.shown = None
                await sleep_ms(_LOOK_MS)
        finally:
            if self.work:
                self.work.cancel()

    def _look(self):
        try:
            from . import orders

            orders.look(self)
        except MemoryError:
            self.waiting = []
            self.say(None, '"error":"the module has too little memory for it now"', False)
        orders = None
        drop("firmware.mqtt.orders")

    def say(self, tag, more, ok=True):
        """Publish an answer; ``more``: its members as JSON. True unless it was dropped."""
        text = '{"id":%s,"ok":%s,%s}' % (json.dumps(tag), "true" if ok else "false", more)
        return self.client.publish(self.app.config["mqtt_base"] + "/reply", text)
