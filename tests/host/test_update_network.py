"""An update over the network on a stand-in module, the whole way: our compiled tree, its main.py.

The live page's door, the settings after a restart in the same session, the upload, the new
version on trial. The module's page is on port 80.
"""

import asyncio
import http.client
import json
import socket
import time

import pytest
from flashkit import make_module, run  # noqa: F401  the fixture is used by its name
from test_update_module import _flash, tree  # noqa: F401  so is this one

from firmware.web import access
from tools.flashing import bundle
from tools.flashing.device import Device

# ruff: noqa: F811
_NAME = "mep-123456"
_SECONDS = 30


def _port_80():
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("0.0.0.0", 80))
        except OSError as e:
            pytest.skip("port 80 is not to be had: %s" % e)


def _ask(method, path, body=b"", cookie=None, kind="application/x-www-form-urlencoded"):
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=20)
    try:
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", _NAME)
        connection.putheader("Origin", "http://" + _NAME)
        connection.putheader("Content-Length", str(len(body)))
        connection.putheader("Content-Type", kind)
        if cookie:
            connection.putheader("Cookie", cookie)
        connection.endheaders(body)
        reply = connection.getresponse()
        given = reply.getheader("Set-Cookie")
        return reply.status, reply.read().decode("utf-8", "replace"), given and given.split(";")[0]
    finally:
        connection.close()


def _until(path, text, cookie=None):
    last = None
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        try:
            last = _ask("GET", path, cookie=cookie)
            if last[0] == 200 and text in last[1]:
                return last[1]
        except (OSError, http.client.HTTPException) as e:
            last = e
        time.sleep(0.2)
    raise AssertionError("%s never showed %r: %r" % (path, text, last))


def test_from_the_live_page_to_a_new_version(make_module, tree, capfd, tmp_path):
    _port_80()
    module = make_module()
    _flash(capfd, module.port)
    path = tmp_path / "key"
    assert run(capfd, "update-key", "--port", module.port, "--out", path)[0] == 0
    config = {"key": "a" * 20, "wifi_ssid": "home", "wifi_password": "secret12"}
    config["admin_hash"] = asyncio.run(access.make("correct horse", 100))
    with Device(module.port) as device:
        device.connect()
        device.write("/config.json", json.dumps(config).encode(), lambda n: None)
        device.reset()
    _until("/settings", "Password of the settings")
    assert _ask("POST", "/settings", b"password=wrong+horse")[0] == 403
    status, _, cookie = _ask("POST", "/settings", b"password=correct+horse")
    assert status == 200 and cookie.startswith("mep=")
    _until("/", "Which module is it?", cookie)
    # Nobody else is in that session.
    assert 'action="/login"' in _ask("GET", "/")[1]
    _until("/update", "/update.js", cookie)
    data = bundle.of_tree(tree, path.read_text().strip(), "x86", version="9.1")
    kind = "application/octet-stream"
    assert _ask("POST", "/update", data, None, kind)[0] == 403
    wrong = bundle.of_tree(tree, "0" * 64, "x86", version="9.2")
    status, text, _ = _ask("POST", "/update", wrong, cookie, kind)
    assert status == 400 and "not signed" in text
    status, text, _ = _ask("POST", "/update", data, cookie, kind)
    assert status == 200 and "9.1" in text
    found = json.loads(_until("/api/v1/status", '"version"'))
    assert found["version"] == "9.1" and found["trial"] is True and found["faults"] == []
