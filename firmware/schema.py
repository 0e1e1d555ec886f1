"""What the configuration may hold, and all that is done with it; in memory only while in use.

Reach everything here as an attribute of `firmware.config`, which reads and drops this module.
A key that the schema does not know is kept (a newer version may have written it).
"""

import json

from mep.errors import LocalError
from mep.keys import parse_key
from shim import const
from . import storage
from .config import ConfigError
from .hal.memory import drop
from .texts import Refusal

VERSION = 1  # of the layout; _MIGRATIONS leads here
SECRET = const(1)  # never shown or exported
RESTART = const(2)  # takes effect at the next start
FORM = const(2)  # flags >> FORM is the index in FORMS

# Forms a text may have beyond its length; also the codes of their errors.
FORMS = (None,) + tuple(
    "key hostname host hosts ip wpa country token topic zone watch formats idx steps tls "
    "commands".split()
)
_KEY = const(1 << 2)
_HOSTNAME = const(2 << 2)
_HOST = const(3 << 2)
_HOSTS = const(4 << 2)
_IP = const(5 << 2)
_WPA = const(6 << 2)
_COUNTRY = const(7 << 2)
_TOKEN = const(8 << 2)
_TOPIC = const(9 << 2)
_ZONE = const(10 << 2)
_WATCH = const(11 << 2)
_FORMATS = const(12 << 2)
_IDX = const(13 << 2)
_STEPS = const(14 << 2)
_TLS = const(15 << 2)
_COMMANDS = const(16 << 2)

_LOWER = "abcdefghijklmnopqrstuvwxyz"
_HEX = "0123456789abcdefABCDEF"
_BOARDS = ("dabbler", "ustepper", "nesreader", "nesreader5v", "devkit")
_PROFILES = ("normal", "low", "battery")
_MHZ = (80, 160, 240)

# (key, default, low, high, flags, group). The type is the default's; for a str, low and high
# bound its length in UTF-8. A tuple for low lists the choices. What each key is stands in
# firmware/texts, and docs/configuration.md is made of both by tools/gen_docs.py.
SCHEMA = (
    ("board", "devkit", _BOARDS, None, RESTART, "board"),
    ("uart", -1, -1, 2, RESTART, "board"),
    ("pin_rx", -1, -1, 48, RESTART, "board"),
    ("pin_tx", -1, -1, 48, RESTART, "board"),
    ("pin_enable", -1, -1, 48, RESTART, "board"),
    ("pin_supply", -1, -1, 48, RESTART, "board"),
    ("port", "", 0, 120, RESTART, "meter"),
    ("baud", 9600, 300, 115200, RESTART, "meter"),
    ("key", "", 0, 120, SECRET | RESTART | _KEY, "meter"),
    ("rc4", False, 0, 1, RESTART, "meter"),
    ("fast", False, 0, 1, RESTART, "meter"),
    ("alerts_serve", False, 0, 1, RESTART, "meter"),
    ("alerts_watch", "8:100, 9:100", 0, 120, RESTART | _WATCH, "meter"),
    ("stale_s", 30, 5, 3600, RESTART, "meter"),
    ("mbus_every_min", 60, 0, 1440, RESTART, "meter"),
    ("wifi_ssid", "", 0, 32, RESTART, "wifi"),
    ("wifi_password", "", 0, 64, SECRET | RESTART | _WPA, "wifi"),
    ("wifi_country", "", 0, 2, RESTART | _COUNTRY, "wifi"),
    ("hostname", "", 0, 32, RESTART | _HOSTNAME, "wifi"),
    ("ip", "", 0, 15, RESTART | _IP, "wifi"),
    ("netmask", "", 0, 15, RESTART | _IP, "wifi"),
    ("gateway", "", 0, 15, RESTART | _IP, "wifi"),
    ("dns", "", 0, 15, RESTART | _IP, "wifi"),
    ("ap_password", "", 0, 64, SECRET | _WPA, "wifi"),
    ("ap_after_h", 1, 0, 168, 0, "wifi"),
    ("tx_power_dbm", 10, 2, 20, RESTART, "power"),
    ("modem_sleep", True, 0, 1, RESTART, "power"),
    ("power_profile", "normal", _PROFILES, None, RESTART, "power"),
    ("radio_every_s", 300, 60, 3600, RESTART, "power"),
    ("radio_window_s", 10, 5, 50, RESTART, "power"),
    ("sleep_s", 300, 10, 86400, RESTART, "power"),
    ("sleep_readings", 12, 1, 96, RESTART, "power"),
    ("cpu_mhz", 160, _MHZ, None, RESTART, "power"),
    ("ntp_servers", "pool.ntp.org", 0, 128, _HOSTS, "time"),
    ("timezone", "CET-1CEST,M3.5.0,M10.5.0/3", 4, 60, _ZONE, "time"),
    ("language", "en", ("en", "da", "de"), None, 0, "user"),
    ("admin_hash", "", 0, 200, SECRET | _TOKEN, "user"),
    ("update_key", "", 0, 64, SECRET | _WPA, "user"),
    ("http_host", "0.0.0.0", 1, 64, RESTART | _HOST, "web"),
    ("http_port", 80, 1, 65535, RESTART, "web"),
    ("http_clients", 4, 1, 16, RESTART, "web"),
    ("mqtt_host", "", 0, 128, RESTART | _HOST, "mqtt"),
    ("mqtt_port", 1883, 1, 65535, RESTART, "mqtt"),
    ("mqtt_tls", "off", 2, 95, RESTART | _TLS, "mqtt"),
    ("mqtt_user", "", 0, 128, RESTART, "mqtt"),
    ("mqtt_password", "", 0, 128, SECRET | RESTART, "mqtt"),
    ("mqtt_base", "mep", 1, 64, RESTART | _TOPIC, "mqtt"),
    ("mqtt_client_id", "", 0, 64, RESTART, "mqtt"),
    ("mqtt_formats", "native", 1, 120, RESTART | _FORMATS, "mqtt"),
    ("mqtt_flat", True, 0, 1, RESTART, "mqtt"),
    ("mqtt_steps", "", 0, 120, RESTART | _STEPS, "mqtt"),
    ("mqtt_buffer_h", 24, 0, 72, RESTART, "mqtt"),
    ("mqtt_commands", "", 0, 60, RESTART | _COMMANDS, "mqtt"),
    ("ha_prefix", "homeassistant", 1, 64, RESTART | _TOPIC, "mqtt"),
    ("ha_discovery", "device", ("device", "entity"), None, RESTART, "mqtt"),
    ("domoticz_idx", "", 0, 40, RESTART | _IDX, "mqtt"),
)


