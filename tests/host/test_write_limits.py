"""osgp.writes.Ledger over random histories: the wear limits hold against the true time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from osgp.writes import DAY, HOUR, PER_DAY, PER_HOUR, Ledger

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "write", "restart", "clock", "no clock"]),
        st.integers(0, 3000),
    ),
    max_size=250,
)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_never_more_than_the_limits_in_true_time(steps):
    true = 1800000000
    boot = true
    clock = False
    ledger = Ledger()
    done = []
    for what, pause in steps:
        true += pause
        up = true - boot
        wall = true if clock else None
        if what == "write" and not ledger.wait(1, up, wall):
            ledger.add(up, wall)
            done.append(true)
        elif what == "restart":
            ledger = Ledger(ledger.dump(), 0)
            boot = true
            clock = False
        elif what.endswith("clock"):
            clock = what == "clock"
    for i, at in enumerate(done):
        assert sum(at <= t < at + HOUR for t in done[i:]) <= PER_HOUR
        assert sum(at <= t < at + DAY for t in done[i:]) <= PER_DAY


@given(st.binary(max_size=60), st.integers(0, 1 << 33))
def test_any_bytes_make_a_ledger(data, wall):
    ledger = Ledger(data, 7)
    assert ledger.wait(1, 8, wall) >= 0
    assert Ledger(ledger.dump()).dump() == ledger.dump()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4000), max_size=200))
def test_it_lets_through_as_much_as_is_allowed(pauses):
    at = 0
    ledger = Ledger()
    for pause in pauses:
        at += pause
        wait = ledger.wait(1, at)
        assert ledger.wait(1, at + wait) == 0
        if wait > 1:
            assert ledger.wait(1, at + wait - 1) > 0
        if not wait:
            ledger.add(at)
