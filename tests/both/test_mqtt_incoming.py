import asyncio

from firmware.mqtt import incoming
from firmware.mqtt.incoming import fits
from test_mqtt_client import ACCEPTED, CONNECT, ONLINE, Line, Talk, _until

ASK = b"\x82\x0c\0%c\0\x07mep/cmd\0"


def test_topics_that_fit():
    for wanted, topic, fit in (
        ("mep/cmd", "mep/cmd", True),
        ("mep/cmd", "mep/cmd/x", False),
        ("mep/cmd", "mep", False),
        ("mep/+", "mep/cmd", True),
        ("mep/+", "mep/cmd/x", False),
        ("mep/+/x", "mep/cmd/x", True),
        ("+/cmd", "mep/cmd", True),
        ("mep/#", "mep/cmd/x", True),
        ("mep/#", "mep", True),
        ("mep/#", "map/cmd", False),
        ("#", "a/b", True),
    ):
        assert fits(wanted, topic) is fit, (wanted, topic)


def test_a_subscription_is_asked_for_at_each_connection():
    line = Line()
    got = []

    def came(topic, payload):
        got.append((topic, payload))

    async def steps(client):
        client.subscribe("mep/cmd", came)  # before there is any connection
        await _until(lambda: line.sent.endswith(ONLINE))
        assert line.sent == CONNECT + ASK % 1 + ONLINE
        line.sent = b""
        client.subscribe("ü/#", came)  # and while there is one
        await _until(lambda: line.sent)
        assert line.sent == b"\x82\x09\0\x02\0\x04\xc3\xbc/#\0"
        line.incoming = (
            b"\x90\x03\0\x01\0\x90\x03\0\x02\0\x30\x0c\0\x07mep/cmd{}\x80\x30\x04\0\x02ab"
        )
        line.incoming += b"\x30\x05\0\x02\xc3\xbcx"
        await _until(lambda: len(got) == 2)
        assert got == [("mep/cmd", b"{}\x80"), ("ü", b"x")]
        assert isinstance(got[0][1], bytes)
        line.sent = b""
        client.unsubscribe("ü/#")
        await _until(lambda: line.sent)
        assert line.sent == b"\xa2\x08\0\x03\0\x04\xc3\xbc/#"
        line.incoming = b"\xb0\x02\0\x03\x30\x05\0\x02\xc3\xbcx"
        line.sent = b""
        line.gone = True
        await _until(lambda: not client.connected)
        line.gone = False
        line.incoming = ACCEPTED
        await _until(lambda: line.sent.endswith(ONLINE))
        assert line.sent == CONNECT + ASK % 4 + ONLINE
        assert len(got) == 2

    Talk(line, steps)


def test_a_refused_subscription_is_said():
    line = Line()

    async def steps(client):
        client.subscribe("mep/cmd", print)
        await _until(lambda: line.sent.endswith(ONLINE))
        line.incoming = b"\x90\x03\0\x01\x80"
        await _until(lambda: not line.incoming)
        assert client.connected

    logged = Talk(line, steps).logged
    assert len(logged) == 2 and "mep/cmd" in logged[1] and "ACL" in logged[1], logged


def test_what_is_too_long_or_no_text():
    line = Line()
    got = []

    async def steps(client):
        client.subscribe("#", lambda topic, payload: got.append(topic))
        await _until(lambda: line.sent.endswith(ONLINE))
        line.incoming = b"\x30\xe8\x07\0\x01a" + b"\xd0" * 997 + b"\x30\x03\0\x01b"
        await _until(lambda: got)
        assert got == ["b"] and client.counters()["mqtt_oversize"] == 1
        line.incoming = b"\x30\x03\0\x01\xff"
        await _until(lambda: not client.connected)
        assert client.reason == "it sends malformed packets"

    Talk(line, steps)


def test_qos_1_to_the_byte():
    line = Line()

    async def steps(client):
        assert client.publish("mep/late", b"1", True, 1) is False
        await _until(lambda: line.sent.endswith(ONLINE))
        line.sent = b""
        line.incoming = b"\xd0"  # half of a packet is there: umqtt must not take it for its own
        await _until(lambda: not line.incoming)
        assert client.publish("mep/late", "ü" * 200, True, 1)
        assert line.sent == b"\x33\x9c\x03\0\x08mep/late\0\x01" + b"\xc3\xbc" * 200
        line.sent = b""
        client._incoming._pid = 65535
        assert client.publish("mep/late", b"x", False, 1)
        assert line.sent == b"\x32\x0d\0\x08mep/late\0\x01x"  # there is no number 0
        line.incoming = b"\0\x40\x02\0\x01"
        await _until(lambda: not line.incoming)
        assert client.connected

    Talk(line, steps)


def test_delivered_when_the_broker_has_it_and_one_at_a_time():
    line = Line()
    alive = []

    async def steps(client):
        assert await client.deliver("t", b"0") is False
        await _until(lambda: line.sent.endswith(ONLINE))
        line.sent = b""
        one = asyncio.create_task(client.deliver("t", b"1", True, lambda: alive.append(1)))
        two = asyncio.create_task(client.deliver("t", b"2"))
        await _until(lambda: line.sent)
        line.incoming = b"\x40\x02\0\x09"  # of another packet
        await _until(lambda: not line.incoming)
        await asyncio.sleep(0.05)
        assert line.sent == b"\x33\x06\0\x01t\0\x011" and not one.done() and alive
        line.incoming = b"\x40\x02\0\x01"
        assert await one is True
        await _until(lambda: line.sent.endswith(b"\x32\x06\0\x01t\0\x022"))
        line.gone = True
        assert await two is False
        line.gone = False
        line.sent = b""
        line.incoming = ACCEPTED
        await _until(lambda: line.sent.endswith(ONLINE))
        assert line.sent == CONNECT + ONLINE  # nothing is sent again

    Talk(line, steps)


def test_an_acknowledgement_that_never_comes_ends_the_connection():
    line = Line()

    before = incoming.ticks_ms
    extra = [0]
    incoming.ticks_ms = lambda: (before() + extra[0]) % (1 << 30)

    async def steps(client):
        await _until(lambda: line.sent.endswith(ONLINE))
        task = asyncio.create_task(client.deliver("t", b"1"))
        await _until(lambda: line.sent.endswith(b"\0\x011"))
        await asyncio.sleep(0.05)
        assert not task.done()
        extra[0] = 10000
        assert await task is False
        await _until(lambda: client.reason == "it does not acknowledge what it gets")

    try:
        Talk(line, steps)
    finally:
        incoming.ticks_ms = before
