"""What `firmware.mqtt.runner` needs once: which formats, of what, and what they left behind."""

import json
import sys

from shim import const
from ..hal.net import unique
from ..hal.ports import CHIP
from ..version import VERSION
from . import formats
from .runner import About, Runner

FILE = "formats"  # what is retained at the broker, and where
_EXPIRE_S = const(60)
_PLACES = const(4)  # for M-Bus devices on a meter


def runner(app, client, config):
    """A `Runner` of the formats that ``config`` names, for ``app`` and its ``client``."""
    wanted = [name.strip() for name in config["mqtt_formats"].split(",")]
    native = None
    if "native" in wanted:
        wanted.remove("native")
        from . import publisher as native
    about = describe(app, config)
    modules = [load(name) for name in wanted]
    for module in modules:
        if about.will is None and hasattr(module, "will"):
            about.will = module.will(about)
            # A connection has one will; who came from another firmware expects theirs.
            client._mqtt.set_last_will(about.will[0].encode(), about.will[1].encode(), True)
    left = None
    if app.guard:
        storage = app.guard.storage
        names, place = kept(storage)
        mark = [sorted(wanted), place_of(about)]
        if [names, place] != mark:
            same = place == mark[1]
            left = [n for n in names if not (same and n in wanted)], place, mark, storage
    made = Runner(client, about, native, modules, left)
    if config["power_profile"] != "low":  # there it hears nothing most of the time
        for topic in {module.birth(about) for module in modules if hasattr(module, "birth")}:
            client.subscribe(topic, made.welcome)
    return made


def describe(app, config):
    """An `About` of ``app`` under ``config``."""
    mac = unique()
    digits = "".join(["%02x" % b for b in mac])
    about = About(app, (config["http_host"], config["http_port"]))
    about.base = config["mqtt_base"]
    about.prefix = config["ha_prefix"]
    about.discovery = config["ha_discovery"]
    about.language = config["language"]
    about.board = config["board"]
    about.idx = [int(n) for n in config["domoticz_idx"].split(",") if n]
    about.mac = ":".join(["%02X" % b for b in mac])
    # For ever the same: of the chip; a host's is made by its owner.
    own = "" if CHIP else config["mqtt_client_id"] or config["hostname"] or "host"
    about.id = _plain("mep_" + (own or digits))
    about.name = config["hostname"] or own or "mep-" + digits[-6:]
    about.slug = _plain(about.base)
    about.version = VERSION
    low = config["power_profile"] == "low"
    about.expire_s = 2 * config["radio_every_s"] + _EXPIRE_S if low else _EXPIRE_S
    about.places = [None] * _PLACES  # what was told of the M-Bus device there
    about.hello = False  # whether that is to be told again
    allowed = [name.strip() for name in config.get("mqtt_commands", "").split(",")]
    # A program on a computer is restarted there.
    about.buttons = [b for b in ("restart", "identify") if b in allowed and (CHIP or b[0] == "i")]
    about.will = None  # (topic, text when gone, text before) if not of `status`
    return about


def _plain(text):
    # Letters, digits and underscores only, for ids.
    return "".join(
        [c if ord(c) < 128 and (c.isalpha() or c.isdigit()) else "_" for c in text]
    ).lower()


def load(name):
    """The module of the format ``name``."""
    path = formats.__name__ + "." + name
    __import__(path)
    return sys.modules[path]


def place_of(about):
    """Where retained messages go (list)."""
    return [about.base, about.prefix, about.discovery, about.name]


def kept(storage):
    """(formats, place) that were last published retained; empty: none."""
    data = storage.load(FILE)
    return json.loads(data.decode()) if data else ([], [])


async def leave(runner, client, alive):
    """Take back what formats left at the broker that are switched off, or now elsewhere."""
    about = runner.about
    now = place_of(about)
    names, place, mark, storage = runner.left
    try:
        if place:
            about.base, about.prefix, about.discovery, about.name = place
        for name in names:
            module = load(name)
            if hasattr(module, "leave"):
                if not await runner.send(module.leave(about), client, alive):
                    return
    finally:
        about.base, about.prefix, about.discovery, about.name = now
    runner.left = None
    try:
        if mark[0]:
            storage.save(FILE, json.dumps(mark).encode())
        else:
            storage.remove(FILE)
    except storage.StorageError:
        pass  # it is done again at the next start
