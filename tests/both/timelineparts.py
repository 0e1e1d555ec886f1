"""What surrounds the module of `timelinekit`: meter, broker, time server, name server, flash.

The meter's values tell when and by which meter they were read, so that whatever comes out of the
module can be held against the truth: value, age, time of day and meter.
"""

import builtins
import json
import os
import sys

# The working directory will be the module's flash: what is imported then must be found too.
sys.path[:] = [p if p[:1] == "/" or p == ".frozen" else os.getcwd() + "/" + p for p in sys.path]

from mepkit import TableMeter, hexed, i32s  # noqa: E402  it needs the line before

_ENERGY = 700000000  # Wh between the registers of two meters
_POWER = 400000  # W, the same
_TENTH_MS = 100
_LATE_MS = 400  # from the meter's answer to what the module makes of it
_KEPT_MS = 121000  # that a value may be old when it is kept
_KEEPALIVE = 1.5  # as often as the client promised to be heard, before it counts as gone
_TO_1970 = 2208988800
_ENOSPC = 28
_FOLDER = 0x4000  # in a mode of `os.stat`


def _tables(number):
    # Two present values and three sums.
    return {
        1: b"ELON83331-3I\x00\x00\x3a\x86\x00\x00",
        2051: b"408000000000000%d\x00" % number + bytes(130),
        20: hexed("3f0efd0f08100104081a"),
        21: bytes([0, 0, 12, 3, 0, 0, 1, 4, 0, 2]),
        22: bytes((1, 0, 4)),  # energy_reverse, energy_forward, outage_duration
        27: bytes((8, 15)),  # power_forward, voltage_l1
        15: i32s(1, 0) + b"\x00" + i32s(1, 1),
        2103: bytes(146 + 4 * 3 + 39) + b"\x01" + bytes(60),
        2052: bytes(116) + b"\x07" + bytes(20),
        2059: hexed("05422405060502") + bytes(40),
    }


class Reads:
    """Counts the requests of a meter instead of keeping them."""

    def __init__(self):
        self.asked = 0

    def append(self, _):
        self.asked += 1


class Meter(TableMeter):
    """Meter number ``number`` (0 or 1); ``fast_s``: how much its clock is fast, None if
    nobody ever set it.

    ``values``: its replies with present values; ``gap_ms``: the longest time between two.
    """

    def __init__(self, world, number=0, fast_s=0):
        super().__init__(world, _tables(number))
        self.world = world
        self.number = number
        self.fast_s = fast_s
        self.serial = "408000000000000%d" % number
        self.reads = Reads()
        self.values = 0
        self.gap_ms = 0
        self._last = None

    def write(self, packet):
        now = self.time.now
        # The meter says what is true when it answers, which is when the request is through.
        table = packet[3] << 8 | packet[4]
        if table == 28:
            tenths = now // _TENTH_MS % _POWER
            self.tables[28] = i32s(self.number * _POWER + tenths, 230000 + self.number)
            self._answered(now)
        elif table == 23:
            forward = self.number * _ENERGY + now // 1000
            self.tables[23] = i32s(201 + self.number, forward, 3600)
        elif table == 52:
            t = (2000, 1, 1, 0, 0, 0)  # as after it was made
            if self.fast_s is not None:
                t = self.world.gmtime(self.world.utc() + self.fast_s)
            self.tables[52] = bytes((t[0] - 2000, t[1], t[2], t[3], t[4], t[5], 0))
        super().write(packet)

    def _answered(self, now):
        if self.silent:
            self._last = None
            return
        self.values += 1
        if self._last is not None:
            self.gap_ms = max(self.gap_ms, now - self._last)
        self._last = now

    def coming(self):
        """True if bytes are on their way."""
        return len(self._coming) > 0

    def forget(self):
        """Nothing is on its way any more: the module was switched off, or the meter is new."""
        self._coming = []
        self._last = None
        self.gap_ms = 0


