"""The access point's name server: `firmware.setup_ap` and `firmware.hal.udp`."""

import asyncio
import os
import socket
import sys

sys.path.append("tests")

from fakes import Chip, network
from firmware import setup_ap
from firmware.hal import dns, udp
from firmware.hal.clock import sleep_ms
from virtual import Time


def _query(host="captive.apple.com", kind=1):
    query = bytearray(dns.question(host))
    query[-3] = kind
    return bytes(query)


def test_every_host_is_the_module():
    for host in ("captive.apple.com", "a", "x" * 63 + ".example"):
        query = _query(host)
        assert dns.answer(setup_ap.answer(query), query) == "192.168.4.1"
    assert dns.answer(setup_ap.answer(_query(kind=255)), _query(kind=255)) is None  # another id


def test_other_kinds_of_address_do_not_exist():
    # IPv6 and HTTPS: a plain "no such" at once, or phones wait for an answer.
    for kind in (28, 65):
        query = _query(kind=kind)
        reply = setup_ap.answer(query)
        assert reply[3] & 15 == 0 and reply[6:8] == b"\0\0" and reply[12:] == query[12:]


def test_a_reply_keeps_to_the_question():
    query = _query() + b"\0\0\x29\x04\xd0\0\0\0\0\0\0"  # with EDNS, as systemd-resolved asks
    query = query[:10] + b"\0\1" + query[12:]
    reply = setup_ap.answer(query)
    assert reply[:2] == query[:2] and reply[2] == 0x85 and reply[4:12] == b"\0\1\0\1\0\0\0\0"
    assert reply[-16:] == b"\xc0\x0c\0\1\0\1\0\0\0\x0a\0\4\xc0\xa8\x04\x01"


def test_what_is_no_question_is_dropped():
    good = _query("a.example")
    for n in range(len(good)):
        assert setup_ap.answer(good[:n]) is None, n
    wrong = ((2, 0x80), (2, 0x28), (2, 0x02), (5, 0), (5, 2), (7, 1), (12, 64), (12, 0xC0))
    for at, value in wrong:
        bad = bytearray(good)
        bad[at] = value
        assert setup_ap.answer(bytes(bad)) is None, (at, value)
    assert setup_ap.answer(good[:12] + b"\x3f" * 450) is None
    assert setup_ap.answer(_query(".".join(["abcdefg"] * 40))) is None
    assert setup_ap.answer(good + bytes(600)) is None
    assert setup_ap.answer(b"") is None


def test_noise_never_raises():
    for _ in range(500):
        data = bytearray(os.urandom(os.urandom(1)[0] % 80))
        if len(data) > 12:
            data[2:12] = b"\1\0\0\1\0\0\0\0\0\0"
        reply = setup_ap.answer(bytes(data))
        assert reply is None or len(reply) <= len(data) + 16


def test_passwords_differ_and_can_be_read():
    made = {setup_ap.new_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        assert len(password) == 12
        assert not [c for c in password if c in "l10oIO" or (not c.isalpha() and not c.isdigit())]


def _quiet(level, text):
    assert "only of" not in text


def test_opens_protected_and_closes():
    async def go():
        setup_ap.PORT = 20000 + int.from_bytes(os.urandom(2), "big") // 8
        point = setup_ap.AccessPoint(network, "mep-123456", "only of this one", _quiet)
        ap = network.WLAN(network.AP_IF)
        assert ap.active() and ap.config("ssid") == "mep-123456"
        assert ap.config("security") == network.AUTH_WPA2_PSK
        point.close()
        setup_ap.PORT = 53
        # Five minutes; not at all with a network; half an hour if somebody is on it.
        assert not point.over(299999, False) and point.over(1, False)
        point._open = 0
        assert point.over(1, True)
        ap.stations.append(b"phone")
        assert not point.over(1799998, True) and point.over(1, False)
        assert not ap.active()
        try:
            setup_ap.AccessPoint(network, "mep-123456", "", _quiet)
        except OSError:
            assert not ap.active()
        else:
            raise AssertionError("opened to everybody")

    with Chip(Time()):
        asyncio.run(go())


def test_the_server_answers_and_lives_through_noise():
    async def go():
        port = 20000 + int.from_bytes(os.urandom(2), "big") // 8
        task = asyncio.create_task(udp.serve(port, setup_ap.answer, "127.0.0.1"))
        await sleep_ms(30)
        for noise in (b"", b"x", bytes(600)):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.sendto(noise, socket.getaddrinfo("127.0.0.1", port)[0][-1])
            s.close()
        where = [("127.0.0.1", port)]
        assert await dns.ask("connectivitycheck.gstatic.com", where, 2000) == "192.168.4.1"
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        assert await udp.ask(where, _query(), 300, lambda reply: reply) is None

    asyncio.run(go())
