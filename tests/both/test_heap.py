"""`firmware.hal.heap`: how the chip's memory is divided at the start."""

import sys

sys.path.append("tests")

from fakes import Chip
from firmware.hal import heap

_WORD = 4  # bytes, on the chip
_RADIO = 27000  # bytes that stay the radio's
_TLS = 46000  # and with TLS


class _Gc:
    """The chip's figures: `mem_free` counts what the heap could take from the system."""

    def __init__(self, used, free, block):
        self.used = used
        self.free = free
        self.block = block
        self.collected = 0

    def collect(self):
        self.collected += 1

    def mem_alloc(self):
        assert self.collected
        return self.used

    def mem_free(self):
        assert self.collected
        return self.free + self.block


class _Beside:
    """What a growth takes beside the list; notes how many words the list is to have."""

    def __init__(self, size):
        self.size = size
        self.words = []

    def __rsub__(self, more):
        self.left = more - self.size
        return self

    def __floordiv__(self, size):
        assert size == _WORD
        self.words.append(self.left // size)
        return self.words[-1]


def _divide(used, free, block, tls=False):
    """(what `divide` gives, how many words it asked for at once)."""
    words = []

    def largest(a, b):
        beside = _Beside(a if a > b else b)
        beside.words = words
        return beside

    kept = heap.gc
    heap.gc = _Gc(used, free, block)
    heap.max = largest
    try:
        with Chip() as chip:
            heaps = chip.esp32.heaps
            # The smaller ones are of no use: an area of the heap is one piece.
            chip.esp32.heaps = [(9000, 9000, 5000, 0), (200000, block + 9000, block, 0)]
            try:
                got = heap.divide(tls)
            finally:
                chip.esp32.heaps = heaps
    finally:
        heap.gc = kept
        del heap.max
    assert len(words) <= 1
    return got, words[0] if words else None


def test_all_but_the_radios_share_is_asked_for_at_once():
    got, words = _divide(20000, 30000, 110000)
    # What the interpreter adds is its table of the new area, and that is within the same piece.
    assert got is not None and words == (110000 - _RADIO - (110000 - _RADIO) // 38) // _WORD
    # A small one costs 2 KB at least.
    assert _divide(10000, 10000, 60000)[1] == (60000 - _RADIO - 2048) // _WORD


def test_tls_leaves_more_to_the_radio():
    _, plain = _divide(10000, 10000, 75000)
    _, tls = _divide(10000, 10000, 75000, True)
    assert (plain - tls) * _WORD == _TLS - _RADIO


def test_no_more_than_is_of_use():
    _, words = _divide(30000, 30000, 250000)
    assert words == (160000 - 60000 - 100000 // 38) // _WORD
    assert _divide(80000, 80000, 250000) == (None, None)


def test_nothing_where_the_interpreter_would_double_beyond_what_is_left():
    # It takes at least as much as it has: less than that cannot be had, and nothing is tried.
    assert _divide(20000, 30000, _RADIO + 49999) == (None, None)
    assert _divide(20000, 30000, _RADIO + 50000)[0] is not None
    assert _divide(20000, 30000, _TLS + 49999, True) == (None, None)
    assert _divide(20000, 30000, _TLS + 50000, True)[0] is not None
    for block in (0, 5001, _RADIO - 1, _RADIO):
        assert _divide(20000, 30000, block) == (None, None)


def test_what_is_kept_holds_the_new_area():
    # An area of which no block is in use is given back, and the first one does not count.
    got, _ = _divide(20000, 30000, 80000)
    assert len(got) * _WORD >= 2 * 16


class _Table:
    """In place of `gc`: a table of names that takes 4,512 bytes more at the ``grows``th."""

    mem_free = None

    def __init__(self, grows):
        self.grows = grows
        self.found = []

    def mem_alloc(self):
        return 50000 + 16 * len(self.found) + (4512 if len(self.found) >= self.grows else 0)

    def __getattr__(self, name):
        self.found.append(name)
        raise AttributeError(name)


def test_names_are_made_until_their_table_has_grown():
    kept = heap.gc
    try:
        # It may have grown already, and then so many will never be missing.
        for grows, made in ((1, 1), (150, 150), (1000, 200)):
            table = heap.gc = _Table(grows)
            heap.names()
            assert len(table.found) == len(set(table.found)) == made
            # A longer text than ten characters becomes no name.
            assert max([len(name) for name in table.found]) <= 10
    finally:
        heap.gc = kept
