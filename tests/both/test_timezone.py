from firmware.timezone import Zone, ZoneError, days

CET = "CET-1CEST,M3.5.0,M10.5.0/3"


def test_the_hours_around_both_changes():
    zone = Zone(CET)
    assert zone.local(1774745999) == (2026, 3, 29, 1, 59, 59)
    assert zone.local(1774746000) == (2026, 3, 29, 3, 0, 0)
    assert zone.local(1792889999) == (2026, 10, 25, 2, 59, 59)
    assert zone.local(1792890000) == (2026, 10, 25, 2, 0, 0)
    assert zone.offset(1774746000) == 7200 and zone.offset(1792890000) == 3600


def test_days_begin_at_local_midnight():
    zone = Zone(CET)
    midnight = days(2026, 7, 1) * 86400 - 7200
    assert zone.day(midnight) == zone.day(midnight - 1) + 1 == days(2026, 7, 1)


def test_without_daylight_saving_and_south_of_the_equator():
    assert Zone("UTC0").local(0) == (1970, 1, 1, 0, 0, 0)
    assert Zone("<-03>3").offset(1774746000) == -10800
    assert Zone("IST-5:30").offset(0) == 19800
    sydney = Zone("AEST-10AEDT,M10.1.0,M4.1.0/3")
    assert sydney.offset(1767225600) == 39600 and sydney.offset(1782864000) == 36000


def test_what_is_no_zone_is_refused_in_one_line():
    for bad in (
        "",
        "CET",
        "C1",
        "CET-1CEST",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.0.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1,M3.5.0,M10.5.0",
        "CET-1x",
        "CET-99",
        "<CET1",
        "Europe/Copenhagen",
        "CET-1CEST,J60,J300",
        "CET-1CEST,M3.5.0/,M10.5.0/x",
    ):
        try:
            Zone(bad)
        except ZoneError as e:
            assert "CET-1CEST" in str(e) and "\n" not in str(e)
        else:
            raise AssertionError("accepted " + bad)
