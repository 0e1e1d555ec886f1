import sys

sys.path.append("tests")

from fakes import Chip
from firmware.hal import memory
from firmware.hal.memory import drop
from firmware.hal.ports import MICROPYTHON


def test_a_dropped_module_is_read_again_where_memory_matters():
    import osgp.sources

    first = osgp.sources
    drop("osgp.sources", "osgp.no_such_module")
    assert ("osgp.sources" in sys.modules) == (not MICROPYTHON)
    assert hasattr(sys.modules["osgp"], "sources") == (not MICROPYTHON)
    from osgp import sources

    assert (sources is first) == (not MICROPYTHON)
    assert sources.HIGHEST_ID == first.HIGHEST_ID


def test_a_dropped_package_goes_with_all_in_it_and_comes_back_whole():
    from firmware import boards

    assert boards.load("dabbler", {}).UART is not None
    drop("firmware.boards")
    assert ("firmware.boards.dabbler" in sys.modules) == (not MICROPYTHON)
    from firmware import boards

    assert boards.load("dabbler", {}).UART is not None


class _Gc:
    """The interpreter's heap; ``back``: the system's heaps after a collection, if they change."""

    def __init__(self, back=None):
        self.back = back
        self.fakes = None

    def mem_free(self):
        return 90000

    def collect(self):
        if self.back:
            self.fakes.esp32.heaps = self.back


class _Cpython:
    """`gc` without figures."""


def _on(chip, heaps, function, gc=None):
    """What ``function`` says with these heaps of the system, on a chip or elsewhere."""
    kept = memory.CHIP, memory.gc
    memory.CHIP, memory.gc = chip, gc or _Gc()
    try:
        with Chip() as fakes:
            memory.gc.fakes = fakes
            usual = fakes.esp32.heaps
            fakes.esp32.heaps = heaps
            try:
                return function()
            finally:
                fakes.esp32.heaps = usual
    finally:
        memory.CHIP, memory.gc = kept


def _heaps(*largest):
    return [(200000, 3 * n, n, 0) for n in largest]


def test_the_radio_has_the_largest_piece():
    assert _on(True, _heaps(8000, 31000, 500), memory.radio) == 31000
    assert _on(True, [], memory.radio) == 0


def test_what_the_heap_could_take_from_the_radio_is_not_free():
    heaps = _heaps(31000, 8000)
    assert _on(True, heaps, memory.free) == 59000
    assert _on(False, heaps, memory.free) == 90000
    assert _on(False, heaps, memory.free, _Cpython()) is None


def test_code_does_not_fit_into_every_hole():
    heaps = _heaps(31000, 8000)
    assert _on(True, heaps, memory.room) == 54000
    assert _on(False, heaps, memory.room) == 90000
    assert _on(False, heaps, memory.room, _Cpython()) is None


def test_only_a_chip_is_crowded():
    for left, most, crowded in ((9999, 8000, True), (10000, 5000, False), (20000, 4999, True)):
        heaps = [(100000, left - 1000, most, 0), (15000, 1000, 900, 0)]
        assert _on(True, heaps, memory.crowded) is crowded
        assert _on(False, heaps, memory.crowded) is False
    for left, crowded in ((4999, True), (5000, False)):
        assert _on(True, [(9000, left, 2500, 0)], lambda: memory.crowded(5000)) is crowded


def test_what_a_collection_gives_back_counts():
    little, enough = ([(100000, left, 6000, 0)] for left in (9999, 10000))
    assert _on(True, little, memory.crowded, _Gc(enough)) is False
    assert _on(True, little, memory.crowded, _Gc(little)) is True
