"""Forms of the configuration's texts that need more than a look at their characters."""

# Those of firmware/mqtt/formats, and what firmware/mqtt/publisher.py sends.
FORMATS = (
    "native",
    "homeassistant",
    "dabbler",
    "nesreader_raw",
    "nesreader_json",
    "nesreader_ha",
    "domoticz",
    "homie",
)
# Those of firmware/mqtt/orders.py.
COMMANDS = ("read", "interval", "restart", "identify", "profile", "raw")
_DIGITS = "0123456789"
_NAME = _DIGITS + "abcdefghijklmnopqrstuvwxyz_/ "


def fits(form, value):
    """True if the text ``value``, not empty, has the ``form``, a name below."""
    if form == "zone":
        return _zone(value)
    if form == "tls":
        return _tls(value)
    parts = [part.strip() for part in value.split(",")]
    if form == "watch":
        return all(_watch(part) for part in parts)
    if form == "formats":
        return all(part in FORMATS and parts.count(part) == 1 for part in parts)
    if form == "commands":
        return all(part in COMMANDS for part in parts)
    if form == "steps":
        return all(_step(part) for part in value.replace(", ", ",").split(","))
    return len(parts) <= 5 and all(0 < len(n) < 7 and _number(n) for n in parts)


def _zone(text):
    from .timezone import Zone, ZoneError

    try:
        Zone(text)
    except ZoneError:
        return False
    return True


def _tls(text):
    # SHA-256 in hex, as it is or with a colon between each two digits.
    if text in ("off", "ca"):
        return True
    parts = text.lower().split(":")
    if len(parts) == 32 and not all(len(part) == 2 for part in parts):
        return False
    digits = "".join(parts)
    whole = len(digits) == 64 and len(parts) in (1, 32)
    return whole and all(c in "0123456789abcdef" for c in digits)


def _watch(part):
    # A source id and an amount for ET71, where source 255 is none.
    numbers = [n.strip() for n in part.split(":")]
    if len(numbers) != 2 or not all(n and _number(n) for n in numbers):
        return False
    return int(numbers[0]) <= 254 and 0 < int(numbers[1]) <= 65535


def _step(part):
    # A value, one without its phase or a unit, and an amount.
    key, _, amount = part.partition(":")
    named = key == key.strip() != "" and all(c in _NAME for c in key.lower())
    return named and 0 < len(amount) < 8 and _number(amount) and 0 < int(amount) <= 1000000


def _number(text):
    return all(c in _DIGITS for c in text)
