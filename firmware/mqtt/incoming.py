"""What comes from the broker: messages subscribed to, and acknowledgements of QoS 1.

Loaded when somebody subscribes or sends with QoS 1.
"""

from shim import const
from ..hal.clock import sleep_ms, ticks_add, ticks_diff, ticks_ms

_PATIENCE_MS = const(10000)  # for an acknowledgement, while pings are answered
_STEP_MS = const(20)
_PUBACK = const(4)
_SUBACK = const(9)
_REFUSED = const(0x80)


class _Answer:
    """The socket for umqtt while it writes a message of QoS 1: it reads that the broker has it."""

    def __init__(self, pipe, pid):
        self.write = pipe.write
        self._text = bytes((_PUBACK << 4, 2, pid >> 8, pid & 0xFF))

    def setblocking(self, _):
        pass

    def read(self, n):
        text = self._text
        self._text = text[n:]
        return text[:n]


class Incoming:
    """The part of `firmware.mqtt.client.Client` that listens."""

    def __init__(self, client):
        self._client = client
        self._wanted = []  # [topic, function, number of the packet that asked for it]
        self._pid = 0
        self._awaited = 0  # the packet that `deliver` waits for
        self._busy = False
        client._mqtt.set_callback(self._came)

    def subscribe(self, topic, function):
        self._wanted.append([topic, function, 0])
        self._ask()

    def unsubscribe(self, topic):
        self._wanted = [entry for entry in self._wanted if entry[0] != topic]
        if self._client.connected:
            # MQTT 3.1.1, 3.10: number, then the topic.
            self._packet(b"\xa2", topic.encode(), b"")

    def leave(self):
        """Go, if nobody subscribed and nothing is sent: True."""
        if self._wanted or self._busy:
            return False
        client = self._client
        client._mqtt.set_callback(client._ignore)
        client._incoming = None
        return True

    def joined(self):
        """There is a new connection, and it knows of no subscription."""
        for entry in self._wanted:
            entry[2] = 0
        self._ask()

    def _ask(self):
        if self._client.connected:
            for entry in self._wanted:
                if not entry[2]:
                    # MQTT 3.1.1, 3.8: number, topic, QoS. With QoS 0 nothing comes twice.
                    entry[2] = self._packet(b"\x82", entry[0].encode(), b"\0")

    def _packet(self, kind, topic, tail):
        pid = self._number()
        n = len(topic)
        length = 4 + n + len(tail)
        size = bytes((length,)) if length < 128 else bytes((length & 0x7F | 0x80, length >> 7))
        pipe = self._client._pipe
        pipe.write(kind + size + bytes((pid >> 8, pid & 0xFF, n >> 8, n & 0xFF)) + topic + tail)
        pipe.commit()
        return pid

    def _number(self):
        self._pid = self._pid % 0xFFFF + 1
        return self._pid

    def _came(self, topic, payload):
        topic = str(topic, "utf-8")
        for entry in self._wanted:
            if fits(entry[0], topic):
                entry[1](topic, payload)

    def answered(self, kind):
        """A packet of this kind has come."""
        pipe = self._client._pipe
        if kind == _PUBACK:
            if pipe.first(2) << 8 | pipe.first(3) == self._awaited:
                self._awaited = 0
        elif kind == _SUBACK and pipe.first(4) == _REFUSED:
            for entry in self._wanted:
                if entry[2] == pipe.first(2) << 8 | pipe.first(3):
                    text = "MQTT: the broker refuses the subscription to %s; check its ACL"
                    self._client._log("warn", text % entry[0])

    def write(self, topic, payload, retain):
        """Let umqtt write a message of QoS 1."""
        mqtt = self._client._mqtt
        pid = self._number()
        mqtt.pid = pid - 1
        mqtt.sock = _Answer(self._client._pipe, pid)
        try:
            mqtt.publish(topic, payload, retain, 1)
        finally:
            mqtt.sock = self._client._pipe

    async def deliver(self, topic, payload, retain, alive):
        client = self._client
        connection = client.connects

        def here():
            if alive:
                alive()
            return client.connected and client.connects == connection

        while self._busy:
            if not here():
                return False
            await sleep_ms(_STEP_MS)
        self._busy = True
        try:
            # What is new goes first; and it is refused only if there is no memory for it now.
            while not client.idle or not client.publish(topic, payload, retain, 1):
                if not here():
                    return False
                await sleep_ms(_STEP_MS)
            self._awaited = self._pid
            end = ticks_add(ticks_ms(), _PATIENCE_MS)
            while self._awaited:
                if not here():
                    return False
                if ticks_diff(end, ticks_ms()) <= 0:
                    client._error = OSError("it does not acknowledge what it gets")
                    client.connected = False
                await sleep_ms(_STEP_MS)
            return True
        finally:
            self._busy = False
            self._awaited = 0


def fits(wanted, topic):
    """True if ``topic`` is of those that ``wanted``, with + and #, stands for."""
    levels = topic.split("/")
    at = 0
    for part in wanted.split("/"):
        if part == "#":
            return True
        if at == len(levels) or part not in ("+", levels[at]):
            return False
        at += 1
    return at == len(levels)
