from mep.errors import LocalError
from mep.events import counters
from mep.session import TRIES, Session
from mepkit import KEY, data_reply, events, feed, hexed, reply, send

DATA = bytes(range(44))
OTHER = b"\x02" * 16


def _open(seq=1, **kw):
    s = Session(KEY, seq, **kw)
    s.request(23, 44, 0)
    return s, send(s)


def _fail(f, *args):
    try:
        f(*args)
    except LocalError as e:
        return str(e)
    raise AssertionError("no LocalError")


def test_guide_exchange():
    # RC4 example 1: wrong number, then the reply under the given number + 1.
    s = Session(KEY, 0x01020303)
    s.request(23, 44, 0)
    assert send(s) == hexed("00143f0017000000002c0102030474861f6d7658dd56")
    assert feed(s, hexed("000d0c77635b9035863c1df5b91482")) == []
    assert send(s) == hexed("00143f0017000000002c77635b9113db85a135a0575e")
    answer = hexed(
        "0037 00002c 0000000000000000 0000000000000000 08000000 03000000"
        "0000000000000000 0000000000000000 06000000 addcb82c3d417f91"
    )
    ((name, data),) = feed(s, answer)
    assert name == "Response" and len(data) == 44 and data[16] == 8
    c = s.counters()
    assert c["sequence"] == 1 and c["verified"] == 1 and c["retries"] == 0 and s.jumps == 1


def test_reply_three_ways():
    for step in (1, 7, 999):
        for tail in (b"", b"\x00\x00", b"garbage"):
            s, packet = _open()
            stream = data_reply(packet, DATA) + tail
            found = []
            for at in range(0, len(stream), step):
                found += feed(s, stream[at : at + step])
            assert found[0] == ("Response", DATA), (step, tail)
            assert all(f[0] == "Alert" for f in found[1:])
            assert not s.busy


def test_full_read_may_answer_less_than_asked():
    s = Session(KEY, 5)
    s.request(28, 300)
    packet = send(s)
    assert packet[2] == 0x30
    assert feed(s, data_reply(packet, DATA)) == [("Response", DATA)]


def test_write_reply():
    s = Session(KEY, 5)
    s.request(7, offset=0, data=b"\x01\x02\x03")
    assert feed(s, reply(send(s), b"\x00")) == [("Response", b"")]
    s.request(7, data=b"\x01\x02\x03")
    assert feed(s, reply(send(s), b"\x00")) == [("Response", b"")]


def test_refused_with_names():
    for code, name in ((3, "no permission"), (5, "table operation not possible"), (99, "unknown")):
        s, packet = _open()
        answer = reply(packet, bytes([code]))
        s.receive(answer, len(answer))
        e = s.next_event()
        assert e.code == code and e.name.startswith(name)
        assert s.counters()["refused"] == 1 and not s.busy


def test_reads_retry_with_the_next_number_and_late_replies_are_stale():
    s, first = _open(seq=9)
    assert first[10:14] == b"\x00\x00\x00\x0a"
    s.timed_out()
    second = send(s)
    assert second[10:14] == b"\x00\x00\x00\x0b"
    late = data_reply(first, DATA)
    # The late reply fails the digest; the right one behind it is taken.
    assert feed(s, late + data_reply(second, bytes(44))) == [("Response", bytes(44))]
    c = s.counters()
    assert c["stale"] == 1 and c["retries"] == 1 and c["silent"] == 1 and c["digest"] == 0


def test_after_a_stale_reply_the_right_one_has_its_full_time():
    s, first = _open()
    s.timed_out()
    send(s)
    feed(s, data_reply(first, DATA))
    assert s.timeout_ms >= 500
    # One older than the try before is not known for what it is, and is no reading either.
    s.timed_out()
    third = send(s)
    assert feed(s, data_reply(first, DATA)) == []
    assert s.counters()["digest"] == 1
    assert feed(s, data_reply(third, DATA)) == [("Response", DATA)]


def test_writes_retry_unchanged():
    s = Session(KEY, 9)
    s.request(7, offset=0, data=b"abc")
    first = send(s)
    s.timed_out()
    assert send(s) == first
    assert feed(s, reply(first, b"\x00")) == [("Response", b"")]


def test_write_executed_though_its_reply_was_lost():
    for seq, given in ((9, b"\x00\x00\x00\x0b"), (0x0001FFFE, b"\x00\x02\x00\x00")):
        s = Session(KEY, seq)
        s.request(7, offset=0, data=b"abc")
        send(s)
        s.timed_out()
        packet = send(s)
        assert feed(s, reply(packet, b"\x0c" + given)) == [("Response", None)]


