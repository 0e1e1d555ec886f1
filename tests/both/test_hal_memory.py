import sys

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
