"""MQTT on one connection, with umqtt.simple and without its waiting.

umqtt writes packets to a socket and reads them from it, and waits for the network in both. Here
its socket is a `_Pipe` in memory: it codes and decodes, this module moves the bytes when the
network takes or gives them.
"""

import os

from shim import const
from ..hal.clock import sleep_ms, ticks_add, ticks_diff, ticks_ms
from ..hal.net import Tcp, unique, words

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

_RX = const(256)  # larger packets of the broker are skipped
_QUEUE = const(8192)  # bytes that may wait to be sent
_JOIN = const(256)  # a payload up to this size is sent in one piece with its header
_KEEPALIVE_S = const(15)
_OPEN_MS = const(4000)  # name, TCP connection and the broker's answer
_PING_MS = const(4000)  # between pings, and until the answer
_FIRST_MS = const(1000)
_MOST_MS = const(4000)
_WELL_MS = const(10000)  # a connection that lived so long was well: the next pause is short again
_BUSY_MS = const(10)
_IDLE_MS = const(50)
_CONNACK = const(0x20)
_PINGRESP = const(13)
_KINDS = const(0x2A18)  # bit n: the broker may send packets of type n (3, 4, 9, 11, 13)

# Return codes of CONNACK (MQTT 3.1.1, table 3.1), from 1.
_REFUSALS = (
    "it does not speak MQTT 3.1.1",
    "it refuses the client id; change mqtt_client_id",
    "it is not available now",
    "wrong user or password; check mqtt_user and mqtt_password",
    "not authorised; check mqtt_user and mqtt_password",
)


class _Pipe:
    """What umqtt takes for the socket module and for a socket."""

    def __init__(self):
        self._in = memoryview(bytearray(_RX))
        self.oversize = 0
        self.clear()

    def clear(self):
        self.out = []  # two chunks for each packet: all of it, or header and payload
        self.size = 0  # bytes in them
        self._sent = 0  # of the first chunk
        self._new = []  # chunks of the packet that umqtt is writing
        self.got = 0  # bytes received are _in[:got]
        self._at = 0  # the packet that umqtt may read is _in[_at:_end]
        self._end = 0
        self._skip = 0  # bytes of an oversize packet still to come

    def socket(self, *_):
        return self

    def getaddrinfo(self, *_):
        return ((None,),)

    def setblocking(self, _):
        pass

    connect = settimeout = setblocking

    def close(self):
        pass

    def write(self, buf, n=None):
        # umqtt uses its header, a bytearray, again as soon as this returns.
        if n is not None:
            buf = buf[:n]
        self._new.append(bytes(buf) if isinstance(buf, bytearray) else buf)

    def read(self, n):
        start = self._at
        if n < 0 or start + n > self._end:
            raise OSError("it sends malformed packets")
        self._at += n
        return bytes(self._in[start : start + n])

    def accept(self):
        """Let umqtt read that the broker took its CONNECT."""
        self._in[:4] = b"\x20\x02\0\0"
        self._at = 0
        self._end = 4

    def commit(self):
        """Queue what umqtt wrote as one packet."""
        new = self._new
        if new:
            self._new = []
            tail = new.pop()
            if len(tail) <= _JOIN:
                new.append(bytes(tail))
                tail = b""
            head = b"".join(new)
            self.size += len(head) + len(tail)
            self.out.append(head)
            self.out.append(tail)

    def settle(self):
        """Copy what is not sent of the last payload: a memoryview's owner may change it now."""
        out = self.out
        if out and not isinstance(out[-1], bytes):
            if len(out) == 1:
                out[0] = bytes(out[0][self._sent :])
                self._sent = 0
            else:
                out[-1] = bytes(out[-1])

    def abandon(self):
        """Forget what umqtt wrote since `commit`: part of a packet must not be sent."""
        self._new = []

    def flush(self, tcp):
        """Send what the network takes."""
        out = self.out
        while out:
            chunk = out[0]
            if self._sent < len(chunk):
                n = tcp.send(chunk, self._sent)
                if not n:
                    return
                self._sent += n
                self.size -= n
            if self._sent == len(chunk):
                out.pop(0)
                self._sent = 0

    def fill(self, tcp):
        """Receive what the network has."""
        if self.got < _RX:
            self.got += tcp.recv_into(self._in[self.got :])

    def drop(self, n):
        """The first ``n`` bytes received are done."""
        rest = self.got - n
        self._in[:rest] = bytes(self._in[n : self.got])
        self.got = rest

    def packet(self):
        """First byte of the next whole packet, now readable; None if there is none yet."""
        while True:
            if self._skip:
                n = min(self._skip, self.got)
                self.drop(n)
                self._skip -= n
            total = self._length()
            if total == 0:
                return None
            if total <= _RX:
                break
            self.oversize += 1
            self._skip = total
        if self.got < total:
            return None
        self._at = 0
        self._end = total
        return self._in[0]

    def done(self):
        """The packet is done, read or not."""
        self.drop(self._end)
        self._end = 0

    def _length(self):
        # MQTT 3.1.1, 2.2.3: seven bits a byte, lowest first, at most four bytes.
        length = 0
        for at in range(1, min(self.got, 5)):
            b = self._in[at]
            length |= (b & 0x7F) << 7 * (at - 1)
            if b < 0x80:
                return at + 1 + length
        if self.got >= 5:
            raise OSError("it sends malformed packets")
        return 0

    def first(self, i):
        """Byte ``i`` of those received."""
        return self._in[i]


