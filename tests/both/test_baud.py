"""osgp.baud: another rate, and the way back, on a stand-in that has a rate of its own."""

import random

from mep.errors import LocalError
from osgp import baud
from osgp.baud import BaudChange

ET11, ET13 = 2059, 2061
GEN4 = (4, 19, 1)
SIZE = 66  # ET11.1
AT = 4 * SIZE + 6  # MEP client 1 is the fifth entry, the rate is at 6 (p. 81)


class Meter:
    """``hears(rate)`` and ``answers(rate)``: whether a request, a reply gets through."""

    def __init__(self, rate=9600, hears=None, answers=None, code=0, refuses=None):
        self.rate = rate
        self.code = code
        self.hears = hears or (lambda rate: True)
        self.answers = answers or (lambda rate: True)
        self.refuses = refuses
        self.writes = []
        self.line = []  # rates at which it was asked

    def ask(self, rate, step):
        """None: silence; b"" and a code: refused; True: written; bytes: read."""
        self.line.append(rate)
        table, offset, what = step
        mine = self.rate
        if rate != mine or not self.hears(rate):
            return None
        if isinstance(what, int):
            data = bytes([6, SIZE]) if table == ET11 else bytes([self.code])
            assert (table, offset, what) in ((ET11, 0, 2), (ET13, AT, 1))
        elif self.refuses:
            data = False
        else:
            assert (table, offset, len(what)) == (ET13, AT, 1)
            self.writes.append((rate, what[0]))
            self.code = what[0]
            data = True
            # Only after the reply has gone out (p. 20).
            self.rate = baud.RATES[self.code]
        return data if self.answers(mine) else None


def run(change, meter):
    for _ in range(60):
        step = change.next_read() or change.next_write()
        if step is None:
            assert change.done and change.outcome and change.text
            assert len(meter.writes) <= baud.WRITES
            return change.outcome
        answer = meter.ask(change.rate, step)
        if answer is None:
            change.failed(step[0])
        elif answer is True:
            change.written(step[0])
        elif answer is False:
            change.refused(step[0], meter.refuses)
        else:
            change.learn(step[0], b"\xee" + answer, 1, len(answer))
    raise AssertionError("it never ends")


def test_a_good_line():
    meter = Meter()
    change = BaudChange(GEN4, 115200)
    assert run(change, meter) == baud.CHANGED
    assert meter.writes == [(9600, 12)] and meter.rate == change.rate == 115200
    assert meter.line == [9600] * 3 + [115200] * 3
    assert change.text == "baud: the line runs at 115200"
    back = BaudChange(GEN4, 9600, 115200)
    assert run(back, meter) == baud.CHANGED and meter.code == 6


def test_the_bytes_of_the_write():
    change = BaudChange(GEN4, 19200, entry=5)
    change.learn(ET11, b"\x06\x42", 0, 2)
    assert change.next_read() == (ET13, 5 * 66 + 6, 1)
    change.learn(ET13, b"\0", 0, 1)
    assert change.next_write() == (ET13, 5 * 66 + 6, b"\x08") and change.rate == 9600
    change.written(ET13)
    assert change.rate == 19200 and change.wait_ms > 0


def test_the_write_never_arrived():
    # Only requests that read get through: the meter stays, and so do we.
    meter = Meter()
    lost = meter.ask
    meter.ask = lambda rate, step: None if step[2] == b"\x0c" else lost(rate, step)
    change = BaudChange(GEN4, 115200)
    assert run(change, meter) == baud.KEPT
    assert change.rate == meter.rate == 9600 and meter.writes == [] and meter.code == 0
    assert "115200 was not heard well; back at 9600" in change.text


def test_the_reply_to_the_write_was_lost():
    meter = Meter(answers=lambda rate: rate != 9600 or not meter.writes)
    change = BaudChange(GEN4, 57600)
    assert run(change, meter) == baud.CHANGED and change.rate == 57600


def test_a_line_that_garbles_one_in_two():
    times = [0]

    def half(rate):
        times[0] += rate != 9600
        return rate == 9600 or times[0] % 2 == 0

    meter = Meter(answers=half)
    change = BaudChange(GEN4, 115200)
    assert run(change, meter) == baud.KEPT
    assert change.rate == meter.rate == 9600 and meter.code == 0
    assert meter.writes[0] == (9600, 12) and (115200, 0) in meter.writes


def test_a_meter_that_says_the_new_rate_but_stays():
    meter = Meter()
    first = meter.ask

    def stays(rate, step):
        answer = first(rate, step)
        meter.rate = 9600
        return answer

    meter.ask = stays
    change = BaudChange(GEN4, 38400)
    assert run(change, meter) == baud.KEPT
    assert meter.code == 0 and meter.writes == [(9600, 10), (9600, 0)] and change.rate == 9600


def test_deaf_at_the_new_rate_for_good():
    meter = Meter(hears=lambda rate: rate == 9600)
    change = BaudChange(GEN4, 115200)
    assert run(change, meter) == baud.LOST
    assert change.rate == 9600 and "neither at 115200 nor at 9600" in change.text


def test_refusals_change_nothing():
    meter = Meter(refuses=3)
    change = BaudChange(GEN4, 115200)
    assert run(change, meter) == baud.KEPT and "0x03" in change.text
    assert change.rate == 9600 and meter.line == [9600] * 3
    # Not the rate that the line runs at.
    assert run(BaudChange(GEN4, 115200), Meter(code=4)) == baud.KEPT
    assert run(BaudChange(GEN4, 115200), Meter(code=77)) == baud.KEPT
    change = BaudChange(GEN4, 115200)
    change.absent(ET11)
    assert change.outcome == baud.KEPT and change.next_write() is None
    assert run(BaudChange(GEN4, 9600), Meter()) == baud.CHANGED


def test_who_may():
    for version, rate in (((3, 84, 6), 19200), (None, 19200), (GEN4, 12345)):
        try:
            BaudChange(version, rate)
        except LocalError as e:
            assert str(e).startswith("baud: ")
        else:
            raise AssertionError((version, rate))
    change = BaudChange(GEN4, 19200)
    try:
        change.learn(ET13, b"\0", 0, 1)
    except LocalError as e:
        assert "was not asked for" in str(e)
    else:
        raise AssertionError("taken")


def test_on_any_line_both_ends_agree_unless_lost():
    random.seed(34)
    outcomes = {}
    for i in range(300):
        bad = random.getrandbits(7)

        def through(rate, bad=bad):
            limit = bad if rate != 9600 else 8
            return random.getrandbits(7) >= limit

        meter = Meter(hears=through, answers=through)
        change = BaudChange(GEN4, 115200)
        outcome = run(change, meter)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        if outcome != baud.LOST:
            assert meter.rate == change.rate, (i, bad, outcome)
        else:
            assert change.rate == 9600
    assert len(outcomes) == 3 and outcomes[baud.LOST] < 120, outcomes
