"""RC4 on packets: the vectors, both twins (`mep.rc4`, `mep.rc4_viper`), a session over them."""

import json
from binascii import unhexlify

from mep import rc4 as module
from mep.digest import Digest
from mep.events import counters
from mep.rc4 import Cipher
from mep.session import TRIES, Session
from mepkit import KEY, data_reply, feed, hexed, reply, send

DATA = bytes(range(44))
FIXED = hexed("388B8FBC36A8558587AFC90FB23A3B99")


def _rc4(key, n):
    # ``n`` bytes of keystream; written apart from the module's own.
    s = list(range(256))
    j = 0
    for i in range(256):
        j = (j + s[i] + key[i % len(key)]) % 256
        s[i], s[j] = s[j], s[i]
    out = []
    i = j = 0
    while len(out) < n:
        i = (i + 1) % 256
        j = (j + s[i]) % 256
        s[i], s[j] = s[j], s[i]
        out.append(s[(s[i] + s[j]) % 256])
    return out


class Other:
    """The meter's end: opens a request, encrypts its reply by the keystream that goes on."""

    def __init__(self, key=KEY):
        self.ek = [a ^ b for a, b in zip(FIXED, _rc4(key, 16))]

    def open(self, packet):
        n = len(packet) - 10
        key = [k ^ d for k, d in zip(self.ek, packet[-8:])] + self.ek[8:]
        self.used = n
        self.keystream = _rc4(key, 1000)
        return (
            packet[:2]
            + bytes([b ^ k for b, k in zip(packet[2:], self.keystream[:n])])
            + (packet[-8:])
        )

    def close(self, answer):
        n = len(answer) - 10
        stream = self.keystream[self.used : self.used + n]
        return answer[:2] + bytes([b ^ k for b, k in zip(answer[2:], stream)]) + answer[-8:]

    def data(self, packet, data=DATA):
        return self.close(data_reply(self.open(packet), data))

    def code(self, packet, body):
        return self.close(reply(self.open(packet), body))


def _open(seq=1, **kw):
    s = Session(KEY, seq, 9600, Cipher(KEY))
    s.request(23, 44, 0, **kw)
    return s, send(s), Other()


def _noise(n, seed):
    out = bytearray(n)
    x = seed * 2654435761 & 0xFFFFFFFF
    for i in range(n):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        out[i] = x >> 16 & 0xFF
    return out


def test_vectors():
    with open("tests/vectors/rc4.json") as f:
        cases = json.load(f)["cases"]
    for case in cases:
        cipher = Cipher(unhexlify(case["key_hex"])[:16])
        assert bytes(cipher._base) == unhexlify(case["mep_encrypt_key_hex"]), case["id"]
        packet = bytearray(unhexlify(case["request_plain_wire"]))
        cipher.seal(packet, len(packet) - 14)
        assert bytes(cipher._key) == unhexlify(case["packet_key_hex"])
        assert packet == unhexlify(case["request_encrypted_wire"]), case["id"]
        answer = bytearray(unhexlify(case["reply_encrypted_wire"])[2:])
        cipher.turn(answer, len(answer) - 8)
        assert case["reply_is_encrypted"]
        assert answer == unhexlify(case["reply_plain_wire"])[2:], case["id"]
    assert len(cases) >= 6


def test_vectors_through_a_session():
    with open("tests/vectors/rc4.json") as f:
        cases = json.load(f)["cases"]
    read = 0
    for case in cases:
        plain = unhexlify(case["request_plain_wire"])
        if plain[2] not in (0x30, 0x3F) or plain[-14] > 1:
            continue
        key = unhexlify(case["key_hex"])[:16]
        s = Session(key, (case["sequence"] - 1) & 0xFFFFFFFF, 9600, Cipher(key))
        offset = None if plain[2] == 0x30 else 0
        s.request(plain[3] << 8 | plain[4], plain[-14] << 8 | plain[-13], offset)
        assert send(s) == unhexlify(case["request_encrypted_wire"]), case["id"]
        found = feed(s, unhexlify(case["reply_encrypted_wire"]))
        answer = unhexlify(case["reply_plain_wire"])
        if answer[2] == 0:
            assert found == [("Response", answer[5:-8])], case["id"]
            read += 1
        else:
            assert s.jumps == 1
    assert read >= 2


