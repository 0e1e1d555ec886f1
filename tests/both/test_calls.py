"""osgp.calls: one call through BT07, on a meter of a few lines and over the real session."""

import random

from mep.digest import Digest
from mep.errors import LocalError, TableError
from mep.session import Session
from mepkit import KEY, feed, reply, send
from osgp import calls
from osgp.calls import Call, next_psn
from osgp.port import Port
from osgp.procedures import find

BT07, BT08, ET59, ET85 = 7, 8, 2107, 2133


def port(answers=(ET59, BT08), several=False):
    found = Port((3, 84, 6))
    found.answers = answers
    found.several = several
    return found


class Meter:
    """BT07 and the answer table as p. 51-53 has them; ``executed`` lists (number, parameters)."""

    def __init__(self, table=ET59, psn=None, results=(0,), extra=b"", late=0):
        self.table = table
        self.psn = psn
        self.results = list(results)
        self.extra = extra
        self.late = late  # reads before the answer is posted
        self.executed = []
        self.answers = {table: bytes(8)}
        self._next = None

    def write(self, data):
        if data[2] == self.psn:
            return 4
        self.psn = data[2]
        self.executed.append((data[0] | (data[1] & 15) << 8, bytes(data[3:])))
        self._next = bytes(data[:3])
        return 0

    def read(self, table, count):
        if table not in self.answers:
            return None
        if self._next and self.late:
            self.late -= 1
        elif self._next:
            result = self.results.pop(0) if len(self.results) > 1 else self.results[0]
            self.answers[self.table] = self._next + bytes([result]) + self.extra
        return self.answers[table][:count]


def run(call, meter, others=()):
    """Drive ``call``; ``others``: answer bytes that come first. Returns ms waited."""
    others = list(others)
    waited = 0
    for _ in range(200):
        waited += call.wait_ms
        write = call.next_write()
        read = call.next_read()
        if write is None and read is None:
            assert call.done
            return waited
        assert write is None or read is None
        if write:
            assert write[:2] == (BT07, None)
            code = meter.write(write[2])
            if code:
                call.refused(BT07, code)
            else:
                call.written(BT07)
            continue
        table, offset, count = read
        assert offset == 0
        data = others.pop(0) if others else meter.read(table, count)
        if data is None:
            call.refused(table, 5)
        else:
            call.learn(table, b"\xee" + data + b"\xee\xee", 1, len(data))
    raise AssertionError("it never ends")


def ep17(last=6, **more):
    p = find("EP17")
    return Call(p, p.encode({"action": 0, "handle": 0x3F8}), port(**more), last)


def test_psn_is_5_to_9_and_never_the_same():
    psn = None
    seen = []
    for _ in range(12):
        assert next_psn(psn) != psn
        psn = next_psn(psn)
        seen.append(psn)
    assert seen == [5, 6, 7, 8, 9, 5, 6, 7, 8, 9, 5, 6]
    assert next_psn(255) == 5 and next_psn(0) == 5


def test_the_guides_example():
    call = ep17()
    # p. 53: full write of 6 bytes to BT07.
    assert call.next_write() == (7, None, b"\x11\x08\x07\x00\xf8\x03")
    assert call.next_read() is None
    meter = Meter()
    run(call, meter)
    assert (call.outcome, call.result, call.answer, call.psn) == (calls.DONE, 0, {}, 7)
    assert call.text == "EP17: done"
    assert meter.executed == [(2065, b"\x00\xf8\x03")]


def test_where_the_answer_is():
    for table in (ET59, BT08, ET85):
        call = ep17(answers=(table,))
        run(call, Meter(table))
        assert call.outcome == calls.DONE
    # ET59 is not there (before 3.30): BT08 is tried.
    call = ep17()
    run(call, Meter(BT08))
    assert call.outcome == calls.DONE
    call = ep17(answers=(ET85,))
    run(call, Meter(ET59))
    assert call.outcome == calls.UNKNOWN and call.result is None
    assert "taken the call" in call.text and "ET85" in call.text


def test_a_repeated_psn_is_changed_once():
    call = ep17(last=None)
    meter = Meter(psn=5)
    run(call, meter)
    assert call.outcome == calls.DONE and call.psn == 6 and len(meter.executed) == 1
    call = ep17()
    call.refused(BT07, 4)
    assert call.next_write()[2][2] == 8
    call.refused(BT07, 4)
    assert call.outcome == calls.REFUSED and "0x04" in call.text
    assert call.next_write() is None and call.next_read() is None


def test_no_permission():
    call = ep17()
    call.refused(BT07, 3)
    assert call.outcome == calls.REFUSED and call.done and "0x03" in call.text


def test_answers_of_others_are_not_ours():
    others = (
        b"\x11\x08\x06\x00",  # our procedure with the PSN before
        b"\x13\x08\x07\x00",  # another procedure with our PSN
        b"\x11\x00\x07\x00",  # BP17
        b"\x11\x08\x07",  # cut
        b"\x11\x08\xc8\x00",  # somebody at the optical eye
    )
    call = ep17()
    waited = run(call, Meter(results=(3,)), others)
    assert call.outcome == calls.ENDED and call.result == 3 and waited >= 1000
    assert call.text == "EP17: no device has this handle"
    call = ep17()
    waited = run(call, Meter(late=999))
    assert call.outcome == calls.UNKNOWN and call.result is None and 30000 <= waited < 31500


def test_an_answer_of_the_optical_eye_in_the_upper_bits():
    # Bits 12 to 15 are not part of the number.
    call = ep17()
    call.written(BT07)
    call.learn(ET59, b"\x11\xf8\x07\x00", 0, 4)
    assert call.outcome == calls.DONE


