"""Puts the world of `timelinekit` in place of what the interpreter has, and takes it away."""

import asyncio
import builtins
import json
import os
import sys

sys.path.append("tests")

from fakes import Chip, machine, network, sockets
from timelineparts import Flash, name_server, time_server
from timeloop import Patched

ROUTER, BROKER, NTP = "192.168.1.1", "192.168.1.10", "192.0.2.123"
_OURS = ("firmware", "mep", "osgp")
_FOLDER = "/tmp/timeline-%s"
# The dabbler board: ENABLE is active low, the MAX3232's supply is on while high.
_ENABLE, _SUPPLY = 5, 32


class Stage:
    """``with Stage(world):`` what is imported now finds the fakes."""

    def __init__(self, world):
        self._world = world
        self._kept = {}
        self._undo = []

    def __enter__(self):
        try:
            self._build()
        except Exception:
            self.__exit__()
            raise

    def __exit__(self, *_):
        while self._undo:
            self._undo.pop()()

    def _build(self):
        self._modules()
        world = self._world
        chip = Chip(world)
        self._enter(chip)
        world.chip = chip
        world.network = network
        world.router = network.AccessPoint("home", "secret12")
        network.air.append(world.router)
        self._machine(world)
        world.flash = self._flash(world)
        patched = self._enter(Patched(world))
        world.garbage = patched.collect
        world.lan = sockets.lan = _lan(world)
        self._set(asyncio, "start_server", world.lan.start_server)
        self._set(builtins, "print", world.print)

    def _enter(self, context):
        got = context.__enter__()
        self._undo.append(lambda: context.__exit__(None, None, None))
        return got

    def _set(self, where, name, value):
        old = getattr(where, name)
        setattr(where, name, value)
        self._undo.append(lambda: setattr(where, name, old))

    def _modules(self):
        # The firmware is imported afresh in each life; what others had is theirs again later.
        known = dict(sys.modules)

        def back():
            for name in list(sys.modules):
                if name.split(".")[0] == "firmware" or name in ("socket", "select"):
                    del sys.modules[name]
            for name in known:
                sys.modules[name] = known[name]
            for name in known:
                # What the firmware dropped is gone from its package too.
                package, _, leaf = name.rpartition(".")
                if package.split(".")[0] in _OURS:
                    setattr(known[package], leaf, known[name])

        self._undo.append(back)
        sys.modules["socket"] = sys.modules["select"] = sockets

    def _machine(self, world):
        class Wire(machine.UART):
            # Between the board's UART and whatever meter is plugged in.
            def any(self):
                if world.meter.coming():
                    n = world.meter.readinto(self._buf)
                    self.arrive(self._buf[:n])
                return len(self._ring)

            def write(self, data):
                pins = machine.Pin.pins
                if pins[_ENABLE].value() == 0 and pins[_SUPPLY].value() == 1:
                    world.meter.write(data)
                return len(data)

        class RTC(machine.RTC):
            def datetime(self, t=None):
                t = [t[0] - 2000, t[1], t[2], t[4], t[5], t[6]]
                world.set = (world.seconds(t, 0), world.now)

        Wire._buf = bytearray(512)
        self._set(machine, "UART", Wire)
        self._set(machine, "RTC", RTC)

    def _flash(self, world):
        folder = _FOLDER % "".join(["%02x" % b for b in os.urandom(4)])
        os.mkdir(folder)
        flash = self._enter(Flash(folder))
        with open("config.json", "w") as f:  # as the flash tool leaves it
            f.write(json.dumps(world.config))
        return flash


def _lan(world):
    lan = sockets.Lan(world.address, world.carries)
    router, broker, ntp = sockets.Host(), sockets.Host(), sockets.Host()
    router.udp[53] = name_server({"pool.ntp.org": NTP, "broker.lan": BROKER})
    broker.tcp[1883] = world.broker.accept
    ntp.udp[123] = time_server(lambda: world.utc() + world.fast_s)
    lan.hosts = {ROUTER: router, BROKER: broker, NTP: ntp}
    return lan
