"""The chapters of the fault timeline that last hours (see test_timeline.py): `make test-long`."""

import timelinescript as script
from test_timeline import play


def test_router_off():
    play(script.ROUTER)


def test_set_up_window():
    play(script.WINDOW)


def test_broker_off():
    play(script.BROKER)


def test_low_profile():
    play(script.LOW)
