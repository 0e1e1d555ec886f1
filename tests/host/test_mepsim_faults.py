"""Each fault happens as often as it is told to, does what it says, is counted and logged."""

import math

import pytest
from mepsimkit import meter, packet, read

from tools.mepsim import faults as faulty
from tools.mepsim.channel import Channel
from tools.mepsim.faults import Faults, parse

ROUNDS = 1000
REPLY = 2 + 3 + 30 + 8


def exchanges(faults, rounds, step_ms=4000.0):
    """``rounds`` requests far apart; yields what came back: [(ms after the request, bytes)]."""
    channel = Channel(meter(house="steady"), faults)
    body = read(2051, 30, 0)
    for i in range(rounds):
        begin = i * step_ms
        channel.write(packet(body, channel.meter.sequence + 1), begin)
        came = []
        while True:
            when = channel.next_event_ms(1e9)
            if when is None or when >= begin + step_ms:
                break
            data = channel.read(when)
            if data:
                came.append((when - begin, data))
        yield came
    if not faults.ber and not faults.silence:
        assert channel.stats["requests"] == rounds - faults.counts["deaf"]


GOOD_SIZE = REPLY
LATEST = (22 + REPLY) * 10 / 9.6 + 10


def good(data):
    return len(data) == GOOD_SIZE and data[:5] == b"\x00\x29\x00\x00\x1e"


CHECKS = {
    "deaf": lambda came: not came,
    "lost": lambda came: not came,
    "late": lambda came: came[0][0] > LATEST + 600,
    "wrong_key": lambda came: came[0][1][:3] == b"\x00\x09\x0b",
    "length": lambda came: came[0][1][:2] != b"\x00\x29" and len(came[0][1]) == REPLY,
    "dropped": lambda came: len(came[0][1]) == REPLY - 1,
    "cut": lambda came: len(came[0][1]) < REPLY,
    "doubled": lambda came: [d for _, d in came] == [came[0][1]] * 2 and good(came[0][1]),
    "garbage": lambda came: len(came) == 2 and good(came[1][1]) and len(came[0][1]) <= 24,
}


@pytest.mark.parametrize("kind", sorted(CHECKS))
def test_rate_and_effect(kind):
    rate = 0.1
    faults = Faults(7, **{kind: rate})
    hits = sum(1 for came in exchanges(faults, ROUNDS) if (not came or CHECKS[kind](came)))
    # Five standard deviations. A cut reply may lack nothing but its end, never nothing.
    spread = 5 * math.sqrt(ROUNDS * rate * (1 - rate))
    assert abs(faults.counts[kind] - ROUNDS * rate) < spread
    assert hits == faults.counts[kind]
    assert len(faults.log) == faults.counts[kind]
    assert all(entry[1] == kind for entry in faults.log)
    assert [e[0] for e in faults.log] == sorted(e[0] for e in faults.log)


def test_damaged():
    faults = Faults(7, damaged=0.1)
    reference = next(exchanges(Faults(), 1))[0][1]
    wrong = 0
    for came in exchanges(faults, ROUNDS):
        assert len(came[0][1]) == REPLY
        differing = sum(a != b for a, b in zip(came[0][1][:35], reference))
        wrong += differing > 0
        assert differing <= 3
    assert 0.6 * faults.counts["damaged"] < wrong <= faults.counts["damaged"]


def test_no_faults_by_themselves():
    faults = Faults()
    assert all(len(came) == 1 and good(came[0][1]) for came in exchanges(faults, 500))
    assert not faults.log and not any(faults.counts.values())


def test_bit_errors():
    faults = Faults(11, ber=1e-3)
    size, rounds = 250, 4000
    errors = 0
    for i in range(rounds):
        data = bytes(size)
        out = faults.corrupt(data, i, "<" if i % 2 else ">")
        errors += sum(b.bit_count() for b in out)
    expected = 8 * size * rounds * 1e-3
    assert abs(errors - expected) < 5 * math.sqrt(expected)
    assert faults.counts["ber"] == errors
    assert {entry[2] for entry in faults.log} == {"<", ">"}
    faults.ber = 0
    assert faults.corrupt(b"\x00" * 10000, 0, ">") == b"\x00" * 10000


def test_bit_errors_reach_requests():
    faults = Faults(5, ber=2e-3)
    denied = sum(1 for came in exchanges(faults, 400) if came and came[0][1][2:3] == b"\x0b")
    assert denied > 20


def test_sequence_jumps():
    faults = Faults(seq_jump=50)
    channel = Channel(meter(house="steady"), faults, paced=False)
    jumped = []
    number = channel.meter.sequence
    for i in range(1, 501):
        number += 1
        channel.write(packet(read(2052, 1, 116), number), 0.0)
        reply = channel.read(0.0)
        if reply[2] == 0x0C:
            jumped.append(i)
            assert int.from_bytes(reply[3:7], "big") == number + 25
            number = int.from_bytes(reply[3:7], "big") - 1
        else:
            assert reply[5] == 4, "a mere jump changes no IDT version"
    assert jumped == list(range(50, 501, 50)) and faults.counts["seq_jump"] == 10


def test_interface_changes():
    faults = Faults(idt_change=100)
    channel = Channel(meter(house="steady"), faults, paced=False)
    for _ in range(300):
        channel.write(packet(read(2052, 1, 116), channel.meter.sequence + 1), 0.0)
        reply = channel.read(0.0)
    assert faults.counts["idt_change"] == 3
    channel.write(packet(read(2052, 1, 116), channel.meter.sequence + 1), 0.0)
    assert reply[2] == 0x0C and channel.read(0.0)[5] == 4 + 3


def test_silence_as_a_fault():
    faults = Faults(2, silence=0.01, silence_ms=20000)
    answered = [bool(came) for came in exchanges(faults, 1000, 4000.0) if came is not None]
    assert faults.counts["silence"] >= 3
    lost = answered.count(False)
    # The request itself and the five that fall into the 20 s after it.
    assert 5 * faults.counts["silence"] < lost <= 6 * faults.counts["silence"]


def test_same_seed_same_faults():
    def history(seed):
        faults = Faults(seed, lost=0.1, garbage=0.1, ber=1e-4, cut=0.05, late=0.05)
        return [list(c) for c in exchanges(faults, 200)], list(faults.log)

    assert history(4) == history(4)
    assert history(4) != history(5)


def test_parse():
    assert parse("lost=0.02,garbage=0.01, ber=1e-4,late_ms=900") == {
        "lost": 0.02,
        "garbage": 0.01,
        "ber": 1e-4,
        "late_ms": 900.0,
    }
    for text, word in (
        ("lots=0.1", "unknown"),
        ("lost", "NAME=RATE"),
        ("lost=", "number"),
        ("lost=2", "0 to 1"),
        ("lost=nan", "0 to 1"),
        ("seq_jump=1.5", "whole"),
        ("seq_jump=-1", "whole"),
        ("late_ms=inf", "whole"),
        ("", "empty"),
    ):
        with pytest.raises(ValueError, match=word) as e:
            parse(text)
        assert "\n" not in str(e.value)


def test_every_rate_is_described_and_checked():
    assert set(faulty.RATES) == {*CHECKS, "damaged", "silence", "ber"}
