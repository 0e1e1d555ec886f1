"""Readings of each minute while the broker is away, delivered when it is back; loaded only then.

An hour of them waits in memory, on the chip the rest on flash, a file an hour. They go to
``<mqtt_base>/late``, retained, oldest first, each once: what was sent and not acknowledged is
looked up there.
"""

import asyncio
import os

from shim import const
from .hal.clock import sleep_ms, ticks_add, ticks_diff, ticks_ms
from .hal.memory import drop
from .records import SIZE, Ring, reading

_FOLDER = "late"
_AT_ONCE = const(60)  # readings in memory, and in a file
_FRESH_MS = const(60000)  # a value older than that is none of this minute
_MINUTE_S = const(60)
_HEAD = const(32)  # of a file of `firmware.storage`
_LIVE_MS = const(5000)  # that the live values may take; a silent meter has none
_ECHO_MS = const(3000)  # for what is retained at the broker
_PACE_MS = const(200)
_STEP_MS = const(100)
# What a part of the readings is: its number, how many they are, and their bytes if not on flash.
_NUMBER = const(0)
_COUNT = const(1)
_DATA = const(2)


def kept():
    """Numbers of the files on flash, oldest first (list)."""
    try:
        names = os.listdir(_FOLDER)
    except OSError:
        return []
    return sorted({int(name[:-2]) for name in names if name[:-2].isdigit()})


def left(app):
    """A `Late` if an earlier life left readings on flash, else None."""
    numbers = kept()
    if app.config["mqtt_buffer_h"]:
        return Late(app) if numbers else None
    for number in numbers:  # nobody wants them any more
        app.guard.storage.remove(_name(number))
    return None


