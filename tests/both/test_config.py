import json
import os

from firmware import config

KEY = "a7941d85bce8a8fa2ab7"


def _error(f, *args):
    try:
        f(*args)
    except config.ConfigError as e:
        text = str(e)
        assert "\n" not in text and KEY not in text, text
        return text
    raise AssertionError("accepted")


def _with(**values):
    values["key"] = values.get("key", KEY)
    return values


def test_defaults_fill_in_and_unknown_keys_stay():
    c = config.validate(_with(from_the_future=[1]))
    assert c["http_port"] == 80 and c["mqtt_host"] == "" and c["fast"] is False
    assert c["from_the_future"] == [1]


def test_every_default_is_valid():
    for name, default, low, high, _, what in config.SCHEMA:
        config.validate(_with(**{name: KEY if name == "key" else default}))
        assert what and low <= high


def test_wrong_types_and_ranges_name_the_key():
    for name, value in (
        ("http_port", 0),
        ("http_port", 65536),
        ("http_port", "80"),
        ("http_port", True),
        ("http_port", 8.5),
        ("fast", 1),
        ("stale_s", 4),
        ("mqtt_host", None),
        ("mqtt_host", "x" * 129),
        ("mqtt_base", ""),
        ("mqtt_base", "a/#"),
        ("board", 7),
    ):
        assert name in _error(config.validate, _with(**{name: value})), name


def test_not_an_object():
    assert "JSON object" in _error(config.validate, [1])


def test_key_errors_do_not_show_it():
    assert "key" in _error(config.validate, _with(key=KEY + "zz"))
    assert "key" in _error(config.validate, {})


def test_load():
    path = "test-config.tmp"
    try:
        with open(path, "w") as f:
            json.dump(_with(http_port=8080), f)
        assert config.load(path)["http_port"] == 8080
        with open(path, "w") as f:
            f.write('{"key": "' + KEY)
        assert "not JSON" in _error(config.load, path)
    finally:
        os.remove(path)
    assert "no readable file" in _error(config.load, path)


def test_secrets():
    c = config.validate(_with(mqtt_password="hush"))
    assert sorted(config.secrets(c)) == sorted([KEY, "hush"])
