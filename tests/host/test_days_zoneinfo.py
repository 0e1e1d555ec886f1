"""The local day's first second and its text, against the system's time zones."""

import datetime
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_timezone_zoneinfo import BEGIN, END, PAIRS
from zoneinfo import ZoneInfo

from firmware import days
from firmware.timezone import Zone

# The Azores end daylight saving at 01:00, so their midnight comes twice.
MORE = (("<-01>1<+00>,M3.5.0/0,M10.5.0/1", "Atlantic/Azores"),)
ZONES = [(Zone(text), ZoneInfo(name)) for text, name in PAIRS + MORE]
UTC = datetime.timezone.utc


def _first(theirs, utc):
    # The first second of the local day, by stepping through its quarters.
    day = datetime.datetime.fromtimestamp(utc, theirs).date()
    at = utc - utc % 900
    while datetime.datetime.fromtimestamp(at - 1, theirs).date() >= day:
        at -= 900
    return at


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(ZONES), st.integers(BEGIN, END))
def test_midnight(pair, utc):
    ours, theirs = pair
    assert days.midnight(ours, utc) == _first(theirs, utc)


@pytest.mark.parametrize("pair", ZONES, ids=[name for _, name in PAIRS + MORE])
def test_midnight_around_every_change(pair):
    ours, theirs = pair
    last = ours.offset(BEGIN)
    for hour in range(BEGIN, BEGIN + 3 * 366 * 86400, 3600):
        if ours.offset(hour) != last:
            last = ours.offset(hour)
            for utc in range(hour - 30 * 3600, hour + 30 * 3600, 1800):
                assert days.midnight(ours, utc) == _first(theirs, utc), utc


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ZONES), st.integers(BEGIN, END))
def test_since_is_the_moment_in_local_time(pair, utc):
    ours, theirs = pair
    kept = ["4080", utc, 0, 0, None, None]
    text = "{%s}" % (days._text(ours, kept) % (0, 0))
    since = json.loads(text)["today"]["since"]
    moment = datetime.datetime.fromisoformat(since)
    assert moment.timestamp() == utc
    assert moment.utcoffset() == datetime.datetime.fromtimestamp(utc, theirs).utcoffset()


@settings(max_examples=300, deadline=None)
@given(
    st.integers(BEGIN, END),
    st.lists(st.tuples(st.integers(0, 90000), st.integers(-50, 2000)), max_size=40),
)
def test_no_count_is_ever_negative_or_of_another_day(start, steps):
    """Time and register go on at random, the register falls now and then."""
    ours, theirs = ZONES[0]
    now, value = start, 100000
    kept = None
    for passed, energy in steps:
        now += passed
        value = max(0, value + energy)
        kept = days._next(kept, [value, 0], "4080", now, ours, False)
        assert value >= kept[days.FORWARD] and kept[1] <= now
        today = datetime.datetime.fromtimestamp(now, theirs).date()
        assert datetime.datetime.fromtimestamp(kept[1], theirs).date() == today
        assert kept[4] is None or kept[4] >= 0
