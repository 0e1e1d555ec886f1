"""firmware.writes: the ledger of writes is on the flash before a write is sent."""

from firmware import storage
from firmware.hal import clock
from firmware.writes import Writes, body

NAME = "test-writes.tmp"
ET50, ET52, BT07 = 2098, 2100, 7
NEW = (3, 84, 6)
HOUR = 3600


class Time:
    """Stands in for the clock: ``s`` of uptime, ``unix`` or None."""

    def __init__(self):
        self.s = 0
        self.wall = None

    def ticks_ms(self):
        # Ticks wrap five seconds after the start.
        return clock.ticks_add(clock.ticks_add(0, -5000), self.s * 1000)

    def unix(self):
        return self.wall


def with_time(test):
    def run():
        kept = clock.ticks_ms, clock.unix, storage.save
        time = Time()
        clock.ticks_ms, clock.unix = time.ticks_ms, time.unix
        storage.remove(NAME)
        try:
            test(time)
        finally:
            clock.ticks_ms, clock.unix, storage.save = kept
            storage.remove(NAME)

    return run


def fill(writes, n=4):
    for _ in range(n):
        assert writes.allow(ET52, 0, b"\0") is True


@with_time
def test_the_limit_holds_through_restarts(time):
    time.wall = 1800000000
    fill(Writes(NAME, NEW), 2)
    fill(Writes(NAME, NEW), 2)
    writes = Writes(NAME, NEW)
    why = writes.allow(ET52, 0, b"\0")
    assert why.startswith("ET52: it would wear"), why
    assert writes.look(ET52, 0, b"\0")[1] == why
    assert writes.allow(ET50, 30, b"\1") is True
    time.wall += HOUR
    assert Writes(NAME, NEW).allow(ET52, 0, b"\0") is True


@with_time
def test_without_a_clock_it_counts_from_the_start(time):
    fill(Writes(NAME, NEW))
    writes = Writes(NAME, NEW)
    time.s += HOUR - 1
    assert writes.allow(ET52, 0, b"\0") is not True
    time.s += 1
    assert writes.allow(ET52, 0, b"\0") is True


@with_time
def test_ticks_wrap(time):
    writes = Writes(NAME, NEW)
    before = clock.ticks_ms()
    fill(writes)
    time.s += HOUR - 1
    assert clock.ticks_ms() < before
    assert writes.allow(ET52, 0, b"\0") is not True
    time.s += 1
    assert writes.allow(ET52, 0, b"\0") is True


@with_time
def test_a_look_counts_nothing(time):
    writes = Writes(NAME, NEW)
    for _ in range(9):
        judged, why = writes.look(ET52, 0, b"\0")
        assert judged.memory == "NVM" and why == ""
    assert writes.look(ET52, 0, b"\0", 4)[1] == "" and storage.load(NAME) is None


@with_time
def test_ram_is_free_and_leaves_our_flash_alone(time):
    writes = Writes(NAME, NEW)
    for i in range(50):
        assert writes.allow(BT07, None, bytes([0x27, 8, 5 + i % 5, 12, 1, 0, 0])) is True
    assert storage.load(NAME) is None and writes.last == 9
    # The PSN is kept with the next write that counts.
    fill(writes, 1)
    assert Writes(NAME, NEW).last == 9


@with_time
def test_what_may_not_be_is_not_counted(time):
    writes = Writes(NAME, NEW, "MBK")
    assert "advanced key" in writes.allow(2061, 0, b"\0")
    assert writes.allow(28, 0, b"\0") == "BT28: no key may write it"
    assert storage.load(NAME) is None
    assert writes.allow(BT07, None, b"\x11\x08\x05\x00\xf8\x03") is True and writes.last == 5


@with_time
def test_a_cut_at_any_byte_loses_no_write_that_was_sent(time):
    time.wall = 1800000000
    for sent in range(4):
        storage.remove(NAME)
        fill(Writes(NAME, NEW), sent)
        before = [contents(end) for end in (".a", ".b")]
        fill(Writes(NAME, NEW), 1)
        after = [contents(end) for end in (".a", ".b")]
        which = 0 if after[0] != before[0] else 1
        for cut in range(len(after[which]) + 1):
            # The power went away while this copy was written: its write was not sent.
            put((".a", ".b")[which], after[which][:cut])
            put((".a", ".b")[1 - which], after[1 - which])
            writes = Writes(NAME, NEW)
            room = 0
            while writes.allow(ET52, 0, b"\0") is True:
                room += 1
            assert room <= 4 - sent, (sent, cut, room)


@with_time
def test_both_copies_damaged_is_a_full_hour(time):
    for end in (".a", ".b"):
        put(end, b"MEP1 rubbish")
    writes = Writes(NAME, NEW)
    assert writes.allow(ET52, 0, b"\0") is not True
    time.s += HOUR
    assert writes.allow(ET52, 0, b"\0") is True


@with_time
def test_what_cannot_be_kept_is_not_sent(time):
    def full(name, data):
        raise storage.StorageError("full", "", 28)

    storage.save = full
    why = Writes(NAME, NEW).allow(ET52, 0, b"\0")
    assert "ledger of writes cannot be kept" in why and "flash is full" in why


def test_a_dry_run_has_the_bytes_of_the_guides_examples():
    # p. 53 and p. 17, without length, sequence number and digest.
    ep17 = body(BT07, None, b"\x11\x08\x07\x00\xf8\x03")
    assert ep17 == b"\x40\x00\x07\x00\x06\x11\x08\x07\x00\xf8\x03"
    assert body(ET50, 30, b"\x01") == b"\x4f\x08\x32\x00\x00\x1e\x00\x01\x01"
    assert len(body(ET52, 0, bytes(456))) == 8 + 456


def contents(end):
    try:
        with open(NAME + end, "rb") as f:
            return f.read()
    except OSError:
        return None


def put(end, data):
    if data is None:
        storage.delete(NAME + end)
        return
    with open(NAME + end, "wb") as f:
        f.write(data)
