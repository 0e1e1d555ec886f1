"""The page that takes an update, goes back from one, or keeps it; loaded in settings mode only.

A bundle is the raw body of POST /update, whatever sends it:

    curl --data-binary @FILE -H "Content-Type: application/octet-stream" http://HOST/update
"""

import asyncio

from microdot import Response

from .. import slots, update_texts
from ..bundle import BundleError
from ..hal.clock import sleep_ms
from ..texts import Refusal

_leaving = None  # the task, held
_LEAVE_MS = 2000  # so that the answer arrives before the restart
_MOST = 16 * 1024 * 1024
_DRAIN = 2 * 1024 * 1024  # of a refused body: a sender that is cut off never hears why
_REASONS = {200: "OK", 400: "Bad Request", 409: "Conflict", 411: "Length Required"}
_CONFLICTS = ("trial", "busy", "previous", "length")
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'"
)
_TYPE = {"Content-Type": "text/html; charset=UTF-8"}
_HEAD = """<!doctype html><html lang="%s"><head><meta charset="utf-8"><title>%s</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>
body{font:1rem/1.45 system-ui,sans-serif;max-width:32rem;margin:0 auto;padding:1rem;
color-scheme:light dark}input,button,progress{font:inherit;width:100%%;box-sizing:border-box;
padding:.6rem;margin-top:1rem}dt{font-weight:600}</style></head><body><h1>%s</h1><dl>"""
_FORM = """<form id="send"><label>%s<input type="file" id="file" required></label>
<button>%s</button></form><progress id="bar" max="1" value="0" hidden></progress>
<p id="said" role="status"></p>"""
_BUTTON = '<form method="post" action="/update/%s"><button>%s</button></form>'
# XMLHttpRequest, as fetch tells nothing while it sends.
_SCRIPT = """"use strict";
const at = (id) => document.getElementById(id);
at("send").addEventListener("submit", (event) => {
  event.preventDefault();
  const request = new XMLHttpRequest();
  const said = (text) => { at("said").textContent = text; at("bar").hidden = true; };
  request.upload.onprogress = (e) => { at("bar").value = e.loaded / e.total; };
  request.onload = () => said(request.responseText);
  request.onerror = () => said("\\u2717");
  at("bar").hidden = false;
  request.open("POST", "/update");
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.send(at("file").files[0]);
});
"""


def mount(app, allowed, config, restart, chip="esp32"):
    """Add the routes to the microdot ``app``.

    ``allowed(req)`` gives None, or the response that refuses. ``config`` is the module's,
    ``restart()`` starts it again, ``chip`` is its kind.
    """
    app.streamed = "/update"

    async def page(req):
        refused = allowed(req)
        if refused:
            return refused
        req.after_request_handlers.append(_allow_script)
        return _page(config["language"]), _TYPE

    async def script(req):
        return _SCRIPT, {"Content-Type": "text/javascript; charset=UTF-8"}

    async def take(req):
        return allowed(req) or await _take(req, config, restart, chip)

    async def back(req):
        from .. import update

        return allowed(req) or _do(update.go_back, "gone_back", config, restart)

    async def keep(req):
        return allowed(req) or _do(slots.confirm, "kept", config, None)

    app.get("/update")(page)
    app.get("/update.js")(script)
    app.post("/update")(take)
    app.post("/update/rollback")(back)
    app.post("/update/keep")(keep)


async def _take(req, config, restart, chip):
    from .. import update

    language = config["language"]
    body = req.sock[0]
    try:
        if not 0 < req.content_length <= _MOST:
            raise BundleError("length", "")
        version = await update.install(body, req.content_length, config["update_key"], chip)
    except BundleError as e:
        left = 0 if e.args[0] == "length" else _DRAIN
        while left > 0:
            data = await body.read(1024)
            left = left - len(data) if data else 0
        return _refusal(e, language)
    _leave(restart)
    return _text(update_texts.line(("taken", version), language))


def _do(what, said, config, restart):
    language = config["language"]
    try:
        what()
    except Refusal as e:
        return _refusal(e, language)
    if restart:
        _leave(restart)
    return _text(update_texts.line((said,), language))


def _refusal(e, language):
    code = 409 if e.args[0] in _CONFLICTS else 400
    if e.args[0] == "length":
        code = 411
    return _text(e.text(language), code)


def _text(text, code=200):
    kind = {"Content-Type": "text/plain; charset=UTF-8"}
    return Response(text + "\n", code, kind, _REASONS[code])


def _leave(restart):
    global _leaving
    _leaving = asyncio.create_task(_later(restart))


async def _later(restart):
    await sleep_ms(_LEAVE_MS)
    restart()


async def _allow_script(req, res):
    res.headers["Content-Security-Policy"] = _POLICY
    return res


def _page(language):
    """Pieces of the page: what runs, what ran, what was given up; the form and its buttons."""
    texts = update_texts.load(language)

    def text(name):
        return update_texts.find(texts, name)

    record = slots.load()
    trial = record["trial"] >= 0
    yield _HEAD % (language, text("title"), text("title"))
    runs = _version(record, slots.running(), text)
    yield _row(text("runs"), runs + (" (%s)" % text("on_trial") if trial else ""))
    before = record["active"] != record["previous"]
    if before:
        yield _row(text("before"), _version(record, record["previous"], text))
    if record["image"]:
        yield _row("MicroPython", record["image"][2])
    if record["back"]:
        why = update_texts.line(record["back"][1:], language)
        yield _row(text("back"), "%s: %s" % (record["back"][0], why))
    yield "</dl>"
    if trial:
        yield _BUTTON % ("keep", text("keep"))
    else:
        yield _FORM % (text("choose"), text("send"))
    if before or trial:
        yield _BUTTON % ("rollback", text("go_back"))
    yield '<script src="/update.js"></script></body></html>'


def _version(record, slot, text):
    if slot and record[slot]:
        return "%s (%s)" % (record[slot][0], slot)
    if slot:
        return slot
    from ..version import VERSION

    return text("flashed") + ("" if slots.running() else " (%s)" % VERSION)


def _row(name, value):
    for a, b in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        value = value.replace(a, b)
    return "<dt>%s</dt><dd>%s</dd>" % (name, value)
