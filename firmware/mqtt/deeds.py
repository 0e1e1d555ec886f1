"""The commands that ask nothing of the meter; loaded for one of them."""

import asyncio

from shim import const
from ..hal.clock import sleep_ms, ticks_add, ticks_ms
from ..hal.memory import drop
from ..hal.ports import CHIP

_WAIT_MS = const(20)
_WAITS = const(100)
_SHOWN_MS = const(60000)
_OUT_MS = const(200)  # for the network
_BLINK_MS = const(250)
_BLINKS = const(40)
_HERE = "this module was asked to identify itself (MQTT)"


async def do(commands, tag, name, args):
    """Do the command ``name`` for ``commands`` (`firmware.mqtt.commands.Commands`)."""
    try:
        if name == "interval":
            _interval(commands, args)
            commands.say(tag, '"seconds":%d,"until":"restart"' % args)
        elif name == "identify":
            led = _led(commands.app.config)
            _show(commands)
            commands.say(tag, '"shown":"live page, log%s","seconds":60' % (", LED" if led else ""))
            if led:
                commands.led = asyncio.create_task(_blink(led))  # nobody waits for its end
        else:
            commands.say(tag, '"restart":true')
            await _restart(commands.app)
    finally:
        drop("firmware.mqtt.deeds")


def _interval(commands, seconds):
    if not commands.pace:
        from .pace import Pace

        topic = commands.app.config["mqtt_base"] + "/readings"
        commands.pace = Pace(commands.client, topic.encode())
    commands.pace.every(seconds)


def _show(commands):
    app = commands.app
    before = commands.shown[0] if commands.shown else app.weak
    commands.shown = before, ticks_add(ticks_ms(), _SHOWN_MS)
    app.weak = _HERE
    app.log("info", _HERE)


async def _restart(app):
    # As the application starts again for the settings; when the answer is out.
    from ..hal import esp32

    for _ in range(_WAITS):
        if app.mqtt.idle:
            break
        await sleep_ms(_WAIT_MS)
    await sleep_ms(_OUT_MS)
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
