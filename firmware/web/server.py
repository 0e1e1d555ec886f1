"""HTTP connections within limits of number, time and size; microdot answers the requests.

Microdot reads the lines of a request whole and waits for them for ever. So the head of a request
is read here, in small pieces, and only the fields that matter are kept.
"""

import asyncio

from microdot import Request, Response
from microdot.microdot import NoCaseDict

from shim import const
from ..hal.clock import sleep_ms, ticks_add, ticks_diff, ticks_ms
from ..hal.memory import crowded, drop
from ..hal.ports import CHIP

_CHUNK = const(128)
_LINE = const(512)  # request lines may be shorter than this; longer header lines are skipped
_HEAD = const(8192)  # browsers send the cookies of every other program on the same host
# Not const, so that tests need not wait so long.
HEAD_MS = 10000  # from the connection to the end of the request
WRITE_MS = 10000  # for one piece of an answer
_LINGER_MS = const(500)
_CROWD_MS = const(20)
_TICK_MS = const(250)
_QUEUE = const(4)  # connections that may wait for a place
_WAIT_TICKS = const(80)  # of 100 ms; a browser asks once for a script
_SILENT_MS = const(1000)  # after that, who asked nothing makes room for another
_KEPT = ("content-length", "content-type", "if-none-match", "host", "origin", "cookie")

# Nothing is parsed from a body yet; a page needs no request above this.
Request.max_content_length = 2048
Request.max_body_length = 2048
Response.send_file_buffer_size = 512


class ListenError(Exception):
    """The server cannot listen there; the text is one line for the owner."""


class Refused(Exception):
    """The request cannot be read: ``args`` are the status code and one line why."""


def failure(code, why, path="/api"):
    """An error response: JSON under /api, plain text elsewhere."""
    from . import failures  # seldom

    try:
        return harden(failures.response(code, why, path))
    finally:
        drop("firmware.web.failures")


def harden(res):
    """Add the headers that every response carries."""
    h = res.headers
    h["Content-Security-Policy"] = "default-src 'self'"
    h["X-Content-Type-Options"] = "nosniff"
    if "Referrer-Policy" not in h:
        h["Referrer-Policy"] = "no-referrer"
    if "Cache-Control" not in h:
        h["Cache-Control"] = "no-store"
    return res


class Connection:
    """One client, and the stream that microdot writes its response to."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer
        self._rest = b""
        self._out = b""  # the head of the response, until it is whole
        self.task = asyncio.current_task()
        self.since = ticks_ms()
        self.due = ticks_add(self.since, HEAD_MS)  # ticks at which to give up; None is never
        self.asked = False  # True when the request is complete
        self.left = 0  # bytes of a body that is not read here but by `read`
        try:  # CPython: `awrite` returns when the bytes are sent, not when they are queued
            writer.transport.set_write_buffer_limits(0)
        except AttributeError:  # MicroPython has no queue
            pass

    async def request(self, app):
        """Read the request. None if the client left; raises Refused."""
        first, headers = await self._head()
        if first is None:
            return None
        length = headers.get("content-length", "0")
        if not length.encode().isdigit():
            raise Refused(400, "Content-Length must be a number")
        n = int(length)
        method, url, version = first
        if method == "POST" and url == getattr(app, "streamed", None):
            self.left = n
            body = b""
        elif n > Request.max_body_length:
            raise Refused(413, "send at most %d bytes" % Request.max_body_length)
        else:
            body = await self._body(n)
        if body is None:
            return None
        self.asked = True
        self.due = None
        try:
            peer = self._writer.get_extra_info("peername")
            req = Request(app, peer, method, url, version, headers, body, sock=(self, self))
        except ValueError:  # a bad escape in the query
            raise Refused(400, "the query is not URL encoded")
        if self.left:
            req.max_content_length = n
        return req

    async def read(self, most):
        """1 to ``most`` bytes of the body that the app has as `streamed`, b"" at its end."""
        most = min(most, self.left)
        data = self._rest[:most]
        self._rest = self._rest[most:]
        if not data and most:
            self.due = ticks_add(ticks_ms(), WRITE_MS)
            data = await self._reader.read(most)
            self.due = None
        self.left = self.left - len(data) if data else 0
        return data

    async def _head(self):
        first = None
        headers = NoCaseDict()
        line = b""
        left = _HEAD
        while left > 0:
            data = await self._reader.read(_CHUNK)
            if not data:
                return None, None
            left -= len(data)
            at = 0
            while True:
                end = data.find(b"\n", at)
                stop = len(data) if end < 0 else end
                line += data[at : min(stop, at + _LINE - len(line))]
                if first is None and len(line) == _LINE:
                    raise Refused(414, "write a path of less than %d bytes" % (_LINE - 20))
                if end < 0:
                    break
                at = end + 1
                if first is None:
                    first = _request_line(line)
                elif line == b"\r" or not line:
                    self._rest = data[at:]
                    return first, headers
                elif len(line) < _LINE:
                    _field(line, headers)
                line = b""
        raise Refused(431, "send less than %d bytes of header fields" % _HEAD)

    async def _body(self, n):
        data = self._rest[:n]
        while len(data) < n:
            more = await self._reader.read(min(_CHUNK, n - len(data)))
            if not more:
                return None
            data += more
        self._rest = b""
        return data

    async def awrite(self, data):
        """Send bytes; the many small pieces of a response's head go out as one."""
        if self._out is not None:
            self._out += data
            if data != b"\r\n":
                return
            data = self._out
            self._out = None
        self.due = ticks_add(ticks_ms(), WRITE_MS)
        # Not sooner: a request that nobody reads takes the radio's memory as well.
        while CHIP and not isinstance(data, memoryview) and crowded():
            await sleep_ms(_CROWD_MS)
        self._writer.write(data)
        await self._writer.drain()
        self.due = None

    def gone(self):
        """True if the client has closed its end."""
        try:
            return self._reader.at_eof()
        except AttributeError:  # MicroPython: the socket itself knows; it does not block
            try:
                return self._reader.s.read(1) == b""
            except OSError:
                return True

    async def linger(self):
        """Read for a moment: a close while the client still sends would destroy our answer."""
        self.due = ticks_add(ticks_ms(), _LINGER_MS)
        left = _HEAD
        while left > 0:
            data = await self._reader.read(_CHUNK)
            if not data:
                break
            left -= len(data)


