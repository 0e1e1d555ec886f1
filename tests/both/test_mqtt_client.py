import asyncio

from firmware.hal import clock, net
from firmware.mqtt import client as module
from firmware.mqtt import connecting

CONFIG = {
    "mqtt_host": "broker",
    "mqtt_port": 1883,
    "mqtt_user": "",
    "mqtt_password": "",
    "mqtt_base": "mep",
    "mqtt_client_id": "m1",
    "mqtt_tls": "off",
}
CONNECT = b"\x10\x23\0\x04MQTT\x04\x26\0\x0f\0\x02m1\0\x0amep/status\0\x07offline"
ACCEPTED = b"\x20\x02\0\0"
ONLINE = b"\x31\x12\0\x0amep/statusonline"
PINGRESP = b"\xd0\0"


class Line:
    """Stands in for hal.net.Tcp: what is sent, what will be received, how much room there is."""

    def __init__(self, incoming=ACCEPTED, room=1 << 20, step=256):
        self.incoming = incoming
        self.room = room
        self.step = step
        self.sent = b""
        self.closed = 0
        self.gone = False

    async def open(self, host, port, timeout_ms):
        assert (host, port) == ("broker", 1883)
        self.where = (host, port)

    def send(self, buf, start=0):
        if self.gone:
            raise OSError("gone")
        n = min(self.room, len(buf) - start)
        self.room -= n
        self.sent += bytes(buf[start : start + n])
        return n

    def recv_into(self, buf):
        if self.gone:
            raise OSError("gone")
        n = min(self.step, len(buf), len(self.incoming))
        buf[:n] = self.incoming[:n]
        self.incoming = self.incoming[n:]
        return n

    def close(self):
        self.closed += 1


class Talk:
    """Runs one client over ``line`` while ``steps(client)`` runs; keeps what it logged."""

    def __init__(self, line, steps, **config):
        self.logged = []
        self.line = line
        settings = dict(CONFIG)
        settings.update(config)
        before = net.Tcp
        net.Tcp = lambda: line
        try:
            self.client = module.Client(settings, lambda level, text: self.logged.append(text))
            asyncio.run(self._go(steps))
        finally:
            net.Tcp = before

    async def _go(self, steps):
        task = asyncio.create_task(self.client.run())
        try:
            await steps(self.client)
        finally:
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass


async def _until(check):
    for _ in range(300):
        if check():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")


def test_connect_and_publish_to_the_byte():
    line = Line()

    async def steps(client):
        assert client.publish("mep/readings", b"1") is False  # not yet connected
        await _until(lambda: line.sent.endswith(ONLINE))
        line.sent = b""
        assert client.publish("mep/readings", b"{}") is True
        assert line.sent == b"\x30\x10\0\x0cmep/readings{}"  # at once, before any other task ran
        line.sent = b""
        assert client.publish(b"mep/x", "ü", True)
        assert line.sent == b"\x31\x09\0\x05mep/x\xc3\xbc"
        line.sent = b""
        assert client.publish("mep/readings", "x" * 1000)
        assert line.sent == b"\x30\xf6\x07\0\x0cmep/readings" + b"x" * 1000
        assert client.idle and client.connected

    talk = Talk(line, steps)
    counters = talk.client.counters()
    assert counters["mqtt_published"] == 4 and counters["mqtt_dropped"] == 1
    assert line.closed == 1 and talk.client.connected is False


def _connect_packet(**config):
    line = Line()
    sent = []

    async def steps(client):
        await _until(lambda: client.connected)
        sent.append(line.sent)

    Talk(line, steps, **config)
    return sent[0][: len(sent[0]) - (len(ONLINE) if sent[0].endswith(ONLINE) else 0)]


