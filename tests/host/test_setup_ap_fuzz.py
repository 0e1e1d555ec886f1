"""The set-up network's name server and the NTP client under any packet."""

from hypothesis import given
from hypothesis import strategies as st

from firmware import ntp, setup_ap
from firmware.hal import dns

LABELS = st.lists(st.binary(min_size=1, max_size=63), min_size=1, max_size=6)


@given(st.binary(max_size=600))
def test_any_packet(data):
    reply = setup_ap.answer(data)
    assert reply is None or (reply[:2] == data[:2] and reply[2] & 0x80)


@given(st.binary(min_size=2, max_size=2), st.binary(max_size=300), st.integers(0, 255))
def test_any_name(number, rest, flags):
    data = number + bytes([flags, 0]) + b"\0\1\0\0\0\0\0\0" + rest
    reply = setup_ap.answer(data)
    if reply is not None:
        assert len(data) >= 17 and reply[12 : len(reply) - 16 * reply[7]] in data


@given(LABELS)
def test_each_whole_question_is_answered(labels):
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    query = b"ab\1\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1"
    reply = setup_ap.answer(query)
    if len(name) <= 255:
        assert dns.answer(reply, query) == "192.168.4.1"
    else:
        assert reply is None


@given(st.binary(max_size=200), st.binary(min_size=8, max_size=8))
def test_any_time(data, nonce):
    assert ntp.read(data, nonce) is None or data[24:32] == nonce
    found = ntp.read(data[:24] + nonce + data[32:], nonce)
    if found is not None:
        assert 1704067200 <= found[0] < 4102444800 and 0 <= found[1] < 1000