def _request_line(line):
    try:
        method, url, version = line.decode().split()
    except ValueError:  # UnicodeError too
        raise Refused(400, "this is not an HTTP request")
    if not version.startswith("HTTP/1.") or not url.startswith("/"):
        raise Refused(400, "write a request like GET /path HTTP/1.1")
    return method, url, version[5:]


def _field(line, headers):
    colon = line.find(b":")
    if colon < 1:
        raise Refused(400, "a header field has no colon")
    try:
        name = line[:colon].decode().lower()
        if name in _KEPT:
            headers[name] = line[colon + 1 :].decode().strip()
    except ValueError:
        raise Refused(400, "a header field is not text")


async def _close(writer):
    try:
        writer.transport.abort()  # CPython: all is sent, or given up
    except AttributeError:
        await writer.wait_closed()  # MicroPython: closes at once


class Server:
    """Serves ``app`` to at most ``limit`` connections; a few more wait for a place."""

    def __init__(self, app, limit):
        self._app = app
        self._limit = limit
        self._waiting = 0
        self.open = []

    async def client(self, reader, writer):
        """Serve one connection (the callback of `asyncio.start_server`)."""
        conn = None
        try:
            if await self._place():
                conn = Connection(reader, writer)
                self.open.append(conn)
                await self._answer(conn)
            else:
                writer.write(b"HTTP/1.0 503 Service Unavailable\r\nRetry-After: 2\r\n\r\n")
        except OSError:  # the client is gone
            pass
        except asyncio.CancelledError:
            # CPython 3.11 logs a client's task that ends as cancelled; `_drop` did this one.
            if conn is None or conn in self.open:
                raise
        finally:
            if conn in self.open:
                self.open.remove(conn)
            await _close(writer)

    async def _answer(self, conn):
        complete = True
        try:
            req = await conn.request(self._app)
        except Refused as e:
            complete = False
            res = failure(*e.args)
        else:
            if req is None:
                return
            res = await self._app.dispatch_request(req)
        try:
            await res.write(conn)
        finally:
            # Microdot does so only when all went well.
            body = res.body
            if hasattr(body, "aclose"):
                await body.aclose()
            elif hasattr(body, "close"):
                body.close()
        if not complete or conn.left:
            await conn.linger()

    async def _place(self):
        if len(self.open) < self._limit:
            return True
        if self._waiting == _QUEUE:
            return False
        self._waiting += 1
        try:
            for _ in range(_WAIT_TICKS):
                self._evict()
                await sleep_ms(100)
                if len(self.open) < self._limit:
                    return True
        finally:
            self._waiting -= 1
        return False

    def _evict(self):
        # Browsers open connections ahead of need, and so do those who mean harm.
        now = ticks_ms()
        for conn in self.open:
            if not conn.asked and ticks_diff(now, conn.since) > _SILENT_MS:
                self._drop(conn)
                return

    def expire(self):
        """Close a connection whose time is up. To be called every `_TICK_MS`."""
        now = ticks_ms()
        for conn in self.open:
            if conn.due is not None and ticks_diff(now, conn.due) > 0:
                self._drop(conn)
                return  # the list has changed; the next tick takes the next

    def _drop(self, conn):
        self.open.remove(conn)
        conn.task.cancel()

    def stop(self):
        """Close every connection."""
        while self.open:
            self._drop(self.open[0])


async def serve(app, host, port, alive=None):
    """Serve ``app`` (of `create_app`) until cancelled, or ``alive()`` is true at one of its turns.

    Raises ListenError.
    """
    server = Server(app, app.connections)
    try:
        listener = await asyncio.start_server(server.client, host, port)
    except OSError as e:
        from . import failures

        raise ListenError("http: " + failures.listening(e, host, port))
    try:
        while True:
            await sleep_ms(_TICK_MS)
            server.expire()
            if alive and alive():
                return
    finally:
        listener.close()
        server.stop()
