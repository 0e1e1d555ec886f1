"""Our small M-Bus decoder against pyMeterBus: the same telegrams, the same values."""

import datetime
import decimal
import math
import struct

import meterbus
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mep.errors import TableError
from osgp.mbus import records, shown
from osgp.mbusreading import of_client, reading
from test_osgp_mbus import HEADER, HEAT, WATER, variable

# Bytes by the DIF's data field, without reals and texts.
INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 6: 6, 7: 8}
BCDS = {9: 1, 10: 2, 11: 3, 12: 4, 14: 6}
FUNCTIONS = ("INSTANTANEOUS", "MAXIMUM", "MINIMUM", "ERROR_STATE")
# Units that mean the same; what the library turns into seconds.
SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
# First and number of codes: all quantities that have a size in both.
PLAIN = [(0x00, 0x18), (0x18, 8), (0x20, 0x30), (0x50, 0x1C), (0x70, 8), (0x78, 3)]
FD = [(0x08, 1), (0x40, 0x20), (0x60, 2)]


def theirs(body):
    """The library's records of a telegram with these records in it."""
    inner = b"\x08\x01\x72" + HEADER + body
    frame = bytes([0x68, len(inner), len(inner), 0x68]) + inner + bytes([sum(inner) & 255, 0x16])
    return meterbus.TelegramLong.parse(list(frame)).body.interpreted["records"]


def same(ours, other):
    """Whether a record says the same in both."""
    assert other["storage_number"] == ours["storage"]
    assert (other.get("tariff") or 0) == ours["tariff"]
    assert (other.get("device") or 0) == ours["subunit"]
    function = FUNCTIONS[("now", "max", "min", "error").index(ours["function"])]
    assert function in other["function"]
    if isinstance(ours["value"], str):
        return other["value"] == ours["value"]
    mine = decimal.Decimal(shown(ours["value"], ours["exponent"]))
    mine *= SECONDS.get(ours["unit"], 1)
    # The library multiplies floats.
    return math.isclose(float(mine), float(other["value"]), rel_tol=1e-6, abs_tol=1e-12)


def check(body):
    """Both decode ``body`` to the same; the number of records."""
    ours = list(records(body, 0, len(body)))
    other = theirs(body)
    assert len(ours) == len(other)
    for mine, their in zip(ours, other):
        assert same(mine, their), (body.hex(), mine, their)
    return len(ours)


def test_example_of_the_documentation():
    assert check(WATER) == 3


@st.composite
def bcd(draw, size):
    digits = draw(st.text("0123456789", min_size=2 * size, max_size=2 * size))
    return bytes.fromhex(digits)[::-1]


@st.composite
def one(draw):
    """A record with a number in it."""
    kind = draw(st.sampled_from(sorted(INTEGERS) + sorted(BCDS) + [5]))
    if kind in INTEGERS:
        data = draw(st.binary(min_size=INTEGERS[kind], max_size=INTEGERS[kind]))
    elif kind in BCDS:
        data = draw(bcd(BCDS[kind]))
    else:
        data = struct.pack("<f", draw(st.floats(-1e6, 1e6, width=32)))
    dif = kind | draw(st.integers(0, 7)) << 4
    extensions = draw(st.lists(st.integers(0, 0x7F), max_size=3))
    head = [dif, *extensions]
    head = [b | 0x80 for b in head[:-1]] + head[-1:]
    group = draw(st.sampled_from([PLAIN, PLAIN, FD]))
    first, count = draw(st.sampled_from(group))
    vif = [first + draw(st.integers(0, count - 1))]
    if group is FD:
        vif = [0xFD, *vif]
    return bytes(head + vif) + data


@settings(max_examples=300, deadline=None)
@given(st.lists(one(), min_size=1, max_size=6))
def test_numbers(made):
    assert check(b"".join(made)) == len(made)


@settings(max_examples=200, deadline=None)
@given(st.dates(datetime.date(2000, 1, 1), datetime.date(2080, 12, 31)), st.times())
def test_dates(day, time):
    year = day.year - 2000
    low = day.day | (year & 7) << 5
    high = day.month | (year >> 3) << 4
    date = bytes([0x02, 0x6C, low, high])
    both = bytes([0x04, 0x6D, time.minute, time.hour, low, high])
    found = list(records(date + both, 0, 10))
    assert found[0]["value"] == day.isoformat()
    assert found[1]["value"] == "%sT%02d:%02d" % (day.isoformat(), time.hour, time.minute)
    check(date + both)


def test_what_each_calls_an_error():
    for body in (WATER[:-1], b"\x04", b"\x84", b"\x04\x93"):
        with pytest.raises(TableError):
            list(records(body, 0, len(body)))


@settings(max_examples=3000, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 9), st.booleans())
def test_whatever_comes_is_a_record_or_table_error(data, start, msb):
    count = max(0, len(data) - start)
    found = []
    try:
        for record in records(data, start, count, msb):
            found.append(record)
            assert isinstance(shown(record["value"], record["exponent"]), str)
    except TableError as e:
        assert e.table == "M-Bus record %d" % (len(found) + 1) and e.field and e.why


@settings(max_examples=1500, deadline=None)
@given(st.binary(max_size=120), st.integers(0, 3))
def test_whatever_the_meter_keeps(data, cut):
    whole = variable([HEADER + WATER, HEADER + HEAT])
    for given_, n in ((data, len(data)), (whole[: len(data)] + data, len(data) + cut)):
        for take in (reading, of_client):
            try:
                found = take(given_, 0, n)
            except TableError as e:
                assert e.table == "ET16" and "bytes missing" in e.why
            else:
                assert found is None or isinstance(found, dict)
