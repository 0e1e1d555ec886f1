import json
import os

from firmware import config, texts

KEY = "a7941d85bce8a8fa2ab7"


def _refused(f, *args):
    try:
        f(*args)
    except config.ConfigError as e:
        for language in texts.LANGUAGES:
            text = e.text(language)
            assert text and "\n" not in text and KEY not in text, text
        assert str(e) == e.text("en")
        return e
    raise AssertionError("accepted")


def _error(f, *args):
    return str(_refused(f, *args))


def _with(**values):
    values["key"] = values.get("key", KEY)
    return values


def test_defaults_fill_in_and_unknown_keys_stay():
    c = config.validate(_with(from_the_future=[1]))
    assert c["http_port"] == 80 and c["mqtt_host"] == "" and c["fast"] is False
    assert c["from_the_future"] == [1] and c["version"] == config.VERSION


def test_every_default_is_valid():
    for name, default, low, high, _, _ in config.SCHEMA:
        config.validate(_with(**{name: KEY if name == "key" else default}))
        assert high is None or low <= high


def test_no_key_is_named_twice():
    names = [e[0] for e in config.SCHEMA]
    assert len(set(names)) == len(names) and "version" not in names


def test_wrong_types_and_ranges_name_the_key():
    for name, value, code in (
        ("http_port", 0, "int"),
        ("http_port", 65536, "int"),
        ("http_port", "80", "int"),
        ("http_port", True, "int"),
        ("http_port", 8.5, "int"),
        ("fast", 1, "bool"),
        ("stale_s", 4, "int"),
        ("alerts_watch", "8", "watch"),
        ("alerts_watch", "8:100,", "watch"),
        ("alerts_watch", "255:1", "watch"),
        ("alerts_watch", "8:0", "watch"),
        ("alerts_watch", "8:65536", "watch"),
        ("alerts_watch", "a:b", "watch"),
        ("mqtt_host", None, "length"),
        ("mqtt_host", "x" * 129, "length"),
        ("mqtt_host", "mqtt://broker", "host"),
        ("mqtt_host", "br\u00f8ker", "host"),
        ("mqtt_base", "", "length"),
        ("mqtt_base", "a/#", "topic"),
        ("mqtt_base", "a\nb", "control"),
        ("mqtt_user", "\ud800", "control"),
        ("mqtt_tls", "", "length"),
        ("mqtt_tls", "on", "tls"),
        ("mqtt_tls", "a" * 63, "tls"),
        ("mqtt_tls", "g" * 64, "tls"),
        ("mqtt_tls", "a:" * 32, "tls"),
        ("mqtt_tls", "abc:" * 23 + "abc", "tls"),
        ("board", 7, "choice"),
        ("board", "dabler", "choice"),
        ("cpu_mhz", 100, "choice"),
        ("cpu_mhz", "80", "choice"),
        ("language", "fr", "choice"),
        ("tx_power_dbm", 21, "int"),
        ("tx_power_dbm", 1, "int"),
        ("wifi_ssid", "\u00f8" * 17, "length"),
        ("wifi_password", "1234567", "wpa"),
        ("wifi_password", "g" * 64, "wpa"),
        ("wifi_country", "dk", "country"),
        ("wifi_country", "D", "country"),
        ("hostname", "a_b", "hostname"),
        ("hostname", "-a", "hostname"),
        ("ip", "192.168.1", "ip"),
        ("ip", "192.168.1.256", "ip"),
        ("ip", "192.168.1.01", "ip"),
        ("ip", "192.168.1.-1", "ip"),
        ("dns", "one.one", "ip"),
        ("ntp_servers", "a;b", "hosts"),
        ("timezone", "CET -1", "zone"),
        ("timezone", "Europe/Copenhagen", "zone"),
        ("pin_rx", 49, "int"),
        ("version", -1, "version"),
        ("version", "1", "version"),
    ):
        e = _refused(config.validate, _with(**{name: value}))
        assert e.args[0] == code and e.args[1] == name and name in str(e), (name, value, e.args)


def test_good_values():
    for name, value in (
        ("wifi_ssid", "\u00f8" * 16),
        ("wifi_password", "a" * 64),
        ("wifi_password", "12345678"),
        ("wifi_country", "DK"),
        ("hostname", "mep-4Kitchen"),
        ("ntp_servers", "dk.pool.ntp.org, 192.168.1.1"),
        ("timezone", "<+01>-1"),
        ("mqtt_host", "fe80::1"),
        ("mqtt_base", "mep/house 1"),
        ("mqtt_tls", "ca"),
        ("mqtt_tls", "aB" * 32),
        ("mqtt_tls", "0A:" * 31 + "ff"),
    ):
        assert config.validate(_with(**{name: value}))[name] == value