def test_not_fully_completed_is_asked_again():
    call = ep17()
    waited = run(call, Meter(results=(1, 1, 1, 1, 1, 1, 0)))
    assert call.outcome == calls.DONE and waited >= 1000
    call = ep17()
    waited = run(call, Meter(results=(1,)))
    assert call.outcome == calls.ENDED and call.result == 1 and 30000 <= waited < 31500
    assert "not all removed yet after 30 s" in call.text
    # A procedure for which the guides say nothing of it: it is a final result.
    bp12 = find("BP12")
    call = Call(bp12, b"", port())
    assert run(call, Meter(results=(1, 0))) < 1000
    assert call.outcome == calls.ENDED and call.result == 1


def test_the_answers_data():
    p = find("EP19")
    call = Call(p, p.encode({"target": 1, "request": 2}), port())
    assert call.next_write()[2] == b"\x13\x08\x05\x00\x04\x01\x00\x02"
    run(call, Meter(extra=b"\x03\xff"))
    assert call.outcome == calls.DONE and call.answer == {"entry": 3} and call.data == b"\x03"
    call = Call(p, p.encode({"target": 1, "request": 2}), port())
    try:
        run(call, Meter())
    except TableError as e:
        assert str(e) == "EP19, entry: 1 bytes missing"
        assert call.done and call.answer is None
    else:
        raise AssertionError("an answer made of nothing")


def test_two_clients():
    p = find("EP61")
    try:
        Call(p, b"\1", port())
    except LocalError as e:
        assert "two MEP clients" in str(e)
    else:
        raise AssertionError("EP61 with one port")
    assert Call(p, b"\1", port(several=True)).next_write()[2] == b"\x3d\x08\x05\x01"


def test_without_a_reply_it_is_looked_for_not_sent_again():
    meter = Meter()
    call = ep17()
    meter.write(call.next_write()[2])
    call.failed(BT07)
    assert call.next_write() is None
    run(call, meter)
    assert call.outcome == calls.DONE and len(meter.executed) == 1
    call = ep17()
    call.failed(BT07)
    for _ in range(100):
        if call.done:
            break
        assert call.next_write() is None
        call.failed(call.next_read()[0])
    assert call.outcome == calls.UNKNOWN and "not known whether" in call.text


def test_only_what_was_asked_for():
    call = ep17()
    for tell in (
        lambda: call.written(ET59),
        lambda: call.learn(ET59, b"\0\0\0\0", 0, 4),
        lambda: call.absent(BT08),
    ):
        try:
            tell()
        except LocalError as e:
            assert "was not asked for" in str(e)
        else:
            raise AssertionError("taken")


class Wire:
    """The same meter behind packets: sequence numbers, digests, and losses both ways."""

    def __init__(self, meter, dice, loss):
        self.meter = meter
        self.dice = dice
        self.loss = loss  # of 100
        self.seq = 1000

    def lost(self):
        return self.dice.getrandbits(7) % 100 < self.loss

    def answer(self, packet):
        if self.lost():
            return None
        at = len(packet) - 12
        seq = int.from_bytes(packet[at : at + 4], "big")
        if not 1 <= seq - self.seq <= 8:
            body = b"\x0c" + self.seq.to_bytes(4, "big")
        else:
            self.seq = seq
            body = self.body(packet)
        return None if self.lost() else reply(packet, body)

    def body(self, packet):
        table = packet[3] << 8 | packet[4]
        if packet[2] == 0x40:
            return bytes([self.meter.write(packet[7 : len(packet) - 12])])
        data = self.meter.read(table, packet[8] << 8 | packet[9])
        if data is None:
            return b"\x05"
        return bytes([0, len(data) >> 8, len(data) & 255]) + data


def transact(session, wire):
    """One request; (event name, detail)."""
    for _ in range(60):
        packet = send(session)
        if packet is not None:
            digest = Digest(KEY)
            digest.update(packet, 2, len(packet) - 8)
            assert digest.check(packet, len(packet) - 8)
            answer = wire.answer(packet)
            found = feed(session, answer) if answer else []
            if found:
                return found[0]
        session.timed_out()
        event = session.next_event()
        if event is not None:
            return type(event).__name__, getattr(event, "code", None)
    raise AssertionError("the session never ends")


def over_the_wire(call, session, wire):
    for _ in range(200):
        write, read = call.next_write(), call.next_read()
        if write is None and read is None:
            return
        step = write or read
        if write:
            session.request(step[0], 0, step[1], step[2])
        else:
            session.request(step[0], step[2], step[1])
        name, detail = transact(session, wire)
        if name == "Failed":
            call.failed(step[0])
        elif name == "Refused":
            call.refused(step[0], detail)
        elif write:
            call.written(step[0])
        else:
            call.learn(step[0], detail, 0, len(detail))
    raise AssertionError("the call never ends")


def test_never_executed_twice_on_a_bad_line():
    dice = random
    dice.seed(1972)
    outcomes = {}
    for round in range(150):
        meter = Meter(psn=dice.getrandbits(3) + 4)
        wire = Wire(meter, dice, (0, 20, 45, 70)[round % 4])
        # A session that knows the number, and one that must learn it first.
        session = Session(KEY, 1000 if round & 4 else 77)
        call = ep17(last=None)
        over_the_wire(call, session, wire)
        done = len(meter.executed)
        assert done <= 1, meter.executed
        if call.outcome == calls.DONE:
            assert done == 1
        if call.outcome == calls.REFUSED:
            assert done == 0
        outcomes[call.outcome] = outcomes.get(call.outcome, 0) + 1
    assert outcomes[calls.DONE] > 60 and outcomes.get(calls.UNKNOWN, 0) > 0, outcomes
