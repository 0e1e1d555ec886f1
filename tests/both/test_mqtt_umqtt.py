import test_mqtt_client as base
from firmware.mqtt import client as module
from test_mqtt_client import ONLINE, Line, Talk


class Newer(module.simple.MQTTClient):
    """The face of later umqtt.simple versions: a timeout, a TLS context, other results."""

    def __init__(self, client_id, server, port=0, user=None, password=None, keepalive=0, ssl=None):
        super().__init__(client_id, server, port, user, password, keepalive)
        self.ssl = ssl

    def connect(self, clean_session=True, timeout=None):
        if self.sock:
            self.sock.close()
        self.sock = module.simple.socket.socket()
        self.sock.settimeout(timeout)
        self.sock.connect(module.simple.socket.getaddrinfo(self.server, self.port)[0][-1])
        return super().connect(clean_session)

    def wait_msg(self):
        op = super().wait_msg()
        return 0xD0 if op is None else op


def test_a_newer_umqtt_does_the_same():
    before = module.simple.MQTTClient
    module.simple.MQTTClient = Newer
    try:
        base.test_connect_packet()
        base.test_pings_and_what_a_missing_answer_means()
        base.test_packets_we_do_not_need_are_passed_over()
        base.test_an_error_while_publishing_is_not_raised()
    finally:
        module.simple.MQTTClient = before


def _publish_views(room):
    line = Line()
    owner = bytearray(600)

    async def steps(client):
        await base._until(lambda: line.sent.endswith(ONLINE))
        line.sent = b""
        line.room = room
        for letter in b"ab":
            owner[:] = bytes([letter]) * 600
            assert client.publish("t", memoryview(owner))
        owner[:] = b"c" * 600
        line.room = 1 << 20
        await base._until(lambda: client.idle)

    Talk(line, steps)
    return line.sent


def test_a_memoryview_may_change_after_publish():
    header = b"\x30\xdb\x04\0\x01t"
    for room in (0, 5, 100, 1 << 20):
        assert _publish_views(room) == header + b"a" * 600 + header + b"b" * 600