def test_machine_code_equals_plain_on_any_input():
    if module.crypt is module.plain_crypt:
        return
    for n in range(0, 480, 13):
        key = _noise(16, n + 1)
        a, b = _noise(258, n), _noise(258, n + 2)
        module.schedule(a, key)
        module.plain_schedule(b, key)
        assert a == b
        one, two = _noise(480, n), _noise(480, n)
        for start, end in ((0, n // 2), (n // 2, n)):
            module.crypt(a, one, start, end)
            module.plain_crypt(b, two, start, end)
        assert a == b and one == two
        one = bytearray(258)
        module.copy(a, one)
        assert one == a


def test_plain_packets_are_as_ever_inside():
    s, packet, meter = _open()
    assert meter.open(packet)[2:-8] == hexed("3f0017000000002c00000002")
    d = Digest(KEY)
    d.update(meter.open(packet), 2, len(packet) - 8)
    assert d.check(packet, len(packet) - 8)  # over the plain text
    assert packet[2:10] != hexed("3f0017000000002c")
    assert feed(s, meter.data(packet)) == [("Response", DATA)]


def test_replies_of_any_length_in_any_pieces():
    for n in (0, 1, 170, 182, 465):
        for step in (1, 37, 999):
            s = Session(KEY, 7, 9600, Cipher(KEY))
            s.request(28, 465)
            packet = send(s)
            stream = Other().data(packet, bytes(_noise(n, 5)))
            found = []
            for at in range(0, len(stream), step):
                found += feed(s, stream[at : at + step])
            assert found == [("Response", bytes(_noise(n, 5)))], (n, step)


def test_reads_retry_under_the_next_number_and_late_replies_are_stale():
    s, first, meter = _open(seq=9)
    late = meter.data(first)
    s.timed_out()
    second = send(s)
    assert meter.open(second)[2:14] == hexed("3f0017000000002c0000000b")
    right = meter.data(second, bytes(44))
    assert feed(s, late + right) == [("Response", bytes(44))]
    assert s.counters()["stale"] == 1 and s.counters()["digest"] == 0


def test_a_wrong_number_is_told_and_mended():
    s, packet, meter = _open()
    assert feed(s, meter.code(packet, b"\x0c\x77\x63\x5b\x90")) == []
    again = send(s)
    assert meter.open(again)[2:14] == hexed("3f0017000000002c77635b91")
    assert feed(s, meter.data(again)) == [("Response", DATA)]
    for data in (b"abc", bytes(_noise(400, 3))):
        s = Session(KEY, 5, 9600, Cipher(KEY))
        s.request(7, data=data)
        feed(s, meter.code(send(s), b"\x0c\x00\x00\x20\x00"))
        again = meter.open(send(s))
        assert again[7 : 7 + len(data)] == data and again[-12:-8] == b"\x00\x00\x20\x01"
        assert feed(s, meter.close(reply(again, b"\x00"))) == [("Response", b"")]


def test_writes_are_resent_as_the_same_bytes():
    s = Session(KEY, 9, 9600, Cipher(KEY))
    s.request(7, offset=0, data=b"abc")
    first = send(s)
    for _ in range(TRIES - 2):
        s.timed_out()
        assert send(s) == first
    meter = Other()
    lost = meter.code(first, b"\x0c\x00\x00\x00\x0b")
    assert feed(s, lost) == [("Response", None)]
    s.request(7, offset=0, data=b"abd")
    feed(s, b"")
    packet = send(s)
    assert meter.open(packet)[10:13] == b"abd"
    assert feed(s, meter.code(packet, b"\x00")) == [("Response", b"")]


def test_a_refused_key_is_told_in_the_clear():
    s, packet, _ = _open()
    for _ in range(TRIES):
        assert feed(s, reply(packet, b"\x0b", b"\x02" * 16)) == []
        s.timed_out()
        packet = send(s)
    assert s.counters()["auth"] == TRIES
    name, why = feed(s, b"")[0]
    assert (name, why) == ("Failed", "wrong key")


def test_an_encrypted_code_that_looks_like_0b_is_no_refusal():
    hits = 0
    seq = 0
    while not hits:
        s = Session(KEY, seq, 9600, Cipher(KEY))
        s.request(7, offset=0, data=b"abc")
        packet = send(s)
        meter = Other()
        answer = meter.code(packet, b"\x00")
        assert feed(s, answer) == [("Response", b"")]
        assert s.counters()["auth"] == 0
        hits += answer[2] == 0x0B
        seq += 1
        assert seq < 5000


def test_a_meter_that_answers_in_the_clear_is_known_by_the_digest():
    s, packet, meter = _open()
    assert feed(s, data_reply(meter.open(packet), DATA)) == [("Response", DATA)]
    s.request(28, 44, 0)
    packet = send(s)
    s.timed_out()
    second = send(s)
    late = data_reply(meter.open(packet), DATA)
    assert feed(s, late + meter.data(second)) == [("Response", DATA)]
    assert s.counters()["stale"] == 1


def test_damage_anywhere_costs_a_try_and_gives_no_wrong_value():
    for at in range(2, 57, 3):
        s, packet, meter = _open()
        answer = bytearray(meter.data(packet))
        answer[at] ^= 0x10
        assert [e for e in feed(s, bytes(answer)) if e[0] != "Alert"] == [], at
        # The right one behind it still counts, as does the next try.
        if at % 2:
            assert feed(s, meter.data(packet)) == [("Response", DATA)]
            continue
        s.timed_out()
        assert feed(s, meter.data(send(s))) == [("Response", DATA)]


def test_alerts_are_clear():
    s, packet, meter = _open()
    assert feed(s, b"\x00\x00" + meter.data(packet))[0] == ("Alert", None)
    assert s.counters()["verified"] == 1
    assert set(s.counters()) == set(counters())


def test_nothing_is_allocated_for_a_packet():
    try:
        import micropython
    except ImportError:
        return
    if not hasattr(micropython, "heap_lock"):
        return
    cipher = Cipher(KEY)
    packet = bytearray(22)
    answer = bytearray(476)
    if module.crypt is module.plain_crypt:
        return  # small integers only, but a range() object lives on the heap
    micropython.heap_lock()
    try:
        cipher.seal(packet, 8)
        cipher.turn(answer, 468)
        cipher.turn(answer, 468, True)
    finally:
        micropython.heap_unlock()