def test_write_whose_fate_is_unknown_is_never_sent_under_another_number():
    s = Session(KEY, 9)
    s.request(7, offset=0, data=b"abc")
    send(s)
    s.timed_out()
    packet = send(s)
    assert feed(s, reply(packet, b"\x0c\x00\x00\x00\x24")) == [("Failed", "unconfirmed")]
    assert send(s) is None
    s.request(7, offset=0, data=b"abc")
    for _ in range(TRIES):
        feed(s, data_reply(send(s), b"x", OTHER))
        s.timed_out()
    assert events(s) == [("Failed", "unconfirmed")]


def test_first_write_with_a_wrong_number_was_not_executed():
    s = Session(KEY, 9)
    s.request(7, offset=0, data=b"abc")
    packet = send(s)
    assert feed(s, reply(packet, b"\x0c\x12\x34\xff\xff")) == []
    again = send(s)
    assert again[-12:-8] == b"\x12\x35\x00\x00"
    assert feed(s, reply(again, b"\x00")) == [("Response", b"")]


def test_numbers_wrap():
    s = Session(KEY, 0xFFFFFFFF)
    s.request(23, 44, 0)
    assert send(s)[10:14] == b"\x00\x00\x00\x00"


def test_0c_for_ever_ends():
    s, packet = _open()
    found = []
    rounds = 0
    while not found:
        found = feed(s, reply(packet, b"\x0c\x00\x00\x00\x01"))
        packet = send(s)
        rounds += 1
        assert rounds < 20
    assert found == [("Failed", "sequence")]


def test_0b_every_time_is_a_wrong_key():
    s, packet = _open()
    for n in range(TRIES):
        # The meter computes with its own key, so its digest cannot be right under ours.
        assert feed(s, reply(packet, b"\x0b", OTHER)) == []
        s.timed_out()
        packet = send(s)
    assert events(s) == [("Failed", "wrong key")]
    assert s.counters()["auth"] == TRIES


def test_0b_now_and_then_is_line_noise():
    s, packet = _open()
    feed(s, reply(packet, b"\x0b", OTHER))
    s.timed_out()
    packet = send(s)
    assert feed(s, data_reply(packet, DATA)) == [("Response", DATA)]
    s, packet = _open()
    for n in range(TRIES):
        if n:
            feed(s, reply(packet, b"\x0b", OTHER))
        s.timed_out()
        packet = send(s)
    assert events(s) == [("Failed", "line noise")]


def test_a_key_that_was_right_before_is_refused_for_longer():
    s, packet = _open()
    assert feed(s, data_reply(packet, DATA)) == [("Response", DATA)]
    for reason in ("line noise", "line noise", "wrong key", "wrong key"):
        s.request(28, 44, 0)
        for n in range(TRIES):
            feed(s, reply(send(s), b"\x0b", OTHER))
            s.timed_out()
        assert events(s) == [("Failed", reason)]
    s.request(28, 44, 0)
    assert feed(s, data_reply(send(s), DATA)) == [("Response", DATA)]
    s.request(28, 44, 0)
    for n in range(TRIES):
        feed(s, reply(send(s), b"\x0b", OTHER))
        s.timed_out()
    assert events(s) == [("Failed", "line noise")]


def test_silence():
    s, packet = _open()
    for n in range(TRIES):
        assert s.timeout_ms >= 500 + 23
        s.timed_out()
        packet = send(s)
    assert packet is None and events(s) == [("Failed", "silent")]
    assert s.counters()["silent"] == TRIES and s.counters()["failed"] == 1
    assert not s.busy and s.timeout_ms is None


def test_slow_lines_get_their_time():
    s, _ = _open(baud=300)
    assert s.timeout_ms >= 500 + 22 * 33


def test_cut_reply_is_never_waited_for():
    s, packet = _open()
    answer = data_reply(packet, DATA)
    feed(s, answer[:20])
    assert 25 < s.timeout_ms < 500 and s.missing == len(answer) - 20
    s.timed_out()
    assert s.counters()["cut"] == 1
    packet = send(s)
    assert feed(s, data_reply(packet, DATA)) == [("Response", DATA)]


def test_lying_length():
    s, packet = _open()
    answer = bytearray(data_reply(packet, DATA))
    answer[1] += 40  # more than will come
    assert feed(s, bytes(answer)) == []
    s.timed_out()
    packet = send(s)
    answer = bytearray(data_reply(packet, DATA))
    answer[1] -= 20  # less than comes
    assert feed(s, bytes(answer)) == []
    s.timed_out()
    packet = send(s)
    answer = bytearray(data_reply(packet, DATA))
    answer[0] = 0x7F  # impossible
    assert feed(s, bytes(answer)) == []
    s.timed_out()
    assert feed(s, data_reply(send(s), DATA)) == [("Response", DATA)]