def validate(given, complete=True):
    """A full configuration (dict) from ``given``: defaults filled in, everything checked.

    A module that is not set up yet has no MEP key: ``complete=False`` allows that. Raises
    ConfigError.
    """
    config = _fill(given)
    for problem in problems(config, complete):
        raise problem
    return config


def problems(config, complete=True):
    """All that is wrong with a filled-in ``config``, as a list of ConfigError."""
    found = []
    for entry in SCHEMA:
        name = entry[0]
        why = _fault(entry, config[name])
        if why is None and complete and name == "key":
            why = _key_fault(config["key"])
        if why:
            found.append(ConfigError(why[0], name, *why[1:]))
    if not found:
        why = _address_fault(config) if config["ip"] else None
        if why:
            found.append(ConfigError(why, "ip"))
        from . import power

        found += [ConfigError(*why) for why in power.faults(config)]
    drop("firmware.power", "firmware.forms", "firmware.timezone")
    return found


def load(path):
    """The configuration in the JSON file ``path``. Raises ConfigError."""
    try:
        text = storage.read(path)
    except OSError:
        raise ConfigError("file", "", path)
    try:
        return validate(_migrate(_parse(text)))
    except ConfigError as e:
        if e.args[0] == "json":
            raise ConfigError("file_json", "", path)
        raise


def secrets(config):
    """The values that must never be shown (list of str)."""
    return [config[e[0]] for e in SCHEMA if e[4] & SECRET and config[e[0]]]


def restarts(old, new):
    """The keys by which ``new`` differs from ``old`` and that need a restart (list)."""
    return [e[0] for e in SCHEMA if e[4] & RESTART and old[e[0]] != new[e[0]]]


def export(config):
    """``config`` as JSON text, without secrets.

    Nor keys that the schema does not know: they may be secrets of a newer version.
    """
    shown = {e[0]: config[e[0]] for e in SCHEMA if not e[4] & SECRET}
    shown["version"] = config["version"]
    return json.dumps(shown)


def import_(text, present):
    """``present`` with what the JSON ``text`` (str or bytes) changes, checked, as a new dict.

    Keys that are absent, secrets above all, keep their present value. Raises ConfigError.
    """
    given = _migrate(_parse(text))
    if given["version"] <= VERSION:
        for name in given:
            if name not in present:
                # Quoted only if it looks like a key: it could be a secret in the wrong place.
                like = 0 < len(name) <= 24 and _only(name, _LOWER + "_")
                raise ConfigError("unknown", name if like else "")
    config = dict(present)
    config.update(given)
    config["version"] = max(given["version"], present["version"])
    return validate(config, False)


def store(config, name="config"):
    """Save ``config`` as ``name``. Raises StorageError; what was saved before is then kept."""
    storage.save(name, json.dumps(config).encode())


def restore(name="config"):
    """``(config, notes)``: what was saved as ``name``; what was wrong with it (list of Refusal).

    Never raises: a value that is no good is its default instead. A file name.json is taken
    over first (so a first configuration, or one for repair, is copied to the module) and removed.
    """
    notes = []
    given = {}
    data = storage.load(name)
    if data is not None:
        try:
            given = _migrate(_parse(data))
        except ConfigError as e:
            notes.append(e)
    elif storage.damaged(name):
        notes.append(ConfigError("damaged", ""))
    config = _fill(given)
    wrong = problems(config, False)
    while wrong:
        notes += wrong
        for problem in wrong:
            _reset(config, problem.args[1])
        wrong = problems(config, False)
    path = name + ".json"
    try:
        config = import_(storage.read(path), config)
        store(config, name)
        storage.delete(path)
    except Refusal as e:
        notes.append(e)
    except OSError:
        pass  # there is no such file
    return config, notes


