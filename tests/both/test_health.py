import gc

from firmware import health


def test_the_line_says_what_matters():
    text = health.line(
        90061,
        {"verified": 5, "retries": 2, "failed": 1, "dropped": 0, "stale": 7},
        {"poller": 0, "web": 3},
        -67,
    )
    assert text.startswith("up 25:01 h, ")
    assert "signal -67 dBm" in text and "verified 5, retries 2, failed 1, dropped 0" in text
    assert "web restarted 3 times" in text and "poller" not in text and "stale" not in text
    assert "signal" not in health.line(0, {}, {})
    assert ("heap free" in text) == hasattr(gc, "mem_free")


def test_the_radios_memory_is_told_where_it_has_its_own():
    assert "radio" not in health.line(0, {}, {})
    assert ", radio 31744, signal -67 dBm" in health.line(60, {}, {}, -67, 31744)
    assert "radio 0" in health.line(60, {}, {}, None, 0)


def test_free_is_what_the_heap_has():
    kept = health.free
    for free in (41234, None):
        health.free = lambda free=free: free
        try:
            text = health.line(60, {}, {})
        finally:
            health.free = kept
        assert text == ("up 0:01 h" if free is None else "up 0:01 h, heap free 41234")
