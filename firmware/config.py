"""Configuration: one JSON object in a file, held to a schema.

A key that the schema does not know is kept (a newer version may have written it); a value out of
range is an error that names the key and what to write instead. Values of secrets never appear.
"""

import json

from mep.errors import LocalError
from mep.keys import parse_key


class ConfigError(Exception):
    """The configuration cannot be used; the text is one line for the owner."""


# (key, default, low, high, secret?, what it is). The type is the default's; for a str, low and
# high bound its length.
SCHEMA = (
    ("board", "devkit", 1, 20, False, "board id, see firmware/boards"),
    ("port", "", 0, 120, False, "meter line of a host: a serial device or socket://host:port"),
    ("baud", 9600, 300, 115200, False, "rate of the meter line"),
    ("key", "", 0, 120, True, "MEP key (MBK or MAK)"),
    ("fast", False, 0, 1, False, "read as fast as the line can"),
    ("stale_s", 30, 5, 3600, False, "seconds without a reply until the meter counts as offline"),
    ("http_host", "0.0.0.0", 1, 64, False, "address the web server listens on"),
    ("http_port", 80, 1, 65535, False, "port the web server listens on"),
    ("http_clients", 4, 1, 16, False, "live pages served at the same time"),
    ("mqtt_host", "", 0, 128, False, "MQTT broker, empty for none"),
    ("mqtt_port", 1883, 1, 65535, False, "port of the broker"),
    ("mqtt_user", "", 0, 128, False, "user name at the broker"),
    ("mqtt_password", "", 0, 128, True, "password at the broker"),
    ("mqtt_base", "mep", 1, 64, False, "first part of every topic"),
    ("mqtt_client_id", "", 0, 64, False, "client id, empty for a unique one"),
)


def validate(given):
    """A full configuration (dict) from ``given``: defaults filled in, everything checked.

    Raises ConfigError.
    """
    if not isinstance(given, dict):
        raise ConfigError('config: write one JSON object, like {"key": "..."}')
    config = dict(given)
    for name, default, low, high, secret, what in SCHEMA:
        value = config.get(name, default)
        _check(name, value, default, low, high, what)
        config[name] = value
    try:
        parse_key(config["key"])
    except LocalError as e:
        raise ConfigError(str(e))
    for c in config["mqtt_base"]:
        if c in "+#" or ord(c) < 32:
            raise ConfigError("config: mqtt_base may not hold + or #; write one like mep/house")
    return config


def _check(name, value, default, low, high, what):
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise ConfigError("config: %s (%s) must be true or false" % (name, what))
    elif isinstance(default, int):
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ConfigError(
                "config: %s (%s) must be a whole number from %d to %d" % (name, what, low, high)
            )
    elif not isinstance(value, str) or not low <= len(value) <= high:
        raise ConfigError(
            "config: %s (%s) must be a text of %d to %d characters" % (name, what, low, high)
        )


def load(path):
    """The configuration in the file ``path``. Raises ConfigError."""
    try:
        with open(path) as f:
            given = json.load(f)
    except OSError:
        raise ConfigError("config: there is no readable file %s" % path)
    except ValueError:
        # Without the parser's text: it could quote a secret.
        raise ConfigError("config: %s is not JSON; check its quotes and commas" % path)
    return validate(given)


def secrets(config):
    """The values that must never be shown (list of str)."""
    return [config[entry[0]] for entry in SCHEMA if entry[4] and config[entry[0]]]
