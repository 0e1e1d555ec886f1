"""What can happen in the fault timeline: {text: function of the `timelinekit.World`}."""

import asyncio
import builtins
import json

_DAY_MS = 86400000
_AGAIN_MS = 10000  # a router that is set up anew is away for so long
BROKER, NTP = "192.168.1.10", "192.0.2.123"


def _nothing(world):
    pass  # said for the reader


def _router(up, lease=None):
    def change(world):
        world.router.up = up
        world.router.lease = lease or world.router.lease

    return change


def _set_up(name, value):
    # Who changes a router's settings makes it start again.
    def change(world):
        world.router.up = False
        setattr(world.router, name, value)
        world.at(world.now + _AGAIN_MS, lambda: setattr(world.router, "up", True))

    return change


def _renewed(world):
    sta = world.sta()
    sta.ifconfig()
    world.router.lease = "192.168.1.88"
    sta._addresses = ("192.168.1.88",) + sta._addresses[1:]


def _broker_ends(world):
    world.broker.stop()
    world.lan.hosts[BROKER].tcp = {}


def _broker_off(world):
    world.lan.hosts[BROKER].up = False


def _broker_back(world):
    host = world.lan.hosts[BROKER]
    host.up = True
    host.tcp[1883] = world.broker.accept


def _silent(on):
    def change(world):
        world.meter.silent = on

    return change


def _exchanged(world):
    # The new one knows no sequence number of ours.
    world.meter = world.meters[1 - world.meter.number]
    world.meter.silent = False
    world.meter.jump = True
    world.meter.forget()
    world.count()


def _supply(world):
    world.reset(world.chip.machine.PWRON_RESET)


def _brown_out(world):
    world.reset(world.chip.machine.PWRON_RESET, 15)


def _full(yes):
    def change(world):
        world.flash.full = yes

    return change


def _save(world):
    # As whatever lets the owner change something does it.
    from firmware import config

    try:
        config.store(config.import_('{"hostname": "cellar"}', dict(world.app.config)))
        world.answer = "saved"
    except Exception as e:
        world.answer = str(e)


def _cut_save(world):
    world.flash.cut = lambda: _supply(world)
    try:
        _save(world)
    finally:
        world.flash.cut = None


def _spoil(both):
    def change(world):
        names = world.flash.newest("config")
        world.flash.spoil(*(names if both else names[:1]))

    return change


def _copy_config(world):
    with builtins.open("config.json", "w") as f:
        f.write(json.dumps(world.config))


def _meter_clock(fast_s):
    def change(world):
        world.lan.hosts[NTP].up = False
        world.meter.fast_s = fast_s
        world.shifts = {0, fast_s or 0}

    return change


def _time_server(world):
    world.lan.hosts[NTP].up = True


def _clock(off_s):
    # By the same function that NTP's answer goes through.
    def change(world):
        world.shifts = {0, off_s}
        world.app.time._set(world.utc() + off_s, 0)

    return change


def _fast(seconds):
    def change(world):
        world.fast_s = seconds
        world.shifts = {0, 7200}

    return change


def _waits(world):
    async def step():
        while True:
            await asyncio.sleep(3600)

    world.app.wifi._step = step


def _computes(world):
    async def step():
        world.advance(_DAY_MS)

    world.app.wifi._step = step


def _publisher(text, once):
    def change(world):
        from firmware import report

        whole = report.snapshot

        def fails(store):
            if once:
                report.snapshot = whole
            raise ValueError(text)

        report.snapshot = fails
        world.mend = lambda: setattr(report, "snapshot", whole)

    return change


EVENTS = {
    "the power comes": _nothing,
    "the router is switched off": _router(False),
    "the router is switched on": _router(True),
    "the router is back with another address": _router(True, "192.168.1.77"),
    "the lease goes on with another": _renewed,
    "the router gets another password": _set_up("key", "another secret"),
    "the router gets its old password back": _set_up("key", "secret12"),
    "the router gives no address": _set_up("dhcp", False),
    "the router gives addresses again": _set_up("dhcp", True),
    "the broker ends": _broker_ends,
    "the broker's machine is off": _broker_off,
    "the broker is back": _broker_back,
    "the meter falls silent": _silent(True),
    "the meter answers again": _silent(False),
    "another meter is there": _exchanged,
    "brown-out": _brown_out,
    "the supply goes and comes": _supply,
    "the flash is full": _full(True),
    "there is room on the flash": _full(False),
    "the owner saves another name": _save,
    "the supply goes while the owner saves another name": _cut_save,
    "the newer copy is damaged": _spoil(False),
    "both copies are damaged": _spoil(True),
    "the owner copies config.json to it": _copy_config,
    "no time server, the meter is 3 h fast": _meter_clock(10800),
    "no time server, and nobody has set the meter's clock": _meter_clock(None),
    "the time server answers": _time_server,
    "the time server is two hours fast": _fast(7200),
    "the time server is right again": _fast(0),
    "the clock is set 5 h back": _clock(-18000),
    "the clock is set 2 h fast": _clock(7200),
    "the Wi-Fi task waits for ever": _waits,
    "the Wi-Fi task computes for ever": _computes,
    "the publisher fails once": _publisher("once", True),
    "the publisher fails": _publisher("again", False),
    "the publisher is well again": lambda world: world.mend(),
}
