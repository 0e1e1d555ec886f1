"""A key at the meter, a broker on the network: what `firmware.web.trials` finds."""

import asyncio
import sys

sys.path.append("tests")

from firmware import config as configuration
from firmware.hal import clock
from firmware.web import trials
from mep.session import Session
from mepkit import KEY, TableMeter, reply
from virtual import Time, Use

OURS = "01" * 16


def _ask(change=None, key=OURS):
    time = Time()
    meter = TableMeter(time, {1: b"ELON83331-3I\x00\x00\x3a\x86\x00\x00"})
    if change:
        change(meter)

    async def open_line():
        return meter

    config = configuration.validate({"key": key})
    from firmware.meter import link

    with Use(time, trials, link):
        begin = time.now
        got = asyncio.run(trials.try_key(config, lambda *_: None, open_line))
        assert time.now - begin < 15000
    assert Session and KEY
    return got


def test_the_right_key():
    assert _ask() == ("key_ok", "ELON 83331-3I")


def test_a_refused_table_proves_the_key_too():
    assert _ask(lambda meter: meter.absent.add(1)) == ("key_ok", "")


def test_a_wrong_key():
    def change(meter):
        def write(packet):
            meter._coming.append(
                (meter.time.now + 60, reply(bytes(packet), b"\x0b", b"\x02" * 16))
            )

        meter.write = write

    assert _ask(change) == ("key_refused", "")


def test_a_silent_meter():
    def change(meter):
        meter.silent = True

    assert _ask(change) == ("key_silent", "")


def test_a_meter_that_wakes_late_is_no_silent_one():
    def change(meter):
        write = meter.write
        begin = meter.time.now

        def late(packet):
            if meter.time.now - begin > 3000:
                write(packet)

        meter.write = late

    assert _ask(change)[0] == "key_ok"


def test_noise():
    def change(meter):
        def write(packet):
            data = bytearray(reply(bytes(packet), b"\x00\x00\x10" + bytes(16)))
            data[9] ^= 4
            meter._coming.append((meter.time.now + 60, bytes(data)))

        meter.write = write

    assert _ask(change) == ("key_noise", "digest")


async def test_a_line_that_does_not_open():
    async def nothing():
        raise OSError("no such port")

    config = configuration.validate({"key": OURS})
    got = await trials.try_key(config, lambda *_: None, nothing)
    assert got == ("key_line", "no such port")


async def _serve(answer):
    """A broker that answers CONNECT with ``answer``; its server and port."""

    async def talk(reader, writer):
        try:
            await reader.read(200)
            if answer:
                writer.write(answer)
                await writer.drain()
            while await reader.read(100):
                pass
        except OSError:
            pass
        writer.close()

    for port in range(21000, 21400, 7):
        try:
            return await asyncio.start_server(talk, "127.0.0.1", port), port
        except OSError:
            pass
    raise OSError("no port")


async def _broker(answer, **changes):
    server, port = await _serve(answer)
    try:
        given = {"key": OURS, "mqtt_host": "127.0.0.1", "mqtt_port": port}
        given.update(changes)
        return await trials.try_broker(configuration.validate(given), lambda *_: None)
    finally:
        server.close()
        await clock.sleep_ms(1)


async def test_a_broker_that_takes_us():
    assert await _broker(b"\x20\x02\x00\x00") == ("mqtt_ok", "")


async def test_brokers_that_do_not():
    for answer, outcome in (
        (b"\x20\x02\x00\x04", "mqtt_login"),
        (b"\x20\x02\x00\x05", "mqtt_login"),
        (b"\x20\x02\x00\x03", "mqtt_other"),
        (b"HTTP/1.1 400 Bad\r\n", "mqtt_other"),
    ):
        assert (await _broker(answer))[0] == outcome, answer


async def test_what_is_wrong_with_tls():
    for answer, tls in ((b"HTTP/1.1 400 Bad\r\n\r\n", "0" * 64), (b"", "ca")):
        outcome, detail = await _broker(answer, mqtt_tls=tls)
        assert outcome == "mqtt_tls" and detail, (outcome, detail)


async def test_nobody_listens():
    got = await _broker(b"", mqtt_port=1)
    assert got[0] == "mqtt_silent" and got[1]
