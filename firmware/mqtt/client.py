"""MQTT on one connection, with umqtt.simple and without its waiting.

umqtt writes packets to a socket and reads them from it, and waits for the network in both. Here
its socket is a `firmware.mqtt.pipe` in memory: it codes and decodes, this module moves the bytes
when the network takes or gives them.
"""

import os

from shim import const
from ..hal.clock import sleep_ms, ticks_add, ticks_diff, ticks_ms
from ..hal.memory import drop
from ..hal.net import unique, words
from .pipe import Pipe

try:
    from umqtt import simple
except ImportError:  # CPython: umqtt asks for modules by their names of old MicroPythons
    import binascii
    import socket
    import struct
    import sys

    sys.modules.setdefault("usocket", socket)
    sys.modules.setdefault("ustruct", struct)
    sys.modules.setdefault("ubinascii", binascii)
    from umqtt import simple

_QUEUE = const(8192)  # bytes that may wait to be sent
_KEEPALIVE_S = const(15)
_PING_MS = const(4000)  # between pings, and until the answer
_FIRST_MS = const(1000)
_MOST_MS = const(4000)
_WELL_MS = const(10000)  # a connection that lived so long was well: the next pause is short again
_BUSY_MS = const(10)
_IDLE_MS = const(50)
_PINGRESP = const(13)
_KINDS = const(0x2A18)  # bit n: the broker may send packets of type n (3, 4, 9, 11, 13)


def _bytes(text):
    # umqtt takes len() for the number of bytes, which is wrong for a str that is not ASCII.
    return text.encode() if isinstance(text, str) else text


