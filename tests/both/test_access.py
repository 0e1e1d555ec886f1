"""The administrator's password: its hash, the throttle, the session; the live page's door."""

import asyncio
import sys
from binascii import hexlify

sys.path.append("tests")

from firmware.web import access, door, setup_texts
from setupkit import KEY, rounds
from virtual import Time, Use

HASH = rounds(3)
HORSE = "correct horse"
TWO = "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43"
LONG = "0469d63ee58cd6b118a2292a82d7c37f3cac74bf8c900dc20433b437f33f87a0"


class Request:
    def __init__(self, method="GET", password=None, **headers):
        self.method = method
        self.headers = headers
        self.form = None if password is None else {"password": password}


async def test_pbkdf2_of_rfc_7914():
    # RFC 7914, chapter 11: the first 32 bytes of its vectors, which are for SHA-256.
    for password, salt, n, digest in (
        ("passwd", b"salt", 1, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"),
        (
            "password",
            b"salt",
            2,
            "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43",
        ),
        ("x" * 70, b"", 1, None),
    ):
        got = hexlify(await access.derive(password, salt, n)).decode()
        assert len(got) == 64 and (digest is None or got == digest)


async def test_a_password_and_its_hash():
    stored = await access.make(HORSE, 2)
    assert HORSE not in stored and stored != await access.make(HORSE, 2), "salted"
    assert await access.check(HORSE, stored)
    for wrong in ("", "correct horsE", HORSE + " ", "x" * 100):
        assert not await access.check(wrong, stored)
    for junk in ("", "x", "a:b:c:d", "pbkdf2-sha256:0:00:00", stored.replace("sha256", "md5")):
        assert not await access.check(HORSE, junk)
    assert not await access.check(HORSE, "pbkdf2-sha256:999999999:00:00"), "would hang for hours"
    assert len(stored) < 200 and " " not in stored


def test_wrong_tries_cost_more_and_more_time():
    time = Time()
    with Use(time, access):
        enter = access.Door(HASH).enter
        d = access.Door(HASH)
        enter = d.enter
        for _ in range(4):
            assert asyncio.run(enter("wrong one")) is None and d.wait_s() == 0
        waits = []
        for _ in range(9):
            assert asyncio.run(enter("wrong one")) is None
            waits.append(d.wait_s())
            # Who comes too early is not heard, right or wrong.
            assert asyncio.run(enter(HORSE)) is None
            time.now += 1000 * waits[-1]
        assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
        token = asyncio.run(enter(HORSE))
        assert len(token) == 32 and d.wait_s() == 0
        assert asyncio.run(enter("wrong one")) is None and d.wait_s() == 0
        # Days later the ticks are half around: nobody is kept out by that.
        asyncio.run(enter("x" * 9))
        time.now += 3 << 28
        assert d.wait_s() <= 60


def test_a_session_is_its_cookie():
    d = access.Door(HASH, "a" * 32)
    for cookie, good in (
        ("mep=" + "a" * 32, True),
        ("x=1; mep=%s; y=2" % ("a" * 32), True),
        ("mep=" + "a" * 31, False),
        ("mep=" + "a" * 33, False),
        ("xmep=" + "a" * 32, False),
        ("mep=", False),
        ("", False),
    ):
        assert d.knows(Request(cookie=cookie)) is good, cookie
    assert not access.Door(HASH).knows(Request(cookie="mep="))


def _answer(request, config, state, leave):
    async def whole():
        res = await door.answer(request, config, state, leave)
        for task in state[3:]:
            await task
        return res

    kept = door._LEAVE_MS
    door._LEAVE_MS = 1
    try:
        return asyncio.run(whole())
    finally:
        door._LEAVE_MS = kept


def test_the_door_of_the_live_page():
    left = []
    config = {"language": "da", "admin_hash": HASH, "key": KEY}
    state = []
    res = _answer(Request(), config, state, left.append)
    assert res.status_code == 200 and b"Kodeord til indstillingerne" in res.body
    res = _answer(Request("POST", "wrong one"), config, state, left.append)
    assert res.status_code == 403 and b"Det er ikke kodeordet" in res.body and left == []
    res = _answer(
        Request("POST", HORSE, origin="http://evil.example", host="mep"),
        config,
        state,
        left.append,
    )
    assert res.status_code == 403 and left == []
    res = _answer(
        Request("POST", HORSE, origin="http://mep", host="mep"), config, state, left.append
    )
    token = left[0]
    assert res.status_code == 200 and res.headers["Set-Cookie"] == access.cookie(token)
    assert b"refresh" in res.body and HORSE.encode() not in res.body
    # The tries are counted from one request to the next, though the module is not kept.
    del state[:]
    codes = []
    for _ in range(6):
        codes.append(_answer(Request("POST", "nope"), config, state, left.append).status_code)
    assert codes == [403, 403, 403, 403, 429, 429] and len(left) == 1
    res = _answer(Request("POST"), dict(config, admin_hash=""), [], left.append)
    assert b"Hold modulets knap" in res.body and len(left) == 1
    res = _answer(Request("POST", HORSE), config, [], None)
    assert b"konfigurationsfilen" in res.body and "Set-Cookie" not in res.headers
    assert setup_texts.find(setup_texts.load("xx", "door_"), "settings") == "Settings"
