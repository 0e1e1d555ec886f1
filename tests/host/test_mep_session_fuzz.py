"""Properties of the session: any split gives the same events, nothing raises, no bad bit reads."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mep.session import Session
from mepkit import KEY, data_reply, feed, send

DATA = bytes(range(60))
pieces = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.just(b"\x00\x00"),
        st.sampled_from(["good", "old", "cut", "silence"]),
    ),
    max_size=12,
)


def _stream(packet, parts):
    good = data_reply(packet, DATA)
    known = {"good": good, "old": good[:-1] + bytes([good[-1] ^ 1]), "cut": good[:17]}
    return [known.get(p, p) if isinstance(p, str) else p for p in parts]


def _run(parts, cuts):
    s = Session(KEY, 77)
    s.request(28, 60, 0)
    packet = send(s)
    found = []
    run = b""
    for p in _stream(packet, parts) + ["silence"]:
        if p != "silence":
            run += p
            continue
        at = 0
        for cut in sorted({c % (len(run) + 1) for c in cuts} | {len(run)}):
            found += feed(s, run[at:cut])
            at = cut
        run = b""
        s.timed_out()
        send(s)
    return [f for f in found if f[0] != "Alert"], s


@settings(max_examples=300, deadline=None)
@given(pieces, st.lists(st.integers(0, 600), max_size=20))
def test_any_split_gives_the_same_events(parts, cuts):
    whole, _ = _run(parts, [])
    split, _ = _run(parts, cuts)
    assert split == whole


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=600), st.just(None)), max_size=20))
def test_no_input_raises_or_reads(chunks):
    s = Session(KEY, 1)
    s.request(28, 60, 0)
    send(s)
    for c in chunks:
        if c is None:
            s.timed_out()
            send(s)
        else:
            for name, _ in feed(s, c):
                assert name in ("Alert", "Failed")


@settings(max_examples=300, deadline=None)
@given(
    st.sets(st.integers(0, 8 * (60 + 13) - 1), min_size=1, max_size=5), st.integers(0, 2**32 - 1)
)
def test_flipped_bits_are_never_a_reading(bits, seq):
    s = Session(KEY, seq)
    s.request(28, 60, 0)
    answer = bytearray(data_reply(send(s), DATA))
    for b in bits:
        answer[b >> 3] ^= 1 << (b & 7)
    assert not [e for e in feed(s, bytes(answer)) if e[0] == "Response"]
