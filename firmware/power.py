"""Power profiles as data, and what must be chosen once at the start; loaded for that moment only.

What they cost is in docs/power.md.
"""

from .hal.memory import drop

# profile: most MHz. Wi-Fi needs 80; what waits for a line of 9600 baud needs no more.
PROFILES = {"normal": 240, "low": 80, "battery": 80}


def faults(config):
    """What of the checked ``config`` does not go together: list of (code, key, parameters ...)."""
    found = []
    if config["power_profile"] != "normal" and not config["mqtt_host"]:
        found.append(("needs_mqtt", "power_profile"))
    if config["cpu_mhz"] > 160 and config["board"] != "devkit":  # whose chip nobody knows yet
        from . import boards
        from .boards.chips import CHIPS

        board = boards.load(config["board"], config)
        most = min([CHIPS[name].mhz for name in board.CHIPS])
        if config["cpu_mhz"] > most:
            found.append(("cpu", "cpu_mhz", config["board"], most))
        drop("firmware.boards.chips", "firmware.boards." + config["board"], "firmware.boards")
    return found


def mhz(config):
    """The clock to use under ``config``."""
    return min(config["cpu_mhz"], PROFILES[config["power_profile"]])


def set_clock(config, chip, log):
    """Set the processor's clock; ``chip`` is `firmware.hal.esp32`."""
    wanted = mhz(config)
    try:
        chip.set_mhz(wanted)
    except ValueError:
        log("warn", "cpu_mhz %d: this chip does not have it; write 160 or less" % wanted)
