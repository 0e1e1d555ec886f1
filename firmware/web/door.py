"""The live page's way into the settings: asks for the password, then the chip starts again there.

In memory only while somebody asks: the settings themselves do not fit beside meter and MQTT.
"""

import asyncio

from microdot import Response

from ..hal.clock import sleep_ms
from . import access, setup_texts

_LEAVE_MS = 2000  # so that the answer arrives before the restart
_BACK_S = 12  # until the settings are there
_REASONS = {200: "OK", 403: "Forbidden", 429: "Too Many Requests"}
_PAGE = """<!doctype html><html lang="%s"><head><meta charset="utf-8">%s<title>%s</title>
<meta name="viewport" content="width=device-width,initial-scale=1">
<link rel="stylesheet" href="/style.css"></head><body><header><h1>%s</h1></header>
<main><section class="card door">%s</section></main><p><a href="/">&larr;</a></p></body></html>"""
_REFRESH = '<meta http-equiv="refresh" content="%d;url=/">'
_FORM = """<form method="post" action="/settings"><label>%s
<input type="password" name="password" autocomplete="current-password" autofocus></label>
<button>%s</button></form><p class="quiet">%s</p>"""


async def answer(req, config, state, leave):
    """The response to a GET or POST of /settings. ``state``: of `access.Door`, kept between.

    ``leave(token)`` starts the chip again into the settings, for that session; None where there
    are none.
    """
    texts = setup_texts.load(config["language"], "door_")
    headers = {"Content-Type": "text/html; charset=UTF-8"}
    said = ""
    code = 200
    if leave is None:
        body = _text(texts, "host")
    elif not config["admin_hash"]:
        body = _text(texts, "no_password")
    else:
        if req.method == "POST":
            code, said, token = await _enter(req, config, state)
            if token:
                headers["Set-Cookie"] = access.cookie(token)
                state.append(asyncio.create_task(_later(leave, token)))
        body = _FORM % (_text(texts, "login_head"), _text(texts, "login"), _text(texts, "why"))
        if said:
            text = setup_texts.find(texts, said[0])
            body = '<p role="status"><b>%s %s</b></p>' % (text, said[1]) + body
        if "Set-Cookie" in headers:
            body = _text(texts, "opening")
    refresh = _REFRESH % _BACK_S if "Set-Cookie" in headers else ""
    title = setup_texts.find(texts, "settings")
    page = _PAGE % (config["language"], refresh, title, title, body)
    res = Response(page, code, headers, _REASONS[code])
    # Under "no-referrer" browsers would call the form's origin null.
    res.headers["Referrer-Policy"] = "same-origin"
    return res


async def _enter(req, config, state):
    # (status code, what to say, token or None)
    origin = req.headers.get("origin")
    if origin is not None and origin != "http://" + req.headers.get("host", ""):
        return 403, ("login_wrong", ""), None
    door = access.Door(config["admin_hash"], None, state)
    token = await door.enter((req.form or {}).get("password", ""))
    if token:
        return 200, None, token
    wait = door.wait_s()
    if wait:
        return 429, ("login_wait", wait), None
    return 403, ("login_wrong", ""), None


def _text(texts, name):
    return (
        "<p>%s</p>" % setup_texts.find(texts, name)
        if name not in _BARE
        else setup_texts.find(texts, name)
    )


_BARE = ("login_head", "login", "why")


async def _later(leave, token):
    await sleep_ms(_LEAVE_MS)
    leave(token)