def test_garbage_before_a_reply_costs_nothing():
    for garbage in (b"\xff", b"\x80\xc0", b"\xff\x13\x77", b"\x55" * 90):
        s, packet = _open()
        assert feed(s, garbage + data_reply(packet, DATA)) == [("Response", DATA)]
        assert s.counters()["length"] == 1 and s.counters()["retries"] == 0
        # What was late of it does not disturb the next one.
        s.request(28, 44, 0)
        packet = send(s)
        assert feed(s, data_reply(packet, DATA)) == [("Response", DATA)]


def test_garbage_that_hides_the_reply_costs_one_try():
    for garbage in (b"\x00\x30", b"\x01", b"\x00"):
        s, packet = _open()
        assert ("Response", DATA) not in feed(s, garbage + data_reply(packet, DATA))
        s.timed_out()
        assert feed(s, data_reply(send(s), DATA)) == [("Response", DATA)]
        assert s.counters()["retries"] == 1


def test_endless_noise_ends_too():
    s, packet = _open()
    for _ in range(TRIES):
        for _ in range(50):
            feed(s, b"\xa5" * 100)
        s.timed_out()  # the shell's patience
        send(s)
    assert events(s)[0][0] == "Failed"


def test_verified_replies_that_do_not_fit_the_request():
    for body in (b"\x00\x00\x2d" + bytes(45), b"\x00\x00\x2c" + bytes(43), b"\x00\x00", b"\x00"):
        s, packet = _open()
        assert feed(s, reply(packet, body)) == []
        assert s.counters()["length"] == 1


def test_alerts_anywhere():
    s, packet = _open()
    assert feed(s, b"\x00\x00") == [("Alert", None)]
    assert s.busy
    assert feed(s, b"\x00\x00" + data_reply(packet, DATA)) == [("Alert", None), ("Response", DATA)]
    assert feed(s, b"\x00\x00\x00\x00")[0] == ("Alert", None)
    s.request(23, 44, 0)
    assert feed(s, b"\x00\x00") == [("Alert", None)]
    assert feed(s, data_reply(send(s), DATA)) == [("Response", DATA)]
    assert s.counters()["alerts"] == 5


def test_double_reply_is_dropped():
    s, packet = _open()
    answer = data_reply(packet, DATA)
    assert feed(s, answer + answer) == [("Response", DATA)]
    assert s.dirty and s.timeout_ms is not None
    s.timed_out()
    assert not s.dirty and s.timeout_ms is None
    # The double comes later, between requests, or as the next request is waiting to go out.
    assert feed(s, answer) == []
    s.request(23, 44, 0)
    assert feed(s, answer) == []
    assert s.counters()["stray"] == 3
    assert feed(s, data_reply(send(s), DATA)) == [("Response", DATA)]


def test_event_survives_what_follows_it_in_one_chunk():
    s, packet = _open()
    stream = data_reply(packet, DATA) + b"\x00\x30" + b"\xee" * 60
    s.receive(stream, len(stream))
    e = s.next_event()
    assert bytes(e.buf[e.start : e.start + e.count]) == DATA


def test_one_request_at_a_time_and_ranges():
    s, _ = _open()
    assert "under way" in _fail(s.request, 1, 1, 0)
    s.cancel()
    assert not s.busy and send(s) is None
    assert "out of range" in _fail(s.request, 70000, 1, 0)
    assert "out of range" in _fail(s.request, 1, 466, 0)


def test_counters_have_every_name():
    assert set(Session(KEY).counters()) == set(counters())


def test_receive_and_digest_do_not_allocate():
    try:
        import micropython
    except ImportError:
        return
    s, packet = _open(seq=0xFFFFFF00)
    good = data_reply(packet, DATA)
    bad = bytearray(good)
    bad[9] ^= 1
    stream = b"\x00\x00" + bytes(bad) + good
    pieces = [stream[i : i + 8] for i in range(0, len(stream), 8)]
    micropython.heap_lock()
    try:
        for p in pieces:
            s.receive(p, len(p))
            e = s.next_event()
            while s.next_event() is not None:
                pass
    finally:
        micropython.heap_unlock()
    assert e is not None and e.count == 44 and e.buf[e.start + 5] == 5


def test_retry_does_not_allocate():
    try:
        import micropython
    except ImportError:
        return
    s, packet = _open(seq=0x7FFFFFF0)
    micropython.heap_lock()
    try:
        s.timed_out()
        ready = s.data_to_send() is not None
    finally:
        micropython.heap_unlock()
    assert ready
