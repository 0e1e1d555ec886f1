"""osgp.writes: who may write what, the wear limits, and refusals in words."""

from mep.errors import LocalError
from osgp.codec import table_number
from osgp.writes import DAY, HOUR, PER_DAY, Ledger, explain, held, judge

NEW = (3, 84, 6)


def judged(table, level=None, version=NEW):
    return judge(table_number(table), b"\0", version, level)


def call(number, psn=5, version=NEW, level=None):
    return judge(7, bytes([number & 255, number >> 8, psn]), version, level)


def test_keys():
    assert judged("ET50", "MBK").level == "MBK" and not judged("ET50", "MBK").why
    assert judged("ET13", "MAK").why == "" and judged("ET13").why == ""
    found = judged("ET13", "MBK")
    assert found.level == "MAK" and found.why.startswith("ET13: needs the advanced key (MAK)")
    assert judged("BT28", "MAK").why == "BT28: no key may write it"
    assert judged("ET07", "MBK").why and not judged("ET07", "MAK").why
    assert "no guide tells" in judge(2048 + 99, b"").why


def test_what_wears():
    # MEP guide, table C.1: written to NVM or not.
    for table, memory in (("ET50", "RAM"), ("ET52", "NVM"), ("ET13", "NVM"), ("ET51", "NVM")):
        assert judged(table).memory == memory, table
    # A pending table is kept until it is activated.
    assert judge(4096 + 54, b"\0", NEW).memory == "NVM"


def test_procedures_by_themselves():
    ep61 = call(2109, version=(4, 10, 0), level="MBK")
    assert (ep61.name, ep61.memory, ep61.why) == ("EP61", "RAM", "")
    assert call(2109, level="MBK").why == "EP61: came with firmware 4.0; this meter has 3.84"
    assert call(2087).memory == "RAM"
    # Before 3.40 each write of BT07 counts, and so it does if the firmware is not known.
    assert call(2087, version=(3, 30, 0)).memory == call(2087, version=None).memory == "NVM"
    assert call(2067, level="MBK").why.startswith("EP19: needs the advanced key")
    assert call(2067, level="MAK").why == "" and call(2065, level="MBK").why == ""
    assert "no guide names" in call(2047 + 2048).why
    assert "PSN" in call(2065, psn=4).why and "PSN" in call(2065, psn=10).why
    assert "in one write" in judge(7, b"\x11\x08", NEW).why


def test_firmware():
    assert "came with firmware 3.40" in judge(2119, b"", (3, 30, 0)).why
    assert judge(2119, b"", NEW).why == judge(2119, b"", None).why == ""
    # Control point modules count from 1.
    assert judge(2119, b"", (1, 30, 0)).why == ""


def test_four_an_hour():
    ledger = Ledger()
    for at in (0, 10, 20, 30):
        assert held(judged("ET52"), ledger, at) == ""
        ledger.add(at)
    why = held(judged("ET52"), ledger, 40)
    assert why.startswith("ET52: it would wear the meter's memory: 4 writes in the last hour")
    assert "may be in 60 min" in why and "in 59 min" in held(judged("ET52"), ledger, 60)
    # What lives in RAM only goes on.
    assert held(judged("ET50"), ledger, 40) == ""
    assert held(judged("ET52"), ledger, HOUR - 1) != ""
    assert held(judged("ET52"), ledger, HOUR) == ""
    assert held(judged("ET52"), ledger, HOUR, n=2) != ""
    assert held(judged("ET52"), ledger, HOUR + 10, n=2) == ""


def test_a_hundred_a_day():
    ledger = Ledger()
    at = 0
    for i in range(PER_DAY):
        ledger.add(at)
        at += 840  # a little more than the hour's limit lets through
    assert ledger.count(DAY, at) == PER_DAY
    assert ledger.wait(1, at) == DAY - at > 0
    assert ledger.wait(1, DAY) == 0
    for n in (5, 101):
        try:
            ledger.wait(n, at)
        except LocalError as e:
            assert str(n) in str(e)
        else:
            raise AssertionError("so many at once")


def test_a_restart_with_a_clock():
    ledger = Ledger()
    for i in range(4):
        ledger.add(100 + i, 1000000 + i)
    again = Ledger(ledger.dump(), up=5)
    assert again.wait(1, 6, 1000100) == HOUR - 100
    assert again.wait(1, 6, 1000000 + HOUR) == 0
    # A clock that is behind tells nothing: they were just written.
    again = Ledger(ledger.dump(), up=5)
    assert again.wait(1, 6, 900000) == HOUR - 1
    assert again.wait(1, 5 + HOUR, 900000 + HOUR) == 0


def test_a_restart_without_a_clock():
    ledger = Ledger()
    for i in range(4):
        ledger.add(10 * i)
    # Hours later in truth, but nobody knows: it counts from the new start.
    again = Ledger(ledger.dump(), up=0)
    assert again.wait(1, 60) == HOUR - 60
    # The clock comes, and with it they get a date: the next start knows.
    assert again.wait(1, 120, 2000000) == HOUR - 120
    third = Ledger(again.dump(), up=0)
    assert third.wait(1, 1, 2000000 + HOUR) == 0
    assert Ledger(again.dump(), up=0).wait(1, 1) == HOUR - 1


def test_within_a_run_the_clock_does_not_matter():
    ledger = Ledger()
    for i in range(4):
        ledger.add(i, 1000000)
    assert ledger.wait(1, 60, 1000000 + DAY) == HOUR - 60
    assert ledger.wait(1, HOUR, 5) == 0


def test_what_is_kept():
    ledger = Ledger()
    ledger.psn = 7
    ledger.add(5, 1234567890)
    ledger.add(6)
    assert ledger.dump() == b"7 1234567890 0"
    assert Ledger(ledger.dump()).psn == 7 and Ledger(b"0").psn is None
    for i in range(300):
        ledger.add(10 + i)
    assert len(ledger.dump()) < 1200
    # What cannot be read counts as a full hour.
    for bad in (b"", b"x", b"7 12 q", b"\xff\xfe"):
        assert Ledger(bad, up=3).wait(1, 4) == HOUR - 1, bad


def test_refusals_in_words():
    et13 = judged("ET13")
    assert "needs the advanced key (MAK)" in explain(3, et13, "MBK")
    assert "hardware lock" not in explain(3, et13, "MBK")
    both = explain(3, et13)
    assert "advanced key" in both and "hardware lock" in both
    lock = explain(3, et13, "MAK")
    assert "hardware lock" in lock and "no key opens it" in lock and "MAK" not in lock
    assert "hardware lock" in explain(3, judged("ET50"), "MBK")
    assert "registered" in explain(3, call(2087), "MBK")
    assert (
        explain(5, et13)
        == "ET13: the meter does not have it, or not at this place and length (0x05)"
    )
    assert explain(0x77, et13) == "ET13: the meter answers 0x77"