def _bytes(text):
    # umqtt takes len() for the number of bytes, which is wrong for a str that is not ASCII.
    return text.encode() if isinstance(text, str) else text


class Client:
    """Keeps one connection to the broker of ``config``; ``log(level, text)``.

    ``<mqtt_base>/status`` holds "online" or, also by last will, "offline".
    """

    def __init__(self, config, log):
        self._log = log
        self._host = config["mqtt_host"]
        self._port = config["mqtt_port"]
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
        self._pipe = _Pipe()
        self._tcp = None
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

    def publish(self, topic, payload, retain=False):
        """Queue a message of QoS 0. Returns False if it is dropped: no connection, or no room.

        ``payload``: str, bytes, or a memoryview, copied only if it cannot be sent at once.
        """
        pipe = self._pipe
        if not self.connected or (pipe.size and pipe.size + len(payload) > _QUEUE):
            self.dropped += 1
            return False
        try:
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
        end = ticks_add(ticks_ms(), _OPEN_MS)
        pipe = self._pipe
        pipe.clear()
        tcp = self._tcp = Tcp()
        await tcp.open(self._host, self._port, _OPEN_MS)
        pipe.accept()
        simple.socket = pipe
        self._mqtt.connect()
        pipe.commit()
        while pipe.got < 4:
            if ticks_diff(end, ticks_ms()) <= 0:
                raise OSError("it takes the connection but does not answer")
            pipe.flush(tcp)
            pipe.fill(tcp)
            if pipe.got and pipe.first(0) != _CONNACK:
                raise OSError("what answers there is no MQTT broker")
            await sleep_ms(_BUSY_MS)
        code = pipe.first(3)
        if code:
            raise OSError(_REFUSALS[code - 1] if code < 6 else "it refuses with code %d" % code)
        pipe.drop(4)
        self.connected = True
        self.connects += 1
        self.reason = ""
        self._log("info", "MQTT: connected to %s:%d" % (self._host, self._port))

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
            self._log("warn", "MQTT broker %s:%d: %s" % (self._host, self._port, why))

    def _close(self):
        self.connected = False
        self._told = self._error = None
        self.dropped += (len(self._pipe.out) + 1) // 2
        self._pipe.clear()
        if self._tcp is not None:
            self._tcp.close()
            self._tcp = None
