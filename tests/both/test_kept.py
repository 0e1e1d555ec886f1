"""What outlives deep sleep: `firmware.kept` in the chip's RTC memory."""

import os

from firmware.kept import RECORDS, Kept

NOW = 1767826800
GUARD = b"mepB\x01\xfe-\x00"


class Memory:
    """machine.RTC's."""

    def __init__(self, data=b""):
        self.data = data

    def memory(self, data=None):
        if data is None:
            return self.data
        assert len(data) <= 2048
        self.data = bytes(data)


def _filled(n, layout=(12, 0, 1, 1, 0, 255, 10)):
    memory = Memory(GUARD)
    kept = Kept(memory)
    assert not kept.good and kept.layout is None and kept.ring.count == 0
    kept.wakes, kept.fails, kept.number, kept.layout = 7, 2, 4000000000, layout
    for i in range(n):
        kept.ring.put(NOW + i, 1000 + i, None, -i)
    kept.save()
    return memory


def test_all_of_it_comes_back():
    for n in (0, 1, 50, RECORDS, RECORDS + 5):
        memory = _filled(n)
        assert memory.data[:8] == GUARD
        kept = Kept(memory)
        assert kept.good
        assert (kept.wakes, kept.fails, kept.number) == (7, 2, 4000000000)
        assert kept.layout == (12, 0, 1, 1, 0, 255, 10)
        ring = kept.ring
        assert ring.count == min(n, RECORDS) and ring.lost == max(0, n - RECORDS)
        if n:
            assert ring.get(ring.count - 1) == (NOW + n - 1, 999 + n, None, 1 - n)
        kept.save()
        assert Kept(memory).ring.count == ring.count


def test_no_layout():
    assert Kept(_filled(3, None)).layout is None


def test_an_empty_memory_keeps_room_for_the_boot_guard():
    memory = Memory()
    Kept(memory).save()
    assert memory.data[:8] == bytes(8) and Kept(memory).good


def test_garbage_is_nothing():
    good = _filled(5).data
    for data in (b"", b"\xff" * 2048, bytes(2048), GUARD, good[:-1], good + b"\0", good[:20]):
        kept = Kept(Memory(data))
        assert not kept.good and kept.ring.count == 0 and kept.wakes == 0 and kept.layout is None
    for _ in range(50):
        kept = Kept(Memory(os.urandom(200)))
        assert not kept.good
    # A record count that lies beyond what is there.
    lie = bytearray(good)
    lie[8 + 18] = 255
    assert not Kept(Memory(bytes(lie))).good


def test_every_flipped_bit_is_found():
    good = _filled(3).data
    for at in range(8, len(good)):
        for bit in range(8):
            bad = bytearray(good)
            bad[at] ^= 1 << bit
            kept = Kept(Memory(bytes(bad)))
            assert not kept.good and kept.ring.count == 0, (at, bit)
