"""The commands that ask nothing of the meter; loaded for one of them."""

from shim import const
from ..hal.clock import sleep_ms
from ..hal.memory import drop
from ..hal.ports import CHIP

_WAIT_MS = const(20)
_WAITS = const(100)
_BLINK_MS = const(250)
_BLINKS = const(40)
_HERE = "this module was asked to identify itself (MQTT)"


async def do(commands, tag, name, args):
    """Do the command ``name`` for ``commands`` (`firmware.mqtt.commands.Commands`)."""
    app = commands.app
    if name == "interval":
        commands.pace(args)
        commands.say(tag, '"seconds":%d,"until":"restart"' % args)
    elif name == "identify":
        commands.show(_HERE)
        app.log("info", _HERE)
        led = _led(app.config)
        places = "live page, log, LED" if led else "live page, log"
        commands.say(tag, '"shown":"%s","seconds":60' % places)
        if led:
            await _blink(led)
    elif name == "restart":
        commands.say(tag, '"restart":true')
        for _ in range(_WAITS):  # until that is out
            if app.mqtt.idle:
                break
            await sleep_ms(_WAIT_MS)
        await sleep_ms(10 * _WAIT_MS)
        _restart(app)


def _restart(app):
    # As the application starts again for the settings.
    from ..hal import esp32

    if app.late:
        app.late.keep()
    app.guard.healthy()
    esp32.restart()


def _led(config):
    # The board's LED, None without one; a board tells no polarity, and blinking needs none.
    if not CHIP:
        return None
    from .. import boards
    from ..hal import esp32

    pin = boards.load(config["board"], config, esp32.chip()).LED
    drop("firmware.boards")
    return None if pin is None else esp32.Switch(pin, 1)


async def _blink(led):
    try:
        for i in range(_BLINKS):
            led.set(i % 2 == 0)
            await sleep_ms(_BLINK_MS)
    finally:
        led.release()
