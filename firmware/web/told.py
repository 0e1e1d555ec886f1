"""What only the meter can tell, sent as it comes; in memory while it is sent.

In chunks: if the last one is missing, a client of HTTP/1.1 knows that the body was cut. Microdot's
own answers end with the connection, and so does this one for a client of HTTP/1.0.
"""

from microdot import Response

from .server import failure, harden


class Told(Response):
    """The response to ``req`` with ``body``, which is `firmware.asked.desk.Answer`."""

    def __init__(self, req, body):
        Response.__init__(self, body, 200, {"Content-Type": body.kind})
        self._whole = req.http_version == "1.0"
        if not self._whole:
            self.headers["Transfer-Encoding"] = "chunked"
            self.headers["Connection"] = "close"

    async def write(self, stream):
        """See microdot; what fails here leaves the body without its end."""
        self.complete()
        send = stream.awrite
        await send(b"HTTP/1.%d 200 OK\r\n" % (not self._whole))
        for name, value in self.headers.items():
            await send(("%s: %s\r\n" % (name, value)).encode())
        await send(b"\r\n")
        if self.is_head:
            return
        async for piece in self.body:
            try:
                piece = self._chunk(piece)
            except MemoryError:
                piece = self._chunk(self.body.cut())
            await send(piece)
        if not self._whole:
            await send(b"0\r\n\r\n")

    def _chunk(self, piece):
        if self._whole:
            return piece
        return b"".join((b"%x\r\n" % len(piece), piece, b"\r\n"))


async def answer(req, ask):
    """The response to ``req`` of what ``ask(req)`` gives."""
    code, what = await ask(req)
    if code != 200:
        return failure(code, what, req.path)
    try:
        return harden(Told(req, what))
    except MemoryError:
        await what.aclose()
        return failure(503, "the module has too little memory for it now", req.path)