class Late:
    """The buffer of ``app`` (`firmware.app.App`), which has it as ``late`` while it is needed."""

    def __init__(self, app):
        self._app = app
        self._topic = app.config["mqtt_base"] + "/late"
        self._most = app.config["mqtt_buffer_h"] * _AT_ONCE
        self._storage = getattr(app.guard, "storage", None)
        self._ring = Ring(_AT_ONCE)  # the newest
        self._parts = []  # the older ones, oldest first
        self._first = None  # a Ring: what is to be sent of the oldest part
        self._minute = None  # of the newest reading
        self._patience = 0  # minutes until the flash is tried again
        self._lost = 0
        self._sent = 0
        self._task = None
        if self._storage:
            self._parts = [[n, self._size(n), None] for n in kept()]
        # Of what an earlier life left, some may be sent.
        self._doubt = bool(self._parts)

    def status(self):
        """What waits and what had to make room (dict)."""
        waiting = self._ring.count + sum([part[_COUNT] for part in self._parts])
        return {"waiting": waiting, "lost": self._lost + self._ring.lost}

    def turn(self):
        """To be called every few seconds. When nothing waits any more, ``app.late`` is None."""
        app = self._app
        task = self._task
        try:
            if not app.mqtt.connected:
                self._record()
            elif task is None or task.done():
                if self._oldest():
                    self._task = asyncio.create_task(self._send())
                else:
                    self._end()
        except Exception as e:  # the readings go on
            app.log("error", "late readings: %s: %s" % (type(e).__name__, e))

    def stop(self):
        """Send no more."""
        if self._task:
            self._task.cancel()

    def keep(self):
        """Before a restart: put on flash what is in memory."""
        if self._storage and self._ring.count:
            self._save()

    def _end(self):
        app = self._app
        if self._sent or self._lost + self._ring.lost:
            text = "MQTT: %d late readings delivered, %d had to make room"
            app.log("info", text % (self._sent, self._lost + self._ring.lost))
        app.late = None
        # What listens is not needed any more, unless somebody else subscribed.
        incoming = app.mqtt._incoming
        if incoming and incoming.leave():
            drop("firmware.mqtt.incoming")
        drop("firmware.late", "firmware.records")

    def _record(self):
        store = self._app.store
        now = store.now()
        if now is None or now // _MINUTE_S == self._minute:
            return
        values = reading(store, _FRESH_MS)
        if values == (None, None, None):
            return
        self._minute = now // _MINUTE_S
        ring = self._ring
        ring.put(now, *values)
        if self._patience:
            self._patience -= 1
        elif ring.count == _AT_ONCE:
            self._save()

    def _save(self):
        # What is in memory becomes a part.
        while self._parts and self.status()["waiting"] > self._most:
            self._make_room()
        if self._add():
            return
        if self._parts:  # the flash is full: of others' files too
            self._make_room()
            if self._add():
                return
        self._patience = _AT_ONCE  # the oldest in memory make room meanwhile

    def _add(self):
        count = self._ring.count
        number = self._parts[-1][_NUMBER] + 1 if self._parts else 0
        data = self._ring.pack()
        storage = self._storage
        if storage:
            try:
                _make_folder()
                storage.save(_name(number), data)
            except (OSError, MemoryError, storage.StorageError) as e:
                self._app.log("warn", "late readings: the flash does not take them: %s" % e)
                return False
            data = None
        self._parts.append([number, count, data])
        self._ring.drop(count)
        return True

    def _make_room(self):
        self._lost += self._parts[0][_COUNT]
        self._done()

    def _done(self):
        # The oldest part is not needed any more.
        self._first = None
        part = self._parts.pop(0)
        if part[_DATA] is None:
            self._storage.remove(_name(part[_NUMBER]))

    def _size(self, number):
        # How many readings the file holds, by its length: of a whole one that is right.
        try:
            return max(0, os.stat(_name(number) + ".a")[6] - _HEAD) // SIZE
        except OSError:
            return 0

    def _load(self, part):
        # A part as Ring; empty if it is not whole, because the supply failed when it was saved.
        data = part[_DATA]
        if data is None:
            data = self._storage.load(_name(part[_NUMBER])) or b""
        ring = Ring(_AT_ONCE)
        ring.unpack(data)
        return ring

    def _oldest(self):
        # The Ring that holds the oldest reading, None if there is none.
        while self._parts:
            if self._first is None:
                self._first = self._load(self._parts[0])
                self._parts[0][_COUNT] = self._first.count
            if self._first.count:
                return self._first
            self._done()
        return self._ring if self._ring.count else None

    def _forget(self, n):
        # The ``n`` oldest of the oldest Ring are delivered.
        ring = self._oldest()
        ring.drop(n)
        if ring is self._first:
            self._parts[0][_COUNT] = ring.count
            if not ring.count:
                self._done()

    async def _send(self):
        mqtt = self._app.mqtt
        connection = mqtt.connects

        def here():
            return mqtt.connected and mqtt.connects == connection

        try:
            await self._live(here)
            if self._doubt and not await self._compare(here):
                return
            while here():
                ring = self._oldest()
                if not ring:
                    return
                text = ring.text(0)
                if not await mqtt.deliver(self._topic, text, True):
                    self._doubt = True
                    return
                # If the connection went just now, another one may have taken its place.
                ring = self._oldest()
                if ring and ring.text(0) == text:
                    self._forget(1)
                self._sent += 1
                await sleep_ms(_PACE_MS)
        except Exception as e:
            self._doubt = True
            self._app.log("error", "late readings: %s: %s" % (type(e).__name__, e))

    async def _live(self, here):
        # The live values go first.
        store = self._app.store
        seen = store.snapshot
        end = ticks_add(ticks_ms(), _LIVE_MS)
        while here() and store.snapshot == seen and ticks_diff(end, ticks_ms()) > 0:
            await sleep_ms(_STEP_MS)
        await sleep_ms(_STEP_MS)

    async def _compare(self, here):
        # Forget all up to the one that is retained at the broker. False: the connection went.
        mqtt = self._app.mqtt
        told = []
        mqtt.subscribe(self._topic, lambda topic, payload: told.append(payload))
        end = ticks_add(ticks_ms(), _ECHO_MS)
        while here() and not told and ticks_diff(end, ticks_ms()) > 0:
            await sleep_ms(_STEP_MS)
        mqtt.unsubscribe(self._topic)
        if told:
            place = await self._find(told[0])
            if place and here():
                for _ in range(place[0]):
                    self._done()
                self._forget(place[1])
        if not here():
            return False
        self._doubt = False
        return True

    async def _find(self, payload):
        # Where the reading is: (parts before it, readings up to it); None if it does not wait.
        for n in range(len(self._parts) + 1):
            ring = self._ring
            if n < len(self._parts):
                ring = (not n and self._first) or self._load(self._parts[n])
            for i in range(ring.count):
                if ring.text(i).encode() == payload:
                    return n, i + 1
                await sleep_ms(0)
        return None


def _name(number):
    return "%s/%d" % (_FOLDER, number)


def _make_folder():
    try:
        os.mkdir(_FOLDER)
    except OSError:
        pass  # it is there, or saving will tell
