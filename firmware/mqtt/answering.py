"""Answers of the meter as messages: a table, a range of the load profile, a raw read.

Each message is whole JSON with ``part``, from 1, and ``last``. The next one is made when the
network has the one before it.
"""

import json

from shim import const
from ..hal.clock import sleep_ms
from ..hal.memory import drop

_WAIT_MS = const(20)
_SECOND_MS = const(1000)
_PATIENCE_S = const(60)
_PART = const(600)  # characters of a table's values after which a message ends
_ROWS = const(200)  # and of a profile's rows: there is least memory
_LOST = "the connection to the broker was lost meanwhile; ask again"


class Question:
    """What `firmware.asked.desk` takes for a request over HTTP; ``gone()``: nobody waits."""

    method = "GET"

    def __init__(self, path, args, gone):
        self.path = path
        self.args = args
        self.gone = gone
        self.sock = (None, self)


class _Ended(Exception):
    # Why there is no more of the answer.
    pass


class _Parts:
    # Sends the parts of one answer.

    def __init__(self, commands, tag):
        self._commands = commands
        self._client = client = commands.client
        self._tag = tag
        self._connection = client.connects
        self.sent = 0

    def gone(self):
        client = self._client
        return not client.connected or client.connects != self._connection

    async def send(self, more, last=False):
        while not (self._client.idle or self.gone()):
            await sleep_ms(_WAIT_MS)
        head = '"part":%d,"last":%s,' % (self.sent + 1, "true" if last else "false")
        if self.gone() or not self._commands.say(self._tag, head + more):
            raise _Ended(_LOST)
        self.sent += 1

    async def back(self):
        # Wait for the broker, to tell it the end of an answer: a minute at most.
        for _ in range(_PATIENCE_S):
            if self._client.connected and self._client.idle:
                break
            await sleep_ms(_SECOND_MS)


async def do(commands, tag, path, args):
    """Ask ``path`` with ``args`` and send the answer, or why there is none."""
    parts = _Parts(commands, tag)
    why = "the module restarts"  # if this is cancelled
    try:
        await _answer(commands, parts, path, args)
        why = None
    except _Ended as e:
        why = e.args[0]
        await parts.back()
    except MemoryError:
        why = "the module has too little memory for it now; ask for less, or use mepctl"
    except Exception as e:
        commands.app.log("error", "MQTT command: %s: %s" % (type(e).__name__, e))
        why = "the module failed at it; its log says more"
    finally:
        if why:
            last = '"part":%d,"last":true,' % (parts.sent + 1) if parts.sent else ""
            commands.say(tag, '%s"error":%s' % (last, json.dumps(why)), False)
        drop("firmware.mqtt.answering")


async def _answer(commands, parts, path, args):
    what = None
    try:
        code, what = await commands.app.asked(Question(path, args, parts.gone))
        if code != 200:
            why, what = what, None
            raise _Ended(why)
        last = await (_rows if what.kind == "text/csv" else _values)(parts, what)
    finally:
        if what:
            await what.aclose()
    # Only now: whoever has the last part may ask again at once.
    await parts.send(last, True)


async def _values(parts, what):
    # Of a document {..., "values":{...}}, each part has some of the values; of others it is one.
    top = None
    rows = ""
    async for piece in what:
        piece = str(piece, "utf-8")
        if top is None:
            top = piece[1:]
            continue
        if len(rows) > _PART:
            await parts.send(top + rows.lstrip(",") + "}")
            rows = ""
        rows += piece
    return (top + rows.lstrip(","))[:-1]


async def _rows(parts, what):
    rows = ""
    async for piece in what:
        piece = str(piece, "utf-8")
        if piece[0] == "#":
            if rows:
                await parts.send('"rows":[%s]' % rows[1:])
            raise _Ended(piece[1:].strip())
        for cells in lines(piece):
            if not parts.sent:
                await parts.send('"columns":%s,"rows":[]' % json.dumps(cells))
                continue
            for i in range(2):  # time and status
                cells[i] = json.dumps(cells[i] or "")
            rows += ",[%s]" % ",".join([cell or "null" for cell in cells])
            if len(rows) > _ROWS:
                await parts.send('"rows":[%s]' % rows[1:])
                rows = ""
    return '"rows":[%s]' % rows[1:]


def lines(text):
    """Iterate over the lines of CSV as lists; what was quoted is JSON, what is empty is None."""
    at = 0
    cells = []
    while at < len(text):
        if text[at] == '"':
            end = at = at + 1
            while True:
                end = text.find('"', end)
                if text[end + 1 : end + 2] != '"':
                    break
                end += 2
            cells.append(json.dumps(text[at:end].replace('""', '"')))
            end += 1
        else:
            end = text.find("\r", at)
            comma = text.find(",", at, end)
            if comma >= 0:
                end = comma
            cells.append(text[at:end] or None)
        if text[end] == ",":
            at = end + 1
        else:
            yield cells
            cells = []
            at = end + 2
