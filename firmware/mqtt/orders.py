"""Is it a command, and may it be done? Loaded for one look at what came."""

import asyncio
import json
from binascii import unhexlify

from shim import const
from ..hal.ports import CHIP
from .commands import MOST

_BUSY = "another question is under way; ask again when it is answered"
_MANY = "more than %d commands came at once; write one and wait for its answer"
_LONG = "a message of more than 256 bytes came and was not read; write a shorter one"
_LIKE = 'write JSON like {"id": "1", "cmd": "read", "table": "BT23"}'
_KEPT = (
    "a retained message is no command: publish it without retain, and remove this one with an "
    "empty retained message"
)
_RAW = (
    "request: write a read in hex, 30 table count or 3F table offset count, "
    "like 3F 001C 000000 0030 for 48 bytes of BT28"
)
_FORM = '%s: write a UTC time like "2026-11-01" or "2026-11-01T12:15"'
_MOST_S = const(3600)
_REPLY = const(465)  # bytes in one reply of the meter

# Name and parameters; also the values that ``mqtt_commands`` may have.
COMMANDS = (
    ("read", ("table",)),
    ("interval", ("seconds",)),
    ("restart", ()),
    ("identify", ()),
    ("profile", ("from", "to", "set")),
    ("raw", ("request",)),
)


class _Wrong(Exception):
    # What to write instead.
    pass


def look(commands):
    """Begin or refuse what waits for ``commands`` (`firmware.mqtt.commands.Commands`)."""
    oversize = commands.client._pipe.oversize
    if oversize != commands.oversize:
        commands.oversize = oversize
        _refuse(commands, None, _LONG)
    waiting = commands.waiting
    commands.waiting = []
    for payload, retained in waiting[:MOST]:
        _begin(commands, payload, retained)
    if len(waiting) > MOST:
        _refuse(commands, None, _MANY % MOST)


def _begin(commands, payload, retained):
    app = commands.app
    tag, name, path, args, why = take(payload, retained, app.config)
    work = commands.work
    if not why and work and not work.done():
        if name == "restart":
            work.cancel()
        else:
            why = _BUSY
    if why:
        if retained:
            app.log("warn", "MQTT: " + why)
        return _refuse(commands, tag, why)
    app.log("info", "MQTT command: " + name)
    if path is None:
        from .deeds import do

        work = do(commands, tag, name, args)
    else:
        from .answering import do

        work = do(commands, tag, path, args)
    commands.work = asyncio.create_task(work)


def _refuse(commands, tag, why):
    commands.say(tag, '"error":' + json.dumps(why), False)


def take(payload, retained, config):
    """(id, name, path, args, None) of a command, or (id, None, None, None, what is wrong).

    ``path`` and ``args`` are for `firmware.asked.desk`, which is not asked if ``path`` is None.
    """
    tag = None
    try:
        given = _parse(payload)
        tag = given.get("id")
        if tag is not None and not isinstance(tag, (str, int)):
            tag = None
            raise _Wrong("id: write a text")
        if retained:
            raise _Wrong(_KEPT)
        name = _name(given, config)
        return (tag, name) + _check(name, given, config) + (None,)
    except _Wrong as e:
        return tag, None, None, None, e.args[0]


def _parse(payload):
    try:
        text = str(payload, "utf-8")
        given = json.loads(text)
    except (ValueError, RuntimeError):
        raise _Wrong(_LIKE)
    # MicroPython's parser takes a text that ends early, for it at a NUL too, and keys of any type.
    if not isinstance(given, dict) or text.strip()[-1] != "}" or "\0" in text:
        raise _Wrong(_LIKE)
    if not all(isinstance(name, str) for name in given):
        raise _Wrong(_LIKE)
    return given


def _name(given, config):
    name = given.get("cmd")
    for known, parameters in COMMANDS:
        if name == known:
            break
    else:
        raise _Wrong("cmd: write one of " + ", ".join([c[0] for c in COMMANDS]))
    if name not in [n.strip() for n in config["mqtt_commands"].split(",")]:
        raise _Wrong("%s is not allowed; the settings allow it: mqtt_commands" % name)
    allowed = ("id", "cmd") + parameters
    for parameter in given:
        if parameter not in allowed:
            raise _Wrong("%s takes %s, nothing else" % (name, ", ".join(allowed)))
    return name


def _check(name, given, config):
    # (path, args) of the command.
    if name == "read":
        table = given.get("table")
        if not isinstance(table, str) or not 2 < len(table) < 9 or not _plain(table):
            raise _Wrong('table: write a name like "BT23"')
        return "/api/v1/tables/" + table, {}
    if name == "profile":
        return "/api/v1/profile", _range(given)
    if name == "raw":
        # No path over HTTP is a tuple: it is not to be had there.
        return ("raw",), _request(given.get("request"))
    if name == "interval":
        if "native" not in [n.strip() for n in config["mqtt_formats"].split(",")]:
            raise _Wrong("interval is of native, and mqtt_formats does not name it")
        seconds = given.get("seconds")
        if not _whole(seconds, 1, _MOST_S):
            raise _Wrong("seconds: write a whole number from 1 to %d" % _MOST_S)
        return None, seconds
    if name == "restart" and not CHIP:
        raise _Wrong("this is a program on a computer: restart it there")
    return None, None


def _range(given):
    number = given.get("set", 1)
    if not _whole(number, 1, 4):
        raise _Wrong("set: write 1, 2, 3 or 4")
    args = {"set": str(number)}
    for name in ("from", "to"):
        text = given.get(name, "")
        if not isinstance(text, str) or (not text and name == "from"):
            raise _Wrong(_FORM % name)
        args[name] = text
    return args


def _request(text):
    # (table, offset, count) of a read; offset None is the whole table.
    try:
        body = unhexlify(text.replace(" ", ""))
    except (AttributeError, ValueError):
        raise _Wrong(_RAW)
    if body[:1] in (b"\x40", b"\x4f"):
        raise _Wrong("nothing is written by MQTT; use mepctl write")
    offset = None
    if len(body) == 8 and body[0] == 0x3F:
        offset = body[3] << 16 | body[4] << 8 | body[5]
    elif len(body) != 5 or body[0] != 0x30:
        raise _Wrong(_RAW)
    count = body[-2] << 8 | body[-1]
    if not 0 < count <= _REPLY:
        raise _Wrong("request: write a count from 1 to %d (01D1)" % _REPLY)
    return body[1] << 8 | body[2], offset, count


def _whole(value, low, high):
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _plain(text):
    return all(c == "_" or (ord(c) < 128 and (c.isalpha() or c.isdigit())) for c in text)
