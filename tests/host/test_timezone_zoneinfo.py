"""Our time zones against the system's, at random moments and around every change."""

import datetime
import random

import pytest
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from firmware.timezone import Zone

PAIRS = (
    ("CET-1CEST,M3.5.0,M10.5.0/3", "Europe/Copenhagen"),
    ("GMT0BST,M3.5.0/1,M10.5.0", "Europe/London"),
    ("EET-2EEST,M3.5.0/3,M10.5.0/4", "Europe/Helsinki"),
    ("UTC0", "UTC"),
    ("AEST-10AEDT,M10.1.0,M4.1.0/3", "Australia/Sydney"),
    ("<-03>3", "America/Sao_Paulo"),
    ("IST-5:30", "Asia/Kolkata"),
    ("EST5EDT,M3.2.0,M11.1.0", "America/New_York"),
)
BEGIN, END = 1735689600, 2040000000


@pytest.mark.parametrize(("text", "name"), PAIRS)
def test_local_time(text, name):
    try:
        theirs = ZoneInfo(name)
    except ZoneInfoNotFoundError:
        pytest.skip("this system has no time zones")
    ours = Zone(text)
    random.seed(name)
    moments = [random.randrange(BEGIN, END) for _ in range(2000)]
    last = ours.offset(BEGIN)
    for hour in range(BEGIN, BEGIN + 3 * 366 * 86400, 3600):
        if ours.offset(hour) != last:
            last = ours.offset(hour)
            moments += [hour - 3600, hour - 1, hour, hour + 3599]
    for utc in moments:
        t = datetime.datetime.fromtimestamp(utc, theirs)
        assert ours.local(utc) == (t.year, t.month, t.day, t.hour, t.minute, t.second), utc