def _reset(config, name):
    for entry in SCHEMA:
        if entry[0] == name:
            config[name] = entry[1]
    if name == "mqtt_tls":  # no broker rather than one in plain text
        config["mqtt_host"] = ""


def _fill(given):
    if not isinstance(given, dict):
        raise ConfigError("object", "")
    config = dict(given)
    for entry in SCHEMA:
        config.setdefault(entry[0], entry[1])
    config["version"] = _version(config, VERSION)
    return config


def _parse(text):
    if len(text) > storage.MAX:
        raise ConfigError("too_long", "", storage.MAX)
    try:
        if not isinstance(text, str):
            text = str(text, "utf-8")
        given = json.loads(text)
        # What is nested too deep to be written again is refused here, not when it is saved.
        json.dumps(given).encode()
    except (ValueError, RuntimeError):
        # Without the parser's text: it could quote a secret.
        raise ConfigError("json", "")
    if not isinstance(given, dict):
        raise ConfigError("object", "")
    # MicroPython's parser takes a text that ends early, for it at a NUL too, and keys of any type.
    if "\0" in text or text.strip()[-1] != "}" or not all(isinstance(name, str) for name in given):
        raise ConfigError("json", "")
    return given


def _from_0(config):
    # The file without a version took any text as board; the id must be exact now.
    board = config.get("board")
    if isinstance(board, str):
        config["board"] = board.strip().lower()


# _MIGRATIONS[n] changes a configuration of version n, in place, into one of version n + 1.
_MIGRATIONS = (_from_0,)


def _migrate(config):
    version = _version(config, 0)
    for migration in _MIGRATIONS[version:]:
        migration(config)
    # A newer version's number stays, with the keys that only it knows.
    config["version"] = max(version, VERSION)
    return config


def _version(config, default):
    version = config.get("version", default)
    if isinstance(version, bool) or not isinstance(version, int) or not 0 <= version < 32768:
        raise ConfigError("version", "version")
    return version


def _fault(entry, value):
    # Why ``value`` is no good, as (code, parameters ...), or None.
    _, default, low, high, flags, _ = entry
    if high is None:
        if type(value) is not type(default) or value not in low:
            return "choice", ", ".join([str(c) for c in low])
    elif isinstance(default, bool):
        if not isinstance(value, bool):
            return ("bool",)
    elif isinstance(default, int):
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            return "int", low, high
    elif not isinstance(value, str):
        return "length", low, high
    else:
        return _text_fault(value, low, high, flags)
    return None


def _text_fault(value, low, high, flags):
    for c in value:
        if ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000:
            return ("control",)
    if not low <= len(value.encode()) <= high:
        return "length", low, high
    form = FORMS[flags >> FORM]
    if form is None or (not value and not low):
        return None
    if form == "key":
        return _key_fault(value)
    return None if _fits(form, value) else (form,)


def _key_fault(value):
    try:
        parse_key(value)
    except LocalError as e:
        return "key", str(e)[5:]  # without its "key: ", which the line begins with
    return None


def _fits(form, value):
    # True if the text ``value``, not empty, has the form.
    if form == "ip":
        return _address(value) is not None
    if form == "wpa":
        return 8 <= len(value) < 64 or (len(value) == 64 and _only(value, _HEX))
    if form == "country":
        return len(value) == 2 and _only(value.lower(), _LOWER) and value == value.upper()
    if form == "topic":
        return "+" not in value and "#" not in value
    if form in ("zone", "watch", "formats", "idx", "steps", "tls", "commands"):
        from . import forms  # several fields need it: `problems` drops it

        return forms.fits(form, value)
    if form == "token":
        return all(32 < ord(c) < 127 for c in value)
    extra = "-_.:[]%, "
    if form == "hostname":
        extra = "-"
        if value[0] == "-" or value[-1] == "-":
            return False
    elif form == "host":
        extra = "-_.:[]%"
    return _only(value.lower(), _LOWER + "0123456789" + extra)


def _only(text, allowed):
    return all(c in allowed for c in text)


def _address(text):
    # The IPv4 address ``text`` as a number, or None.
    parts = text.split(".")
    number = 0
    for part in parts:
        try:
            n = int(part)
        except ValueError:
            return None
        if str(n) != part or not 0 <= n <= 255:
            return None
        number = number << 8 | n
    return number if len(parts) == 4 else None


def _address_fault(config):
    # Why the fixed address cannot work, or None: it would strand the module.
    if not (config["netmask"] and config["gateway"]):
        return "static"
    ip, mask, gateway = [_address(config[k]) for k in ("ip", "netmask", "gateway")]
    hosts = mask ^ 0xFFFFFFFF
    if hosts & (hosts + 1) or hosts < 3 or (ip ^ gateway) & mask or ip == gateway:
        return "subnet"
    return None if 0 < ip & hosts < hosts else "subnet"
