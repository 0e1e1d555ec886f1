"""Set-up, settings and safe mode: `firmware.recovery`."""

import asyncio
import os
import sys

sys.path.append("tests")

from fakes import Chip, network
from firmware import config, recovery, setup_ap
from firmware.hal.clock import sleep_ms
from firmware.web import setup_app
from setupkit import KEY


class Guard:
    version = "1.2"
    trial = False

    def __init__(self):
        self.cause = "reset"
        self.why = "the button was held at the start"
        self.faults = ["ValueError: key was %s" % KEY]
        self.redact = None
        self.well = 0

    def healthy(self):
        self.well += 1

    def note(self, text):
        self.faults.append(text)


class _Hal:
    """`firmware.hal.esp32`, as far as `Recovery` needs it."""

    network = network

    class watchdog:
        def __init__(self, timeout_ms):
            self.fed = 0

        def feed(self):
            self.fed += 1

    @staticmethod
    def chip():
        return "esp32"

    @staticmethod
    def restart():
        raise OSError("restarted")


async def _connect(port):
    for _ in range(500):
        await sleep_ms(10)
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except OSError:  # not listening yet
            pass
    raise OSError("nothing listens")


def _make(mode, port, token=""):
    guard = Guard()
    given = {"ap_password": "of this one", "key": "" if mode == recovery.SET_UP else KEY}
    if mode in (recovery.WINDOW, recovery.SETTINGS):
        given.update({"wifi_ssid": "home", "wifi_password": "secret12"})
    present = config.validate(given, False)
    network.air.append(network.AccessPoint("home", "secret12"))
    setup_ap.PORT = port
    rec = recovery.Recovery(guard, present, [], mode, _Hal, token, ("127.0.0.1", port))
    return rec, guard


async def _recover(mode):
    """Run `Recovery` for a moment; it, its guard, what a client of its page got."""
    port = 20000 + int.from_bytes(os.urandom(2), "big") // 8
    rec, guard = _make(mode, port)
    task = asyncio.create_task(rec.run())
    try:
        reader, writer = await _connect(port)
        writer.write(b"GET / HTTP/1.1\r\nHost: mep-123456\r\n\r\n")
        await writer.drain()
        got = b""
        while True:
            data = await reader.read(1000)
            if not data:
                break
            got += data
        writer.close()
    finally:
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        await sleep_ms(20)
        setup_ap.PORT = 53
        setup_app.limit(2048)
    return rec, guard, got.decode()


async def test_set_up_opens_the_access_point_and_serves():
    with Chip():
        rec, guard, got = await _recover(recovery.SET_UP)
        assert ("active", network.AP_IF, True) in network.calls()
        assert "200 OK" in got and "Set up the meter module" in got
        assert rec.setup.networks == [("home", -60)] and 'value="dabbler"' in got
        assert "<pre>" not in got


async def test_safe_mode_tells_what_was_without_secrets():
    with Chip():
        rec, guard, got = await _recover(recovery.SAFE)
        assert "Safe mode" in got and "the button was held at the start" in got
        assert "ValueError: key was ***" in got and KEY not in got
        assert "set-up network mep-123456 is open" in got


async def test_the_window_closes_when_the_network_is_back():
    seen = []
    over = setup_ap.AccessPoint.over

    def watched(point, passed, online):
        seen.append(online)
        return over(point, passed, online)

    setup_ap.AccessPoint.over = watched
    try:
        with Chip():
            rec, guard = _make(recovery.WINDOW, 20000 + int.from_bytes(os.urandom(2), "big") // 8)
            await asyncio.wait_for(rec.run(), 20)
    except OSError as e:
        assert "restarted" in str(e)
    else:
        raise AssertionError("goes on")
    finally:
        setup_ap.AccessPoint.over = over
        setup_ap.PORT = 53
        setup_app.limit(2048)
    assert seen[0] is False and seen[-1] is True and guard.well == 1


async def test_settings_are_for_the_session_only_and_open_no_access_point():
    with Chip():
        rec, guard, got = await _recover(recovery.SETTINGS)
        assert ("active", network.AP_IF, True) not in network.calls() and rec.ap is None
        assert "200 OK" in got and "<form" not in got and "own network" in got


async def test_settings_and_safe_mode_end_when_nobody_asks():
    for mode, beats in ((recovery.SETTINGS, 600), (recovery.SAFE, 900)):
        with Chip():
            rec, guard = _make(mode, 1)
            slept = []

            class Hasty:
                async def sleep_ms(self, ms, slept=slept, rec=rec):
                    slept.append(ms)
                    if len(slept) == 100:
                        rec.setup.asked += 1

            kept = recovery.clock
            recovery.clock = Hasty()
            try:
                await rec._beat()
            except OSError as e:
                assert "restarted" in str(e)
            else:
                raise AssertionError("goes on")
            finally:
                recovery.clock = kept
            assert len(slept) == 100 + beats and guard.well == (mode != recovery.SAFE) * 2
