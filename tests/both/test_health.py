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


def test_the_largest_block_can_be_had():
    block = health.largest_block()
    if block is not None:
        assert block >= 512 and len(bytearray(block)) == block
