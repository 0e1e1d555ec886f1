"""What the poller says of odd replies, and replies that are kept."""

from firmware.meter import pieces, replies
from mep import events


def test_what_is_odd_about_an_answer_is_told():
    event = events.Response()
    event.count = 8
    assert replies.odd(28, event, 12) == "BT28: 8 of 12 bytes came"
    event = events.Refused()
    event.code = 3
    assert (
        replies.odd(2103, event, 4) == "ET55: the meter answers 0x03, no permission, to this key"
    )
    event = events.Failed()
    event.reason = events.WRONG_KEY
    assert "refuses the key" in replies.odd(28, event, 4)
    event.reason = events.DIGEST
    assert "disturbed (digest)" in replies.odd(28, event, 4)


def test_a_reply_kept_is_left_alone_by_the_next_one():
    event = events.Response()
    event.buf = bytearray(b"???abcdef")
    event.count = 4
    kept = pieces.kept(event)
    event.buf[3] = event.count = 0
    assert bytes(kept.buf[kept.start : kept.start + kept.count]) == b"abcd"
