from firmware.mqtt import pipe as module
from firmware.mqtt.pipe import Pipe


class Net:
    def __init__(self, incoming=b"", room=1000):
        self.incoming = incoming
        self.room = room
        self.sent = b""

    def send(self, buf, start=0):
        n = min(self.room, len(buf) - start)
        self.room -= n
        self.sent += bytes(buf[start : start + n])
        return n

    def recv_into(self, buf):
        n = min(len(buf), len(self.incoming))
        buf[:n] = self.incoming[:n]
        self.incoming = self.incoming[n:]
        return n


def test_packets_go_out_whole_and_in_order():
    pipe = Pipe()
    head = bytearray(b"\x30\x05xx")
    pipe.write(head, 2)
    head[:] = b"----"  # umqtt uses it again
    pipe.write(b"abcde")
    pipe.commit()
    pipe.write(b"\x30")
    pipe.abandon()
    pipe.write(b"\xc0\0")
    pipe.commit()
    assert pipe.size == 9
    net = Net(room=3)
    pipe.flush(net)
    assert net.sent == b"\x30\x05a" and pipe.size == 6
    net.room = 100
    pipe.flush(net)
    assert net.sent == b"\x30\x05abcde\xc0\0" and pipe.size == 0 and not pipe.out


def test_packets_come_in_pieces_and_long_ones_are_skipped():
    pipe = Pipe()
    net = Net(b"\xd0")
    pipe.fill(net)
    assert pipe.packet() is None
    net.incoming = b"\0\x30\xac\x02" + b"x" * 300 + b"\x40\x02\0\x07"
    seen = []
    while net.incoming or pipe.got:
        pipe.fill(net)
        while True:
            first = pipe.packet()
            if first is None:
                break
            seen.append((first, pipe.read(pipe._end)))
            pipe.done()
    assert seen == [(0xD0, b"\xd0\0"), (0x40, b"\x40\x02\0\x07")] and pipe.oversize == 1


def test_umqtt_never_reads_beyond_its_packet():
    pipe = Pipe()
    pipe.fill(Net(b"\xd0\0\xd0\0"))
    assert pipe.packet() == 0xD0
    try:
        pipe.read(3)
        raise AssertionError("it read on")
    except OSError as e:
        assert "malformed" in str(e)


def test_a_crowded_chip_sends_later_what_is_left():
    pipe = Pipe()
    for packet in (b"\xc0\0", b"\x30\x03\0\x01a", b"\xe0\0"):
        pipe.write(packet)
        pipe.commit()
    crowded = [True, False, False, True]
    spared = []

    def looks(least):
        spared.append(least)
        return crowded.pop(0)

    net = Net()
    kept = module.crowded
    module.crowded = looks
    try:
        pipe.flush(net)
        assert net.sent == b"" and pipe.size == 9
        # A packet and its empty payload; then there is no room any more.
        pipe.flush(net)
        assert net.sent == b"\xc0\0" and pipe.size == 7 and not crowded
        assert max(spared) < 10000  # so that a page waits before the broker does
        module.crowded = lambda least: False
        pipe.flush(net)
    finally:
        module.crowded = kept
    assert net.sent == b"\xc0\0\x30\x03\0\x01a\xe0\0" and pipe.size == 0 and not pipe.out
