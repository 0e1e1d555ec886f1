"""`firmware.late` within the application: when it is loaded, and when it goes."""

import asyncio
import sys

sys.path.append("tests")

from fakes import Chip
from firmware.hal.clock import sleep_ms
from test_app_tells import MIDNIGHT, Now, _app, _read

_JOINED = 300  # beats: half a minute


def _away(beats=_JOINED, **given):
    app = _app(ntp_servers="", **given)
    app._beats = beats
    app.mqtt.connected = False
    app.mqtt._incoming = None
    now = Now(app, MIDNIGHT + 3)
    _read(app, 5000)
    app._look()
    return app, now


def test_it_is_there_while_the_broker_is_away_and_gone_when_all_is_sent():
    sent = []

    async def deliver(topic, text, retain=False, alive=None):
        sent.append((topic, text, retain))
        return True

    async def steps():
        app, now = _away()
        now.utc += 6
        app._look()  # the same minute
        assert app.status()["late"] == {"waiting": 1, "lost": 0}
        now.utc += 60
        _read(app, 5010)
        app._look()
        assert app.status()["late"]["waiting"] == 2
        app.mqtt.deliver = deliver
        app.mqtt.connected = True
        app._look()
        await sleep_ms(0)
        _read(app, 5020)  # it waits for that
        for _ in range(100):
            if app.late._task.done():
                break
            await sleep_ms(50)
        app._look()
        assert app.late is None and "late" not in app.status()
        assert "2 late readings delivered" in "".join([str(line) for line in app.log.lines()])

    asyncio.run(steps())
    assert [m[0] for m in sent] == ["mep/late"] * 2 and sent[0][2] is True
    assert '"2026-01-07T23:00:03Z"' in sent[0][1] and '"energy_forward":5000,' in sent[0][1]
    assert '"2026-01-07T23:01:09Z"' in sent[1][1] and '"energy_forward":5010,' in sent[1][1]


def test_a_start_gets_half_a_minute_to_join():
    app, _ = _away(_JOINED - 1)
    assert app.late is None
    app._beats = _JOINED
    app._news = None
    app._look()
    assert app.late.status() == {"waiting": 1, "lost": 0}


def test_who_has_another_buffer_or_wants_none_has_none():
    assert _away(mqtt_buffer_h=0)[0].late is None
    app = _app(ntp_servers="")
    app._beats = _JOINED
    app.mqtt.connected = False
    app.low = True
    app._look()
    assert app.late is None
    app = _app(ntp_servers="")
    app._beats = _JOINED
    app._look()
    assert app.late is None


def test_a_restart_keeps_what_is_in_memory():
    app, _ = _away()
    kept = []

    class Enough(Exception):
        pass

    def keep():
        kept.append(True)
        raise Enough

    app.late.keep = keep
    with Chip():
        sys.modules.pop("firmware.hal.esp32", None)
        try:
            app.settings("token")
        except Enough:
            pass
    assert kept == [True]
