"""osgp.calls and osgp.port against the simulated meter, which knows nothing of them."""

import random

import pytest
from mepsimkit import MBK, meter

from mep.session import Session
from mepkit import feed, send
from osgp import calls
from osgp.calls import Call
from osgp.port import Port
from osgp.procedures import find

HANDLE = 0x03F8
ET50, ET59, BT08 = 2098, 2107, 8


class Line:
    """Session, simulated meter, and a line that loses ``loss`` of 100 packets each way."""

    def __init__(self, meter, seed=1, loss=0):
        self.meter = meter
        self.session = Session(MBK, meter.sequence)
        self.dice = random.Random(seed)
        self.loss = loss
        self.ms = 0

    def lost(self):
        return self.dice.randrange(100) < self.loss

    def transact(self):
        while True:
            packet = send(self.session)
            self.ms += 150
            if packet is not None and not self.lost():
                answer = self.meter.handle(packet[2:], self.ms)
                found = feed(self.session, answer) if answer and not self.lost() else []
                if found:
                    return found[0]
            self.session.timed_out()
            event = self.session.next_event()
            if event is not None:
                return type(event).__name__, getattr(event, "code", None)

    def drive(self, machine):
        while True:
            write = getattr(machine, "next_write", lambda: None)()
            step = write or machine.next_read()
            if step is None:
                return machine
            if write:
                self.session.request(step[0], 0, step[1], step[2])
            else:
                self.session.request(step[0], step[2], step[1])
            name, detail = self.transact()
            if name == "Failed":
                # A port is asked on a good line.
                machine.failed(step[0])
            elif name == "Refused":
                machine.refused(step[0], detail)
            elif write:
                machine.written(step[0])
            else:
                machine.learn(step[0], detail or b"", 0, len(detail or b""))


def remove(line, handle=HANDLE, last=None):
    port = Port((3, 84, 6))
    quiet, line.loss = line.loss, 0
    line.drive(port)
    line.loss = quiet
    p = find("EP17")
    return line.drive(Call(p, p.encode({"action": 0, "handle": handle}), port, last))


@pytest.mark.parametrize(("flags", "answers"), [(0x03, (ET59, BT08)), (0x01, (BT08,))])
def test_a_client_is_removed(flags, answers):
    sim = meter()
    sim.tables.client_flags = flags
    line = Line(sim)
    port = line.drive(Port((3, 84, 6)))
    assert port.answers == answers and port.registered
    call = remove(line)
    assert call.outcome == calls.DONE, call.text
    assert not sim.tables.client_flags & 1


def test_results_come_through():
    line = Line(meter())
    assert remove(line, 0x7777).text == "EP17: no device has this handle"
    # Nothing is known of the PSN before: the meter refuses it once.
    assert line.meter.codes.get(4, 0) == 0
    call = remove(line)
    assert call.outcome == calls.DONE and call.psn == 6 and line.meter.codes[4] == 1


def test_never_twice_on_a_bad_line():
    outcomes = {}
    for seed in range(60):
        sim = meter()
        sim.tables.client_flags = 0x03
        executed = []
        run = sim.procedures.call

        def counted(offset, data, level, ms, run=run, executed=executed):
            code = run(offset, data, level, ms)
            if not code:
                executed.append(bytes(data))
            return code

        sim.procedures.call = counted
        call = remove(Line(sim, seed, (10, 40, 70)[seed % 3]))
        assert len(executed) <= 1
        assert call.outcome != calls.DONE or len(executed) == 1
        outcomes[call.outcome] = outcomes.get(call.outcome, 0) + 1
    assert outcomes[calls.DONE] >= 20, outcomes