def test_connect_packet():
    assert _connect_packet() == CONNECT
    assert _connect_packet(mqtt_user="ü", mqtt_password="pw") == (
        b"\x10\x2b\0\x04MQTT\x04\xe6\0\x0f\0\x02m1\0\x0amep/status\0\x07offline"
        b"\0\x02\xc3\xbc\0\x02pw"
    )
    # A user without a password, and a packet whose length needs two bytes.
    long = _connect_packet(mqtt_user="u" * 100)
    assert long[:3] == b"\x10\x8b\x01" and long.endswith(b"\0\x64" + b"u" * 100 + b"\0\0")


def test_client_ids_are_unique():
    ids = {_connect_packet(mqtt_client_id="")[14:30] for _ in range(3)}
    assert len(ids) == 3 and all(i.startswith(b"mep-") for i in ids)


def test_answers_in_single_bytes_and_small_room():
    line = Line(room=5, step=1)

    async def steps(client):
        while not line.sent.endswith(ONLINE):
            line.room = 5
            await asyncio.sleep(0)
            assert len(line.sent) <= len(CONNECT + ONLINE)
        assert line.sent == CONNECT + ONLINE
        line.room = 7
        assert client.publish("mep/readings", b"y" * 300)
        assert not client.idle
        line.room = 1 << 20
        await _until(lambda: client.idle)
        assert line.sent == CONNECT + ONLINE + b"\x30\xba\x02\0\x0cmep/readings" + b"y" * 300

    Talk(line, steps)


def test_refusals_in_words():
    for code, part in (
        (1, "3.1.1"),
        (2, "mqtt_client_id"),
        (3, "not available"),
        (4, "mqtt_password"),
        (5, "not authorised"),
        (77, "code 77"),
    ):
        line = Line(b"\x20\x02\0" + bytes([code]))

        async def steps(client):
            await _until(lambda: client.reason != "not yet connected")

        talk = Talk(line, steps, mqtt_user="u", mqtt_password="secret-word")
        assert part in talk.client.reason
        assert talk.client.counters()["mqtt_connects"] == 0
        assert len(talk.logged) == 1 and part in talk.logged[0]
        assert "secret-word" not in talk.logged[0]


def test_what_is_no_broker_is_said():
    async def steps(client):
        await _until(lambda: "no MQTT broker" in client.reason)

    Talk(Line(b"HTTP/1.1 400 Bad Request\r\n\r\n"), steps)


def _lost(line, *incoming):
    """Reason why the connection is lost after the broker sent ``incoming``."""
    reasons = []

    async def steps(client):
        await _until(lambda: line.sent.endswith(ONLINE))
        for piece in incoming:
            line.incoming += piece
        await _until(lambda: not client.connected)
        reasons.append(client.reason)
        assert client.counters()["mqtt_lost"] == 1

    Talk(line, steps)
    return reasons[0]


def test_malformed_packets_end_the_connection():
    for bad in (
        b"\0\0",  # no such type
        b"\x10\0",  # what only a client sends
        b"\x20\x02\0\0",  # a second CONNACK
        b"\xd0\x01\0",  # PINGRESP with a body
        b"\x30\xff\xff\xff\xff\x01",  # length of five bytes
        b"\x30\x03\0\x09a",  # the topic is longer than the packet
        b"\x30\x01\0",
        b"\x30\0",
        b"\x32\x03\0\x01a",  # QoS 1 without its number
        b"\x34\x05\0\x01a\0\x01",  # QoS 2
    ):
        assert _lost(Line(), bad) == "it sends malformed packets", bad


def test_packets_we_do_not_need_are_passed_over():
    line = Line(step=150)

    async def steps(client):
        await _until(lambda: line.sent.endswith(ONLINE))
        line.sent = b""
        line.incoming = (
            b"\x30\x05\0\x01abc"  # a message
            b"\x40\x02\0\x07"  # PUBACK
            b"\x90\x03\0\x01\0"  # SUBACK
            b"\x30\xe8\x07" + b"\0\x01a" + b"\xd0" * 997  # 1000 bytes: over the buffer
        )
        line.incoming += b"\x32\x06\0\x01a\x12\x34b"  # QoS 1: wants an answer
        await _until(lambda: line.sent)
        assert line.sent == b"\x40\x02\x12\x34"
        assert client.connected and client.counters()["mqtt_oversize"] == 1

    Talk(line, steps)


