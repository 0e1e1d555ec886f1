"""A load profile, read by a program that is killed at random: nothing missing, nothing twice."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proofkit import scale

from osgp.profile import Profile
from profilekit import DAY, Recorder

SHAPES = st.tuples(
    st.integers(3, 12),
    st.integers(1, 40),
    st.integers(1, 16),
    st.sampled_from([0, 83, 131]),
    st.integers(0, 9),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["read", "read", "read", "kill", "record", "outage", "ask again"]),
        st.integers(1, 25),
    ),
    max_size=120,
)


@pytest.mark.proof
@settings(max_examples=scale("PROOF_KILLS", 50), deadline=None)
@given(SHAPES, st.integers(0, 300), STEPS, st.integers(1, 3), st.booleans())
def test_killed_at_random_and_resumed(shape, before, steps, pieces, later):
    blocks, intervals, channels, wide, gap = shape
    sources = tuple(range(channels))
    meter = Recorder(blocks, intervals, sources, wide=wide, gap=gap if wide else 0)
    meter.record(before)
    begin = DAY + 900 * before // 2 if later else None
    dims = meter.dims()
    machine = Profile(dims, 1, begin, pieces=pieces)
    found, lost, kept = [], 0, None
    for what, n in steps:
        if what == "read":
            for _ in range(n):
                if not meter.answer(machine):
                    break
                # The program takes some of it and keeps its state with that.
                for _, interval in zip(range(n), machine.take()):
                    found.append(interval)
            kept = json.dumps(machine.state()) if machine.state() else kept
        elif what == "kill":
            lost += machine.lost
            machine = Profile(dims, 1, begin, state=json.loads(kept or "null"), pieces=pieces)
        elif what == "record":
            meter.record(n)
        elif what == "outage":
            meter.pass_by(n)
        else:
            # A fault on the line: what was asked for is asked for again.
            assert machine.next_read() == machine.next_read()
    # Nothing is read but by the last program that was started, and that to its end.
    found += meter.run(machine)
    again = Profile(dims, 1, begin, state=json.loads(json.dumps(machine.state())), pieces=pieces)
    found += meter.run(again)
    lost += machine.lost + again.lost
    ends = meter.check(found, begin)
    wanted = [t for t in meter.truth if begin is None or t > begin]
    missing = set(wanted) - set(ends)
    assert not missing & set(meter.kept())
    # Unless the program was told that blocks were lost, only those before its first are missing.
    assert lost or not ends or not missing or max(missing) < ends[0]