class Client:
    """Keeps one connection to the broker of ``config``; ``log(level, text)``.

    ``<mqtt_base>/status`` holds "online" or, also by last will, "offline".
    """

    def __init__(self, config, log):
        self._log = log
        self._config = config
        self._topic = _bytes(config["mqtt_base"] + "/status")
        user = config["mqtt_user"]
        name = config["mqtt_client_id"] or "mep-" + "".join(["%02x" % b for b in unique()])
        self._mqtt = simple.MQTTClient(
            _bytes(name),
            "",
            user=_bytes(user) if user else None,
            password=_bytes(config["mqtt_password"]) if user else None,
            keepalive=_KEEPALIVE_S,
        )
        self._mqtt.set_last_will(self._topic, b"offline", True)
        self._mqtt.set_callback(self._ignore)
        self._pipe = Pipe()
        self._tcp = None
        self._incoming = None  # subscriptions and what waits for the broker's acknowledgement
        self._available = True
        self._told = None  # what the status topic holds, as far as we know
        self._error = None  # met by `publish`, for `run` to act on
        self.connected = False
        self.connects = 0
        self.published = 0
        self.dropped = 0  # refused by `publish`, or queued when the connection was lost
        self.reason = "not yet connected"

    @property
    def idle(self):
        """True if nothing waits to be sent."""
        return not self._pipe.out

    def counters(self):
        """State of the connection (dict)."""
        return {
            "mqtt_connected": self.connected,
            "mqtt_connects": self.connects,
            "mqtt_published": self.published,
            "mqtt_dropped": self.dropped,
            "mqtt_lost": self.connects - self.connected,
            "mqtt_oversize": self._pipe.oversize,
            "reason": self.reason,
        }

    def available(self, yes):
        """Tell subscribers whether there is something to expect from us."""
        self._available = bool(yes)

    def subscribe(self, topic, function):
        """Call ``function(topic, payload)``, str and bytes, for what comes on ``topic``.

        Now and at each connection, + and # as usual, until `unsubscribe`. It returns at once and
        raises nothing; packets of more than 256 bytes never come, they are counted.
        """
        self._listening().subscribe(topic, function)

    def unsubscribe(self, topic):
        """Take `subscribe` back."""
        self._listening().unsubscribe(topic)

    async def deliver(self, topic, payload, retain=False, alive=None):
        """Send a message of QoS 1: True when the broker has it, False if the connection went.

        One at a time; after False nobody sends it again but the caller, and the broker may have
        it. ``alive()`` is called while it waits.
        """
        return await self._listening().deliver(topic, payload, retain, alive)

    def _listening(self):
        if not self._incoming:
            from .incoming import Incoming

            self._incoming = Incoming(self)
        return self._incoming

    def publish(self, topic, payload, retain=False, qos=0):
        """Queue a message. Returns False if it is dropped: no connection, or no room.

        ``payload``: str, bytes, or a memoryview, copied only if it cannot be sent at once.
        With ``qos`` 1 the broker acknowledges it; who wants to know that uses `deliver`.
        """
        pipe = self._pipe
        if not self.connected or (pipe.size and pipe.size + len(payload) > _QUEUE):
            self.dropped += 1
            return False
        try:
            if qos:
                self._listening().write(_bytes(topic), _bytes(payload), retain)
            else:
                self._mqtt.publish(_bytes(topic), _bytes(payload), retain)
            pipe.commit()
        except MemoryError:
            pipe.abandon()
            self.dropped += 1
            return False
        self.published += 1
        try:
            pipe.flush(self._tcp)  # at once, so that nobody waits for the next turn of `run`
            pipe.settle()
        except OSError as e:
            self._error = e
            self.connected = False
        except MemoryError:  # half a packet may be out: only a new connection mends that
            self._error = OSError("no memory for what it does not take")
            self.connected = False
        return True

    async def run(self, alive=None):
        """Connect, and connect again whenever the connection is lost, for ever.

        ``alive()`` is called at each turn, at least every ten seconds.
        """
        pause = _FIRST_MS
        while True:
            if alive:
                alive()
            began = ticks_ms()
            try:
                await self._open()
                await self._serve(alive)
            except (OSError, AssertionError, IndexError, ValueError, simple.MQTTException) as e:
                self._failed(words(e) if isinstance(e, OSError) else "it sends malformed packets")
            finally:
                self._close()
            if ticks_diff(ticks_ms(), began) > _WELL_MS:
                pause = _FIRST_MS
            # Many modules lose their broker at the same time; they shall not all be back at once.
            await sleep_ms(pause // 2 + pause * os.urandom(1)[0] // 512)
            pause = min(2 * pause, _MOST_MS)

    async def _open(self):
        from .connecting import connect

        try:
            await connect(self)
        finally:
            drop("firmware.mqtt.connecting")
        self.connected = True
        self.connects += 1
        self.reason = ""
        self._log("info", "MQTT: connected to " + self._broker())
        if self._incoming:
            self._incoming.joined()

    async def _serve(self, alive):
        pipe = self._pipe
        due = ticks_add(ticks_ms(), _PING_MS)
        waiting = False
        while self._error is None:
            if alive:
                alive()
            pipe.flush(self._tcp)
            # A broker that makes us answer but does not read gets no more answers.
            if pipe.size < _QUEUE and self._take():
                waiting = False
            self._tell()
            now = ticks_ms()
            if ticks_diff(now, due) >= 0:
                if waiting:
                    raise OSError("it does not answer any more")
                self._mqtt.ping()
                pipe.commit()
                waiting = True
                due = ticks_add(now, _PING_MS)
            await sleep_ms(_BUSY_MS if pipe.out else _IDLE_MS)
        raise self._error

    def _take(self):
        # umqtt only ever sees whole packets, so it never waits. True if a ping was answered.
        pipe = self._pipe
        pipe.fill(self._tcp)
        answered = False
        while True:
            first = pipe.packet()
            if first is None:
                return answered
            kind = first >> 4
            if not _KINDS >> kind & 1:
                raise OSError("it sends malformed packets")
            self._mqtt.check_msg()
            if self._incoming:
                self._incoming.answered(kind)
            pipe.done()
            pipe.commit()
            if kind == _PINGRESP:
                answered = True

    def _tell(self):
        yes = self._available
        if self._told is not yes and self.idle:
            if self.publish(self._topic, b"online" if yes else b"offline", True):
                self._told = yes

    def _ignore(self, topic, message):
        pass

    def _failed(self, why):
        if why != self.reason:
            self.reason = why
            self._log("warn", "MQTT broker %s: %s" % (self._broker(), why))

    def _broker(self):
        return "%s:%d" % (self._config["mqtt_host"], self._config["mqtt_port"])

    def _close(self):
        self.connected = False
        self._told = self._error = None
        self.dropped += (len(self._pipe.out) + 1) // 2
        self._pipe.clear()
        if self._tcp is not None:
            self._tcp.close()
            self._tcp = None