def test_queue_is_bounded_and_packets_are_whole():
    line = Line()
    body = b"z" * 1500

    async def steps(client):
        await _until(lambda: line.sent.endswith(ONLINE))
        line.sent = b""
        line.room = 100
        taken = [client.publish("t", body) for _ in range(10)]
        assert taken == [True] * 5 + [False] * 5
        assert client.dropped == 5
        line.room = 1 << 20
        await _until(lambda: client.idle)
        assert line.sent == (b"\x30\xdf\x0b\0\x01t" + body) * 5
        # One message larger than the queue passes when nothing else waits.
        assert client.publish("t", b"z" * 9000)

    Talk(line, steps)


def test_what_a_lost_connection_swallows_is_counted():
    line = Line()

    async def steps(client):
        await _until(lambda: line.sent.endswith(ONLINE))
        line.room = 3
        assert client.publish("t", b"1" * 400) and client.publish("t", b"2")
        line.gone = True
        await _until(lambda: not client.connected)
        assert client.dropped == 2
        assert client.publish("t", b"3") is False and client.dropped == 3

    Talk(line, steps)


def test_an_error_while_publishing_is_not_raised():
    line = Line()

    async def steps(client):
        await _until(lambda: line.sent.endswith(ONLINE))
        line.gone = True
        client.publish("t", b"1")
        assert not client.connected
        await _until(lambda: client.reason == "gone")
        line.gone = False
        line.incoming = ACCEPTED
        await _until(lambda: client.connected)
        assert client.counters()["mqtt_connects"] == 2

    Talk(line, steps)


def test_available_is_told_when_it_changes():
    line = Line()

    async def steps(client):
        await _until(lambda: line.sent.endswith(ONLINE))
        client.available(True)
        client.available(False)
        await _until(lambda: line.sent.endswith(b"\x31\x13\0\x0amep/statusoffline"))
        client.available(True)
        await _until(lambda: line.sent.endswith(ONLINE))
        assert line.sent.count(b"mep/status") == 4  # the will is one

    Talk(line, steps)


class _Ticks:
    """Clock of the client that a test moves."""

    def __init__(self):
        self.extra = 0
        self.ticks_ms = clock.ticks_ms

    def __enter__(self):
        self._put(self)
        return self

    def __exit__(self, *_):
        self._put(self.ticks_ms)

    @staticmethod
    def _put(function):
        # MicroPython reads `connecting` at each use, and takes the clock's.
        clock.ticks_ms = module.ticks_ms = connecting.ticks_ms = function

    def __call__(self):
        return (self.ticks_ms() + self.extra) % (1 << 30)


def test_pings_and_what_a_missing_answer_means():
    line = Line()
    ticks = _Ticks()

    async def steps(client):
        await _until(lambda: line.sent.endswith(ONLINE))
        for _ in range(3):
            line.sent = b""
            ticks.extra += 4000
            await _until(lambda: line.sent == b"\xc0\0")
            line.incoming = PINGRESP
            await _until(lambda: not line.incoming)
        assert client.connected
        ticks.extra += 4000
        await _until(lambda: line.sent == b"\xc0\0\xc0\0")
        assert client.connected
        ticks.extra += 4000
        await _until(lambda: not client.connected)
        assert client.reason == "it does not answer any more"

    with ticks:
        Talk(line, steps)


def test_a_broker_that_never_answers_connect_is_given_up():
    line = Line(b"")
    ticks = _Ticks()

    async def steps(client):
        await _until(lambda: line.sent == CONNECT)
        line.incoming = ACCEPTED[:3]
        await asyncio.sleep(0.03)
        assert line.closed == 0
        ticks.extra += 4000
        await _until(lambda: line.closed)
        assert "does not answer" in client.reason

    with ticks:
        Talk(line, steps)
