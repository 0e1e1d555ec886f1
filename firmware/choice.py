"""What a start of the chip is to be: application, set-up or safe mode; gone before that runs.

Set-up is for a module without key or network, and for some minutes after hours without network;
settings are the same pages in the home network, for who asked for them on the live page. Safe
mode is the network and the same pages (`firmware.recovery`) and nothing that the last lives may
have died of.
"""

import os
from binascii import hexlify

from . import storage
from .hal import esp32
from .hal.memory import drop


def choose(guard, path):
    """[function, its arguments] of the life that the configuration at ``path`` calls for."""
    config, notes = _configuration(path)
    news = _update(guard, config)
    safe = guard.mode(_held(config), storage.exists("safe_mode")) == "safe"
    if safe:
        print("safe mode: " + guard.why)  # noqa: T201
    for note in notes:
        print(note)  # noqa: T201
    ready = config["key"] and config["wifi_ssid"]
    if guard.trial and not ready:
        # There is no application yet that could prove the new version.
        from .slots import confirm

        guard.confirm = confirm
    asked, token = esp32.wanted()
    if safe or asked or not ready:
        _tell_access(config)
        from . import recovery

        mode = recovery.SET_UP
        if safe:
            mode = recovery.SAFE
        elif ready:
            mode = recovery.SETTINGS if asked == esp32.SETTINGS else recovery.WINDOW
        return [recovery.run, guard, config, notes, mode, token.decode()]
    else:
        notes = [str(note) for note in notes] + news
        drop("firmware.config", "firmware.texts", "firmware.boards")
        if config.get("power_profile") == "battery":
            from .battery import run as serve
        else:
            from .app import serve

        return [serve, config, guard, notes]


def _configuration(path):
    # (configuration, what is wrong with it), with a password for the access point in any case.
    from . import config as configuration

    config, notes = configuration.restore(path)
    if not config["ap_password"] or not config["update_key"]:
        from .setup_ap import new_password

        config["ap_password"] = config["ap_password"] or new_password()
        if not config["update_key"]:
            config["update_key"] = hexlify(os.urandom(32)).decode()
            print("update key " + config["update_key"])  # noqa: T201  as for the password
        try:
            configuration.store(config, path)
        except storage.StorageError as e:
            notes.append(e)  # it holds for this life
        _tell_access(config)
        drop("firmware.setup_ap", "firmware.hal.udp")
    return config, notes


def _update(guard, config):
    # Which version runs, why another does not, and one that was copied here by cable: in words.
    if not [name for name in os.listdir("/") if name.split(".")[0] in ("slot", "update")]:
        from .version import VERSION

        guard.version = VERSION
        return []
    from . import slots

    try:
        news = slots.tell(guard)
        if storage.exists("update.bundle"):
            import asyncio

            from . import update

            version = asyncio.run(update.take(config["update_key"], esp32.chip()))
            print("update: starting " + version)  # noqa: T201
            guard.healthy()
            esp32.restart()
    except Exception as e:  # this version runs in any case
        news = "update: %s" % e
        guard.note(news)
    drop("firmware.update", "firmware.bundle", "firmware.update_texts", "firmware.slots")
    if news:
        print(news)  # noqa: T201
    return [news] if news else []


def _tell_access(config):
    # The console is for whoever holds the module in hand, and could read its flash as well.
    from .radio import name_of

    print(  # noqa: T201
        "set-up network %s, password %s" % (name_of(config, esp32.network), config["ap_password"])
    )


def _held(config):
    # Which pin the button is on, only the configuration knows. No fault of it may stop the start.
    try:
        from . import boards

        return esp32.pressed(boards.load(config["board"], config, esp32.chip()).BUTTON)
    except Exception:
        return False
