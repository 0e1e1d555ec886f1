"""A module with `firmware.late`, its flash and its broker, in virtual time and without a loop.

So a power cut, an exception that nothing may catch, ends whatever is under way.
"""

import json
import random
from array import array

from firmware import late as module
from firmware.hal import clock
from test_readings import _reply, _store

NOW = 1767826800  # 2026-01-07T23:00:00Z
TOPIC = "mep/late"


def seconds(iso):
    """Seconds since 1970 of a time as `clock.iso` writes it."""
    year, month, day, hour, minute, second = [
        int(iso[a:b]) for a, b in ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19))
    ]
    return clock.days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second


class PowerCut(BaseException):
    pass


class _Turn:
    # Awaited, it lets the others have their turn.

    def __await__(self):
        yield

    __iter__ = __await__


class Task:
    """Stands in for a task of asyncio, one step at a time."""

    def __init__(self, coroutine):
        self._coroutine = coroutine

    def done(self):
        return self._coroutine is None

    def step(self):
        try:
            self._coroutine.send(None)
        except StopIteration:
            self._coroutine = None

    def cancel(self):
        if self._coroutine:
            self._coroutine.close()
            self._coroutine = None


class Files:
    """`firmware.storage` and what is asked of `os`; a cut after ``left`` changes."""

    class StorageError(Exception):
        pass

    def __init__(self):
        self.files = {}
        self.left = None
        self.full = False

    def _step(self):
        # True: this change is the last, and it is cut short.
        if self.left is not None:
            self.left -= 1
        return self.left == 0

    def save(self, name, data):
        if self.full:
            raise self.StorageError("full")
        if self._step():
            fate = random.randint(0, 2)
            if fate:
                self.files[name] = data if fate == 2 else None
            raise PowerCut
        self.files[name] = data

    def load(self, name):
        return self.files.get(name)

    def remove(self, name):
        if self._step():
            if random.randint(0, 1):
                self.files.pop(name, None)
            raise PowerCut
        self.files.pop(name, None)

    def listdir(self, folder):
        if not self.files:
            raise OSError(2)
        return [name.split("/")[1] + ".a" for name in self.files]

    def mkdir(self, folder):
        if self.files:
            raise OSError(17)

    def stat(self, path):
        data = self.files[path[:-2]]
        return (0,) * 6 + (32 + len(data or b""),)


class Broker:
    """A client and a broker; ``faults``: of how many messages one is lost, or its PUBACK."""

    def __init__(self):
        self.connected = False
        self.connects = 0
        self.faults = 0
        self.got = array("i")  # times and energies of what arrived
        self.retained = None
        self.looks = 0  # how often what is retained was asked for
        self._incoming = None

    def join(self):
        self.connected = True
        self.connects += 1

    async def deliver(self, topic, payload, retain=False, alive=None):
        assert topic == TOPIC and retain
        await _Turn()
        lost = self.faults and not random.randint(0, self.faults)
        if self.connected and not (lost and random.randint(0, 1)):
            self._take(payload)
        if lost:
            self.connected = False
        return self.connected

    def _take(self, payload):
        record = json.loads(payload)
        self.got.append(seconds(record["time"]))
        energy = record["values"]["energy_forward"]
        self.got.append(energy)
        values = {"energy_forward": energy, "energy_reverse": None, "power": 701}
        assert record == {"time": record["time"], "late": True, "values": values}, record
        self.retained = payload.encode()

    def subscribe(self, topic, function):
        assert topic == TOPIC
        self.looks += 1
        if self.retained:
            function(topic, self.retained)

    def unsubscribe(self, topic):
        assert topic == TOPIC


class Guard:
    def __init__(self, storage):
        self.storage = storage


class World:
    """A module that lives on through power cuts with ``files``; without any in memory alone."""

    low = None

    def __init__(self, hours=24, files=None):
        self.config = {"mqtt_base": "mep", "mqtt_buffer_h": hours}
        self.files = files
        self.guard = Guard(files) if files else None
        self.mqtt = Broker()
        self.store, self.clock = _store()
        self.utc = NOW
        self.logged = []
        self.energy = 5000000
        self.kept = array("i")  # times and energies of all that was put
        self.fleeting = array("i")  # times of what lay in memory alone when the power went
        self.roomless = 0  # readings that had to make room
        self.late = None

    def log(self, level, text):
        self.logged.append(text)

    def start(self):
        """A new life."""
        self.mqtt.connected = False
        self.late = module.Late(self)

    def minute(self, seconds=60, known=True, turns=2):
        """Time goes on; the meter answers, and the buffer has its turns."""
        self.utc += seconds
        self.clock.seconds = self.utc if known else None
        self.clock.ticks += 60000
        self.energy += 10
        _reply(self.store, 23, energy_forward=self.energy // 10)
        _reply(self.store, 28, power_forward=701)
        if not self.mqtt.connected:
            if not self.late:
                self.late = module.Late(self)
            if known:
                self.kept.append(self.utc)
                self.kept.append(self.energy)
        for _ in range(turns):
            if self.late:
                self.late.turn()

    def power_cut(self):
        """What lies in memory is gone."""
        late = self.late
        if late:
            ring = late._ring
            for i in range(ring.count):
                self.fleeting.append(ring.get(i)[0])
            self.roomless += late.status()["lost"]
            late.stop()
        self.late = None

    def settle(self, steps=1 << 20):
        """While connected, send what waits, so many steps of it."""
        while self.late and self.mqtt.connected and steps > 0:
            self.late.turn()
            task = self.late._task if self.late else None
            while task and not task.done() and steps > 0:
                self.store.snapshot += 1
                task.step()
                steps -= 1
            steps -= 1

    def missing(self):
        """Times of what was put and did not arrive (array); all else came once, in order."""
        found = array("i")
        got = self.mqtt.got
        n = 0
        for i in range(0, len(self.kept), 2):
            if got[n : n + 2] == self.kept[i : i + 2]:
                n += 2
            else:
                found.append(self.kept[i])
        assert n == len(got), "twice, not in order or never put: %s" % clock.iso(got[n])
        return found


class Use:
    """``with Use(files):`` the buffer's clock waits for nothing, and its files are these."""

    create_task = Task

    def __init__(self, files=None):
        self._now = 0
        self._files = files

    def __enter__(self):
        async def sleep_ms(ms):
            self._now = (self._now + ms) & 0x3FFFFFFF
            await _Turn()

        self._before = module.sleep_ms, module.ticks_ms, module.os, module.asyncio
        module.sleep_ms = sleep_ms
        module.ticks_ms = lambda: self._now
        module.asyncio = self
        if self._files:
            module.os = self._files
        return self

    def __exit__(self, *_):
        module.sleep_ms, module.ticks_ms, module.os, module.asyncio = self._before
