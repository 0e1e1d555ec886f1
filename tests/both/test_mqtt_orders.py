import json
import os

from firmware import forms
from firmware.mqtt import orders

ALL = ", ".join(forms.COMMANDS)
RAW = "3F 001C 000000 0030"
CONFIG = {"mqtt_commands": ALL, "mqtt_formats": "native, homie"}


def take(allowed=ALL, retained=0, **given):
    config = {"mqtt_commands": allowed, "mqtt_formats": "native"}
    given["id"] = "7"
    found = orders.take(json.dumps(given).encode(), retained, config)
    assert found[0] == "7" and len(found) == 5
    return found[4] or found[1:4]


def test_the_same_names_everywhere():
    assert tuple([c[0] for c in orders.COMMANDS]) == forms.COMMANDS
    assert forms.fits("commands", ALL) and forms.fits("commands", "read")
    assert not forms.fits("commands", "read, write") and not forms.fits("commands", "read,")


def test_what_a_good_command_asks_for():
    assert take(cmd="read", table="BT23") == ("read", "/api/v1/tables/BT23", {})
    path = "/api/v1/profile"
    args = {"set": "1", "from": "2026-11-19", "to": ""}
    assert take(cmd="profile", **{"from": "2026-11-19"}) == ("profile", path, args)
    args = {"set": "4", "from": "2026-11-19", "to": "2026-11-20T00:15"}
    given = dict(args, set=4)
    assert take(cmd="profile", **given) == ("profile", path, args)
    assert take(cmd="raw", request=RAW) == ("raw", ("raw",), (28, 0, 48))
    assert take(cmd="raw", request="3f0803012345" + "01d1") == (
        "raw",
        ("raw",),
        (2051, 74565, 465),
    )
    assert take(cmd="raw", request="30 0017 0004") == ("raw", ("raw",), (23, None, 4))
    assert take(cmd="interval", seconds=3600) == ("interval", None, 3600)
    assert take(cmd="identify") == ("identify", None, None)


def test_what_a_bad_command_is_told():
    for given, text in (
        ({}, "cmd: write one of read, interval, restart, identify, profile, raw"),
        ({"cmd": "write"}, "cmd: write one of"),
        ({"cmd": ["read"]}, "cmd: write one of"),
        ({"cmd": "read"}, 'table: write a name like "BT23"'),
        ({"cmd": "read", "table": 23}, "table: write"),
        ({"cmd": "read", "table": "BT23/../x"}, "table: write"),
        ({"cmd": "read", "table": "info?x=1"}, "table: write"),
        ({"cmd": "read", "table": "BT23", "count": 1}, "read takes id, cmd, table, nothing else"),
        ({"cmd": "restart", "now": 1}, "restart takes id, cmd, nothing else"),
        ({"cmd": "restart"}, "this is a program on a computer: restart it there"),
        ({"cmd": "interval"}, "seconds: write a whole number from 1 to 3600"),
        ({"cmd": "interval", "seconds": 0}, "seconds: write"),
        ({"cmd": "interval", "seconds": 3601}, "seconds: write"),
        ({"cmd": "interval", "seconds": True}, "seconds: write"),
        ({"cmd": "interval", "seconds": 2.5}, "seconds: write"),
        ({"cmd": "profile"}, "from: write a UTC time like"),
        ({"cmd": "profile", "from": "2026-11-19", "to": 5}, "to: write a UTC time like"),
        ({"cmd": "profile", "from": "2026-11-19", "set": "1"}, "set: write 1, 2, 3 or 4"),
        ({"cmd": "profile", "from": "2026-11-19", "set": 5}, "set: write"),
        ({"cmd": "raw"}, "request: write a read in hex"),
        ({"cmd": "raw", "request": 30}, "request: write a read in hex"),
        ({"cmd": "raw", "request": "3F 001C 00"}, "request: write a read in hex"),
        ({"cmd": "raw", "request": "zz"}, "request: write a read in hex"),
        ({"cmd": "raw", "request": "50 0001 0001"}, "request: write a read in hex"),
        ({"cmd": "raw", "request": "30 0017 0000"}, "request: write a count from 1 to 465"),
        ({"cmd": "raw", "request": "30 0017 01D2"}, "request: write a count from 1 to 465"),
        (
            {"cmd": "raw", "request": "40 0007 0001 00 00"},
            "nothing is written by MQTT; use mepctl",
        ),
        ({"cmd": "raw", "request": "4F0007000000000100"}, "nothing is written by MQTT"),
    ):
        assert take(**given).startswith(text), (given, take(**given))
    assert take("read", cmd="raw", request=RAW).startswith("raw is not allowed")
    assert "mqtt_commands" in take("", cmd="read", table="BT23")
    assert "empty retained message" in take(retained=1, cmd="restart")
    told = orders.take(b'{"cmd":"interval","seconds":9}', 0, dict(CONFIG, mqtt_formats="homie"))
    assert told[:4] == (None,) * 4 and told[4].startswith("interval is of native")
    assert orders.take(b'{"id":[1],"cmd":"identify"}', 0, {})[4] == "id: write a text"


def test_what_is_no_json_is_told_what_to_write():
    for payload in (b"restart", b"{", b"[]", b'"x"', b"\xff", b'{"cmd":"restart"', b"7", b" "):
        found = orders.take(payload, 0, CONFIG)
        assert found[:4] == (None,) * 4 and found[4].startswith("write JSON like"), payload
    found = orders.take(b'{"cmd":"identify",\0"x":1}', 0, CONFIG)
    assert found[1] is None and found[4]
    found = orders.take(b'{"cmd":"identify","x":{}', 0, CONFIG)
    assert found[1] is None and found[4]
    assert json.loads(orders._LIKE[16:])["cmd"] == "read"


def test_random_bytes_never_raise_and_do_nothing():
    config = CONFIG
    whole = b'{"id":"1","cmd":"identify","table":"BT23"}'
    words = [b'"cmd"', b'"identify"', b"{", b"}", b":", b",", b"[", b"]", b"1e9", b'"\\ud800"']
    for i in range(600):
        junk = os.urandom(24)
        if i % 3 == 0:  # bytes
            payload = junk
        elif i % 3 == 1:  # a command with a fault
            at = junk[0] % len(whole)
            payload = whole[:at] + junk[1 : 2 + junk[1] % 2] + whole[at + 1 :]
        else:  # the words of JSON in any order
            payload = b"".join([words[b % len(words)] for b in junk])
        tag, name, path, args, why = orders.take(payload, 0, config)
        assert why and name is path is args is None, payload
