import json
from binascii import hexlify, unhexlify

from mep import digest as module
from mep.digest import ROUND, Digest, digest, plain

KEY = b"\x01" * 16


def _noise(n, seed):
    out = bytearray(n)
    x = seed * 2654435761 & 0xFFFFFFFF
    for i in range(n):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        out[i] = x >> 16 & 0xFF
    return bytes(out)


def _vectors():
    with open("tests/vectors/guide_examples.json") as f:
        return [e for e in json.load(f)["examples"] if e["id"].startswith(("rc4", "et53", "ep17"))]


def test_guide_examples():
    checked = 0
    last = None
    for e in _vectors():
        key = unhexlify(e["key_hex"])
        request = unhexlify(e["frames"]["request"])
        answer = unhexlify(e["frames"]["reply"])
        d = Digest(key)
        d.update(request, 2, len(request) - 8)
        d.mark()
        assert d.check(request, len(request) - 8), e["id"]
        d.update(answer, 2, len(answer) - 8)
        assert d.check(answer, len(answer) - 8), e["id"]
        d.rewind()
        assert d.check(request, len(request) - 8)
        checked += 1
        last = e["id"]
    assert checked >= 6, last


def test_protocol_vectors():
    for message, want in (
        ("3F0017000000002C01020304", "74861f6d7658dd56"),
        ("3F0017000000002C77635B91", "13db85a135a0575e"),
        ("4F083200001E00010177636E2F", "86e50e2667d1e63c"),
    ):
        assert hexlify(digest(KEY, unhexlify(message))).decode() == want


def test_machine_code_equals_plain_on_any_input():
    if module.steps is plain:
        return
    for n in range(0, 480, 7):
        a = bytearray(33)
        key = _noise(24, n + 1)
        for i in range(24):
            a[9 + i] = key[i]
        b = bytearray(a)
        m = _noise(n, n + 99)
        cut = n // 3
        module.steps(a, m, 0, cut)
        module.steps(a, m, cut, n)
        plain(b, m, 0, n)
        assert a == b, n


def test_any_split_gives_the_same_digest():
    m = _noise(470, 5)
    want = digest(b"0123456789abcdef", m)
    for cut in (0, 1, 8, 191, 192, 193, 384, 470):
        d = Digest(b"0123456789abcdef")
        d.update(m, 0, cut)
        d.update(m, cut, 470)
        assert d.check(want, 0), cut


def test_both_ways_of_finishing_at_a_whole_round():
    for n in (ROUND, 2 * ROUND):
        m = _noise(n, n)
        d = Digest(KEY)
        d.update(m, 0, n)
        single = bytearray(8)
        d.into(single, 0)
        two_step = digest(KEY, m + bytes(ROUND))
        assert bytes(single) != two_step
        assert d.check(single, 0) and d.check(two_step, 0)
        assert not d.check(digest(KEY, m + bytes(2 * ROUND)), 0)
    d = Digest(KEY)
    m = _noise(191, 3)
    d.update(m, 0, 191)
    # One byte short of a round, a further round of zeros is another message.
    assert not d.check(digest(KEY, m + bytes(1 + ROUND)), 0)


def test_a_flipped_bit_never_passes():
    m = bytearray(_noise(60, 11))
    want = digest(KEY, m)
    for bit in range(8 * len(m)):
        m[bit >> 3] ^= 1 << (bit & 7)
        d = Digest(KEY)
        d.update(m, 0, len(m))
        assert not d.check(want, 0), bit
        m[bit >> 3] ^= 1 << (bit & 7)


def test_reset_forgets():
    d = Digest(KEY)
    d.update(b"abc", 0, 3)
    d.reset()
    d.update(b"xyz", 0, 3)
    assert d.check(digest(KEY, b"xyz"), 0)
