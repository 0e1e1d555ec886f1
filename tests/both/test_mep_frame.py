from mep.frame import ALERT, BAD, NOTHING, PACKET, PacketReader


def _all(reader, data, step):
    """Every finding of ``data`` fed in pieces of ``step`` bytes."""
    found = []
    for at in range(0, len(data), step):
        piece = data[at : at + step]
        i = 0
        while i < len(piece):
            i = reader.feed(piece, i, len(piece))
            if reader.found == PACKET:
                found.append(bytes(reader.buf[: reader.length]))
            elif reader.found != NOTHING:
                found.append(reader.found)
    return found


def test_any_split_gives_the_same_findings():
    a = b"\x00\x09" + b"ABCDEFGHI"
    b = b"\x01\xdc" + bytes(range(238)) * 2
    stream = a + b"\x00\x00" + b + b"\x00\x00\x00\x00" + a
    want = [a[2:], ALERT, b[2:], ALERT, ALERT, a[2:]]
    for step in (1, 2, 3, 5, 117, 4096):
        assert _all(PacketReader(), stream, step) == want, step


def test_impossible_length_is_found_before_any_body_byte():
    for head in (b"\x01\xdd", b"\xff\xff", b"\x00\x08", b"\x00\x01", b"\x80\x00"):
        r = PacketReader()
        assert r.feed(head + b"xyz", 0, 5) == 2
        assert r.found == BAD
        # Nothing but silence tells where the next packet begins.
        assert r.feed(b"\x00\x09ABCDEFGHI", 0, 11) == 11
        assert r.found == NOTHING and r.dirty and not r.inside
        r.reset()
        assert not r.dirty
        assert _all(r, b"\x00\x09ABCDEFGHI", 4) == [b"ABCDEFGHI"]


def test_limits_are_the_smallest_and_largest_packet():
    assert _all(PacketReader(smallest=13), b"\x00\x0c", 2) == [BAD]
    assert _all(PacketReader(smallest=13), b"\x00\x0d" + bytes(13), 20) == [bytes(13)]
    assert _all(PacketReader(20), b"\x00\x15", 2) == [BAD]


def test_missing_and_inside():
    r = PacketReader()
    assert r.missing == 0 and not r.inside
    r.feed(b"\x00", 0, 1)
    assert r.inside and r.missing == 0
    r.feed(b"\x0aAB", 0, 3)
    assert r.inside and r.missing == 8
    r.swallow()
    assert r.dirty and not r.inside and r.missing == 0


def test_feed_takes_a_window():
    r = PacketReader()
    data = b"??\x00\x09ABCDEFGHI??"
    assert r.feed(data, 2, 13) == 13
    assert r.found == PACKET


def test_a_sliding_reader_finds_the_packet_behind_garbage():
    packet = b"\x00\x0d" + b"ABCDEFGHIJKLM"
    for garbage in (b"\xff", b"\x37\x81", b"\xff\xfe\xfd", b"\x80\x02\x00\x00", b"\x02" * 40):
        for step in (1, 2, 3, 100):
            found = _all(PacketReader(slide=True), garbage + packet + packet, step)
            assert found == [BAD, packet[2:], packet[2:]], (garbage, step)
            assert _all(PacketReader(), garbage + packet, step) == [BAD]


def test_a_sliding_reader_hears_alerts_between_packets_again():
    packet = b"\x00\x0d" + b"ABCDEFGHIJKLM"
    stream = b"\xff" + packet + b"\x00\x00" + packet
    assert _all(PacketReader(slide=True), stream, 4) == [BAD, packet[2:], ALERT, packet[2:]]
    r = PacketReader(slide=True)
    r.feed(b"\xff\xff\x00", 0, 3)
    r.feed(b"\xff\xff\x00", 2, 3)
    assert r.dirty
    r.reset()
    assert _all(r, b"\x00\x00", 2) == [ALERT]