def test_a_profile_that_sends_by_mqtt_needs_a_broker():
    for profile in ("low", "battery"):
        e = _refused(config.validate, _with(power_profile=profile))
        assert e.args[:2] == ("needs_mqtt", "power_profile") and "mqtt_host" in str(e)
        config.validate(_with(power_profile=profile, mqtt_host="broker"))


def test_a_clock_that_the_board_does_not_have():
    e = _refused(config.validate, _with(board="ustepper", cpu_mhz=240))
    assert e.args == ("cpu", "cpu_mhz", "ustepper", 160) and "goes to 160 MHz" in str(e)
    config.validate(_with(board="ustepper", cpu_mhz=160))
    config.validate(_with(board="dabbler", cpu_mhz=240))
    config.validate(_with(board="devkit", cpu_mhz=240))  # its chip is known when it starts


def test_a_fixed_address_must_be_able_to_work():
    def fixed(ip, netmask, gateway):
        return _with(ip=ip, netmask=netmask, gateway=gateway)

    config.validate(fixed("192.168.1.20", "255.255.255.0", "192.168.1.1"))
    config.validate(fixed("10.0.0.1", "255.0.0.0", "10.255.255.254"))
    for ip, netmask, gateway, code in (
        ("192.168.1.20", "", "192.168.1.1", "static"),
        ("192.168.1.20", "255.255.255.0", "", "static"),
        ("192.168.1.20", "255.255.255.0", "192.168.2.1", "subnet"),
        ("192.168.1.20", "255.0.255.0", "192.168.1.1", "subnet"),
        ("192.168.1.1", "255.255.255.0", "192.168.1.1", "subnet"),
        ("192.168.1.0", "255.255.255.0", "192.168.1.1", "subnet"),
        ("192.168.1.255", "255.255.255.0", "192.168.1.1", "subnet"),
        ("192.168.1.20", "0.0.0.0", "192.168.1.20", "subnet"),
    ):
        assert _refused(config.validate, fixed(ip, netmask, gateway)).args == (code, "ip")


def test_all_problems_at_once():
    c = config.validate(_with())
    c["http_port"] = 0
    c["stale_s"] = 0
    c["key"] = ""
    found = config.problems(c)
    assert sorted([e.args[1] for e in found]) == ["http_port", "key", "stale_s"]
    assert len(config.problems(c, False)) == 2


def test_not_an_object():
    assert "JSON object" in _error(config.validate, [1])


def test_key_errors_do_not_show_it():
    assert "key" in _error(config.validate, _with(key=KEY + "zz"))
    assert "key" in _error(config.validate, {})
    assert config.validate({}, False)["key"] == ""


def test_errors_in_three_languages():
    e = _refused(config.validate, _with(http_port=0))
    assert e.args == ("int", "http_port", 1, 65535)
    assert str(e) == (
        "config: http_port (port the web server listens on): "
        "must be a whole number from 1 to 65535"
    )
    assert "helt tal fra 1 til 65535" in e.text("da")
    assert "ganze Zahl von 1 bis 65535" in e.text("de")
    assert e.text("xx") == str(e)


def test_a_refusal_without_text_says_its_code():
    assert str(config.ConfigError("odd", "http_port", 3)).endswith("odd 3")
    assert str(config.ConfigError("odd")) == "config: odd"


def test_texts_are_not_kept_in_memory():
    import sys

    str(config.ConfigError("json", ""))
    assert "firmware.texts.en" not in sys.modules and not hasattr(texts, "en")


def test_load():
    path = "test-config.tmp"
    try:
        with open(path, "w") as f:
            json.dump(_with(http_port=8080), f)
        assert config.load(path)["http_port"] == 8080
        with open(path, "w") as f:
            f.write('{"key": "' + KEY)
        assert "not JSON" in _error(config.load, path)
        with open(path, "wb") as f:
            f.write(b'{"key": "\xff\xff"}')
        assert "not JSON" in _error(config.load, path)
    finally:
        os.remove(path)
    assert "no readable file" in _error(config.load, path)


def test_secrets():
    c = config.validate(_with(mqtt_password="hush", admin_hash="1$2$3"))
    assert sorted(config.secrets(c)) == sorted([KEY, "hush", "1$2$3"])


def test_what_needs_a_restart():
    old = config.validate(_with())
    new = config.validate(_with(language="da", mqtt_host="broker", http_port=81))
    assert sorted(config.restarts(old, new)) == ["http_port", "mqtt_host"]
    assert config.restarts(old, old) == []
