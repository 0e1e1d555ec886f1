"""The power profiles: `firmware.power`."""

from firmware import config, power

KEY = "a7941d85bce8a8fa2ab7"


def _config(**given):
    return config.validate(dict({"key": KEY, "mqtt_host": "broker"}, **given))


def test_the_clock_of_each_profile():
    assert power.mhz(_config()) == 160
    assert power.mhz(_config(cpu_mhz=240)) == 240
    assert power.mhz(_config(cpu_mhz=80)) == 80
    for profile in ("low", "battery"):
        assert power.mhz(_config(cpu_mhz=240, power_profile=profile)) == 80


def test_each_profile_that_can_be_chosen_is_there():
    (entry,) = [e for e in config.SCHEMA if e[0] == "power_profile"]
    assert sorted(entry[2]) == sorted(power.PROFILES)
