"""What is asked by MQTT: commands on ``<mqtt_base>/cmd``, answers on ``<mqtt_base>/reply``.

Theory of operation. Loaded only if ``mqtt_commands`` allows some. What comes is noted at once and
looked at by a task of its own; what checks it (`firmware.mqtt.orders`) and what does it
(`firmware.mqtt.deeds`, `firmware.mqtt.answering`) is here for one command. Only what reads takes
time, and of that there is one at a time. The meter is asked as over HTTP, by the queue of jobs.
"""

import asyncio
import json

from shim import const
from ..hal.clock import sleep_ms, ticks_add, ticks_diff, ticks_ms
from ..hal.memory import drop

_LOOK_MS = const(100)
_MOST = const(4)  # commands that come within that
_TASK_MS = const(60000)
_SHOWN_MS = const(60000)
_PATIENCE_MS = const(60000)  # for the broker, to tell it the end of an answer
_BUSY = "another question is under way; ask again when it is answered"
_MANY = "more than 4 commands came at once; write one and wait for its answer"
_LONG = "a message of more than 256 bytes came and was not read; write a shorter one"
_FULL = "the module has too little memory for it now; ask again later"


class Commands:
    """The commands for ``app`` (`firmware.app.App`); it begins by itself."""

    def __init__(self, app):
        self.app = app
        self.client = client = app.mqtt
        base = app.config["mqtt_base"]
        self._topic = base + "/reply"
        self._readings = (base + "/readings").encode()
        self._publish = client.publish
        self._waiting = []  # (payload, whether it was retained)
        self._more = False  # than could wait
        self._long = 0  # messages too long to be read, already told of
        self._work = None
        self._every = self._due = 0
        self._note = self._until = None  # of `identify`: what stood there before, until when
        client.subscribe(base + "/cmd", self._came)
        app.supervisor.start("commands", self.run, _TASK_MS)

    def _came(self, topic, payload):
        if len(self._waiting) >= _MOST:
            self._more = True
        elif payload:  # nothing takes a retained message back
            # MQTT 3.1.1, 3.3.1: the lowest bit says that it was kept by the broker.
            self._waiting.append((payload, self.client._pipe.first(0) & 1))

    async def run(self):
        """Look for commands for ever."""
        alive = self.app.alive("commands")
        try:
            while True:
                alive()
                self._look()
                await sleep_ms(_LOOK_MS)
        finally:
            if self._work:
                self._work.cancel()

    def _look(self):
        long = self.client._pipe.oversize
        if long != self._long:
            self._long = long
            self.refuse(None, _LONG)
        while self._waiting:
            self._take(*self._waiting.pop(0))
        if self._more:
            self._more = False
            self.refuse(None, _MANY)
        if self._until and ticks_diff(ticks_ms(), self._until) >= 0:
            self.app.weak, self._until = self._note, None

    def _take(self, payload, retained):
        tag = None
        try:
            from . import orders

            tag, name, path, args, why = orders.take(payload, retained, self.app.config)
        except MemoryError:
            name, why = None, _FULL
        orders = None
        drop("firmware.mqtt.orders")
        work = self._work
        if not why and work and not work.done():
            if name != "restart":
                why = _BUSY
            else:
                work.cancel()
        if why:
            if retained:
                self.app.log("warn", "MQTT: " + why)
            return self.refuse(tag, why)
        self.app.log("info", "MQTT command: " + name)
        self._work = asyncio.create_task(self._do(tag, name, path, args))

    async def _do(self, tag, name, path, args):
        try:
            if path is None:
                from . import deeds

                work = deeds.do(self, tag, name, args)
            else:
                from . import answering

                work = answering.answer(self, tag, path, args)
            deeds = answering = None
            await work
        except MemoryError:
            self.refuse(tag, _FULL)
        except Exception as e:
            self.app.log("error", "MQTT command %s: %s: %s" % (name, type(e).__name__, e))
            self.refuse(tag, "the module failed at it; its log says more")
        finally:
            work = None
            drop("firmware.mqtt.deeds", "firmware.mqtt.answering")

    def refuse(self, tag, why, part=0):
        """Say ``why`` not; after the first ``part - 1`` parts of an answer it is the last."""
        self.client.publish(self._topic, _error(tag, why, part))

    async def refuse_later(self, tag, why, part):
        """As `refuse`, when there is a broker again: within a minute or never."""
        end = ticks_add(ticks_ms(), _PATIENCE_MS)
        while not (self.client.connected and self.client.idle):
            if ticks_diff(end, ticks_ms()) <= 0:
                return
            await sleep_ms(_LOOK_MS)
        self.refuse(tag, why, part)

    def say(self, tag, more):
        """Publish a good answer; ``more``: its members as JSON. True unless it was dropped."""
        text = '{"id":%s,"ok":true,%s}' % (json.dumps(tag), more)
        return self.client.publish(self._topic, text)

    def pace(self, seconds):
        """Publish the snapshots no faster than every ``seconds``; 1 is each of them."""
        self._every = seconds * 1000
        self._due = ticks_ms()
        # In the way of the publisher, so that it needs to know nothing of this.
        self.client.publish = self._paced if seconds > 1 else self._publish

    def _paced(self, topic, payload, retain=False, qos=0):
        if isinstance(topic, bytes) and topic == self._readings:
            now = ticks_ms()
            late = ticks_diff(now, self._due)
            if late < 0:
                return True
            self._due = ticks_add(self._due if late < self._every else now, self._every)
        return self._publish(topic, payload, retain, qos)

    def show(self, text):
        """Have the live page show ``text`` for a minute."""
        if self._until is None:
            self._note = self.app.weak
        self.app.weak = text
        self._until = ticks_add(ticks_ms(), _SHOWN_MS)


def _error(tag, why, part):
    more = '"part":%d,"last":true,' % part if part else ""
    return '{"id":%s,"ok":false,%s"error":%s}' % (json.dumps(tag), more, json.dumps(why))