def fault(now, values, ages, late=0):
    """What is wrong with ``values`` (dict) that came out at ``now`` (ms), or None.

    ``ages``: ms since BT23 and BT28 were read. A value that is None claims nothing. ``late``: how
    many ms they were held up outside the module.
    """
    most = late + _LATE_MS
    power = values.get("power_forward")
    energy = values.get("energy_forward")
    number = None
    if power is not None:
        number = power // _POWER
        age = (now // _TENTH_MS - power) % _POWER * _TENTH_MS
        if not 0 <= ages[28] <= age + _TENTH_MS or age - ages[28] > most:
            return "power of %d ms ago is called %d ms old" % (age, ages[28])
        if values["voltage_l1"] != 230000 + number:
            return "voltage %s beside the power of meter %d" % (values["voltage_l1"], number)
    if energy is not None:
        if number not in (None, energy // _ENERGY):
            return "energy of meter %d beside the power of meter %d" % (energy // _ENERGY, number)
        age = now - energy % _ENERGY * 1000
        if not 0 <= ages[23] <= age or age - ages[23] > 1000 + most:
            return "energy of %d ms ago is called %d ms old" % (age, ages[23])
        if values["energy_reverse"] != 201 + energy // _ENERGY:
            return "energy_reverse is %s" % values["energy_reverse"]
    return None


def late_fault(at, values):
    """What is wrong with the ``values`` (dict) of a reading kept at the moment ``at`` (ms)."""
    energy = values["energy_forward"]
    power = values["power"]
    if energy is None or power is None:
        return "no value was kept"
    if energy // _ENERGY != power // _POWER:
        return "values of two meters"
    age = at - energy % _ENERGY * 1000
    # Without time servers the time is the meter's, which tells whole seconds.
    since = ((at // _TENTH_MS + 10 - power) % _POWER - 10) * _TENTH_MS
    if not -1000 <= age <= _KEPT_MS or not since <= _KEPT_MS:
        return "energy of %d ms, power of %d ms before it was kept" % (age, since)
    return None


class Broker:
    """An MQTT broker's port: ``world.published(topic, text)`` hears of each message."""

    def __init__(self, world):
        self.world = world
        self.retained = {}
        self.client = None  # the connection that is open
        self.connects = 0
        self.messages = 0  # readings
        self.kept = 0  # readings that came later
        self.late = 0  # by how many ms the network held up what comes in

    def accept(self, sock):
        return _Client(self, sock)

    def online(self):
        """True while the module's client is connected, as far as a broker can know."""
        client = self.client
        if client and self.world.now - client.heard > client.keepalive * 1000 * _KEEPALIVE:
            client.lost()
        return self.client is not None

    def told(self):
        """What the retained status says, None before the first one."""
        self.online()
        return self.retained.get("mep/status")

    def stop(self):
        """The program ends: its connections are closed."""
        if self.client:
            self.client.sock.end()
            self.client.lost()

    def take(self, topic, payload, retain):
        text = payload.decode()
        if retain:
            self.retained[topic] = text
        if topic == "mep/readings":
            self.messages += 1
        if topic == "mep/late":
            self.kept += 1
        self.world.published(topic, text)


class _Client:
    def __init__(self, broker, sock):
        self.broker = broker
        self.sock = sock
        self.heard = broker.world.now
        self.keepalive = 15
        self._waiting = None  # ms since when
        self._will = None
        self._buf = b""

    def waits(self):
        self._waiting = self._waiting or self.broker.world.now

    def receive(self, data):
        self.heard = now = self.broker.world.now
        self.broker.late = now - (self._waiting or now)
        self._waiting = None
        self._buf += data
        while True:
            length = _length(self._buf)
            if not length or len(self._buf) < length[0] + length[1]:
                return
            end = length[0] + length[1]
            packet = self._buf[length[0] : end]
            kind = self._buf[0]
            self._buf = self._buf[end:]
            self._packet(kind, packet)

    def _packet(self, kind, packet):
        broker = self.broker
        if kind == 0x10:
            broker.online()
            if broker.client:
                broker.client.lost()
            broker.client = self
            broker.connects += 1
            self.keepalive = packet[8] << 8 | packet[9]
            _, at = _text(packet, 10)
            topic, at = _text(packet, at)
            message, at = _text(packet, at)
            self._will = (topic.decode(), message)
            self.sock.deliver(b"\x20\x02\0\0")
        elif kind & 0xF0 == 0x30:
            topic, at = _text(packet, 0)
            if kind & 6:  # QoS 1
                self.sock.deliver(b"\x40\x02" + packet[at : at + 2])
                at += 2
            broker.take(topic.decode(), packet[at:], kind & 1)
        elif kind == 0x82:
            topic = _text(packet, 2)[0]
            self.sock.deliver(b"\x90\x03" + packet[:2] + packet[-1:])
            text = broker.retained.get(topic.decode())
            if text:
                body = bytes([0, len(topic)]) + topic + text.encode()
                size = bytes([len(body) & 0x7F | 0x80, len(body) >> 7])
                self.sock.deliver(b"\x31" + size + body)
        elif kind == 0xA2:
            self.sock.deliver(b"\xb0\x02" + packet[:2])
        elif kind == 0xC0:
            self.sock.deliver(b"\xd0\0")
        elif kind == 0xE0:
            self._will = None  # it leaves on purpose
            self.lost()
        else:
            broker.world.wrong.append("MQTT packet 0x%02x" % kind)

    def closed(self):
        """The module closed the connection without a DISCONNECT."""
        self.lost()

    def lost(self):
        """The broker gives the connection up and publishes the will."""
        if self.broker.client is self:
            self.broker.client = None
            if self._will:
                self.broker.take(self._will[0], self._will[1], True)


def _length(buf):
    # (size of the head, remaining length), or None while that is not there.
    length = shift = 0
    for at in range(1, min(len(buf), 5)):
        length |= (buf[at] & 0x7F) << shift
        shift += 7
        if buf[at] < 0x80:
            return at + 1, length
    return None


def _text(packet, at):
    end = at + 2 + (packet[at] << 8 | packet[at + 1])
    return packet[at + 2 : end], end


def name_server(names):
    """A function for `fakes.sockets.Host.udp`: answers for ``names``, {name: address}."""

    def answer(query):
        at = 12
        labels = []
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += 1 + query[at]
        address = names.get(".".join(labels))
        question = query[12 : at + 5]
        if address is None:
            return query[:2] + b"\x81\x83\0\1\0\0\0\0\0\0" + question
        head = query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + question
        number = bytes([int(part) for part in address.split(".")])
        return head + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + number

    return answer


def time_server(seconds):
    """The same for NTP; ``seconds()`` is what the server takes for the time."""

    def answer(query):
        now = seconds() + _TO_1970
        stamp = bytes([now >> 24 & 255, now >> 16 & 255, now >> 8 & 255, now & 255, 0, 0, 0, 0])
        return b"\x24\x02\x06\xe9" + bytes(12) + stamp + query[40:48] + stamp + stamp

    return answer


def _remove(path):
    # A folder and all in it.
    for name in os.listdir(path):
        name = path + "/" + name
        if os.stat(name)[0] & _FOLDER:
            _remove(name)
        else:
            os.remove(name)
    os.rmdir(path)


class Flash:
    """The folder ``path`` as the module's flash: while this is entered it is the current one.

    ``full``: nothing more can be written. ``cut``: called when a file is opened for writing,
    after the file was emptied, as when the supply goes away just then.
    """

    def __init__(self, path):
        self.path = path
        self.full = False
        self.cut = None
        self.writes = 0

    def __enter__(self):
        self._back = os.getcwd()
        self._open = builtins.open
        os.chdir(self.path)
        builtins.open = self.open
        return self

    def __exit__(self, *_):
        builtins.open = self._open
        os.chdir(self._back)
        _remove(self.path)

    def open(self, path, mode="r"):
        file = self._open(path, mode)
        if "w" not in mode:
            return file
        self.writes += 1
        if self.full:
            file.close()
            raise OSError(_ENOSPC, "ENOSPC")
        if self.cut:
            file.close()
            self.cut()
        return file

    def spoil(self, *names):
        """Turn one bit in the middle of each of the files ``names``."""
        for name in names:
            with self._open(name, "rb") as f:
                data = bytearray(f.read())
            data[len(data) // 2] ^= 4
            with self._open(name, "wb") as f:
                f.write(data)

    def newest(self, name):
        """The newer copy's file of ``name`` and the older one's."""
        found = []
        for path in (name + ".a", name + ".b"):
            with self._open(path, "rb") as f:
                found.append((f.read(13), path))
        found.sort()
        return found[1][1], found[0][1]


def parse(text, wrong):
    """The JSON ``text``, or None with a line in ``wrong``."""
    try:
        return json.loads(text)
    except ValueError:
        wrong.append("not JSON: " + text[:60])
        return None
