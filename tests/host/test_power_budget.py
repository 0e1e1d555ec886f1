"""docs/power.md is made of the figures in tools/power_budget.py; they agree with the firmware."""

import pytest

import test_battery
from firmware import config
from tools import power_budget as budget

F = budget.F


def _default(name):
    (entry,) = [e for e in config.SCHEMA if e[0] == name]
    return entry[1]


def test_the_page_is_current():
    assert budget.TARGET.read_text(encoding="utf-8") == budget.document()


def test_every_figure_says_where_it_is_from():
    for value, _, what, source in budget.FIGURES.values():
        assert value > 0 and what and source


def test_the_figures_are_the_firmwares():
    assert F["dbm"] == _default("tx_power_dbm")
    assert F["every_s"] == _default("radio_every_s")
    assert F["window_s"] >= _default("radio_window_s")
    assert F["sleep_s"] == _default("sleep_s")
    assert F["readings"] == _default("sleep_readings")


def test_the_times_awake_are_those_of_the_fake_timeline():
    with test_battery.Rig() as rig:
        rig.live(test_battery.K + 1)
    quiet = max(ms for ms, radio in zip(rig.awake, rig.radio) if not radio)
    loud = max(ms for ms, radio in zip(rig.awake, rig.radio) if radio)
    assert quiet / 1000 <= F["read_s"] <= quiet / 1000 + 0.5
    assert loud / 1000 <= F["read_s"] + F["learn_s"] + F["net_s"]


def test_the_arithmetic_by_hand():
    # ESP32, low: 3 s joining, 12 s connected at 80 MHz, 285 s without radio, and the line.
    connected = 20 + 0.1 * (97.5 - 20) + 0.005 * (120 + 40 / 13 * 10 - 20)
    line = 0.3 + 2 * (1.1 + 2)
    average, peak = budget.low("esp32")
    assert average == pytest.approx((3 * 97.5 + 12 * connected + 285 * 20) / 300 + line)
    assert peak == pytest.approx(120 + 40 / 13 * 10 + line)
    # At the meter: 73 % of 26 V times so many mA, and 5 mA for the converter.
    ma, watts = budget.at_meter(100)
    assert watts == pytest.approx(0.33 / 0.73 + 0.13) and ma == pytest.approx(watts / 26 * 1000)
    # A day of the battery profile is 288 wakes; a wake without sending costs some 80 mC.
    average, _ = budget.battery("esp32")
    assert 0.3 < average < 1


def test_what_the_meter_can_give():
    # What an owner measured, with another firmware: 18 mA on average, 30..40 mA at the peaks.
    average, peak = [budget.at_meter(ma)[0] for ma in budget.normal("esp32")]
    assert 8 < average < 18 and 30 <= peak <= 40
    assert budget.at_meter(budget.normal("esp32")[1])[1] < F["meter_watts"]
    assert budget.at_meter(budget.normal("esp32", 160, True, 20)[1])[1] > F["meter_watts"]
    for chip in budget.CHIPS:
        assert budget.low(chip)[0] < budget.normal(chip)[0]
        assert budget.battery(chip)[0] < budget.low(chip)[0] / 10
