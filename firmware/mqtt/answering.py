"""Answers of the meter as messages: a table, a range of the load profile, a raw read.

Each message is whole JSON with ``part``, from 1, and ``last``. The next one is made when the
network has the one before it.
"""

import asyncio
import json

from shim import const
from ..hal.clock import sleep_ms

_WAIT_MS = const(20)
_PART = const(1000)  # characters of a table's values after which a message ends
_LOST = "the connection to the broker was lost meanwhile; ask again"


class Question:
    """What `firmware.asked.desk` takes for a request over HTTP; ``gone()``: nobody waits."""

    method = "GET"

    def __init__(self, path, args, gone):
        self.path = path
        self.args = args
        self.gone = gone
        self.sock = (None, self)


class _Lost(Exception):
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
            raise _Lost()
        self.sent += 1


async def answer(commands, tag, path, args):
    """Ask ``path`` with ``args`` and send the answer, or why there is none."""
    parts = _Parts(commands, tag)
    why = what = None
    try:
        code, what = await commands.app.asked(Question(path, args, parts.gone))
        if code != 200:
            why, what = what, None
        elif what.kind == "text/csv":
            why = await _rows(parts, what)
        else:
            await _values(parts, what)
    except _Lost:
        why = _LOST
    except asyncio.CancelledError:
        commands.refuse(tag, "the module restarts", parts.sent + 1)
        raise
    finally:
        if what:
            await what.aclose()
    if why:
        part = parts.sent + 1 if parts.sent else 0
        await commands.refuse_later(tag, why, part)


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
    await parts.send((top + rows.lstrip(","))[:-1], True)


async def _rows(parts, what):
    # The reason why it ended before its time, if it did.
    async for piece in what:
        piece = str(piece, "utf-8")
        if piece[0] == "#":
            return piece[1:].strip()
        rows = []
        for cells in lines(piece):
            if not parts.sent:
                await parts.send('"columns":%s,"rows":[]' % json.dumps(cells))
                continue
            for i in range(2):  # time and status
                cells[i] = json.dumps(cells[i] or "")
            rows.append("[%s]" % ",".join([cell or "null" for cell in cells]))
        if rows:
            await parts.send('"rows":[%s]' % ",".join(rows))
    if parts.gone():
        raise _Lost()
    await parts.send('"rows":[]', True)
    return None


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
