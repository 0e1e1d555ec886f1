"""What `shake` puts in place of parts of microdot: the same for what `firmware/web` does with it.

On the module there are only static paths, handlers that return a body with or without status and
headers, and a server of our own that closes bodies and hears of a lost client. This text is never
imported.
"""

from microdot.microdot import MultiDict, invoke_handler, print_exception, urldecode


class Request:
    def __init__(self, app, client_addr, method, url, http_version, headers, body, sock):
        self.app = app
        self.client_addr = client_addr
        self.method = method
        self.http_version = http_version
        self.headers = headers
        self.path, _, query = url.partition("?")
        self.args = self._parse_urlencoded(query)
        self.content_length = int(headers.get("Content-Length", "0"))
        self.content_type = headers.get("Content-Type")
        self.body = body
        self.sock = sock
        self._form = None
        self.after_request_handlers = []

    def _parse_urlencoded(self, text):
        data = MultiDict()
        if not isinstance(text, str):
            text = text.decode()
        for pair in text.split("&"):
            if pair:
                name, _, value = pair.partition("=")
                data[urldecode(name)] = urldecode(value)
        return data


class Response:
    async def write(self, stream):
        self.complete()
        reason = self.reason or ("OK" if self.status_code == 200 else "N/A")
        await stream.awrite(("HTTP/1.0 %d %s\r\n" % (self.status_code, reason)).encode())
        for name in self.headers:
            await stream.awrite(("%s: %s\r\n" % (name, self.headers[name])).encode())
        await stream.awrite(b"\r\n")
        body = self.body
        if self.is_head or not body:
            return
        if hasattr(body, "__anext__"):
            async for piece in body:
                await stream.awrite(piece)
        elif hasattr(body, "read"):
            while True:
                piece = body.read(self.send_file_buffer_size)
                if not piece:
                    break
                await stream.awrite(piece)
        elif hasattr(body, "__next__"):
            for piece in body:
                await stream.awrite(piece.encode())
        else:
            await stream.awrite(body)


class Microdot:
    def __init__(self):
        self.url_map = []
        self.before_request_handlers = []
        self.after_request_handlers = []
        self.error_handlers = {}

    def route(self, url_pattern, methods=None):
        def decorated(f):
            self.url_map.append((methods or ["GET"], url_pattern, f))
            return f

        return decorated

    def find_route(self, req):
        method = req.method.upper()
        if method == "OPTIONS":
            return self.default_options_handler(req), "", None
        if method == "HEAD":
            method = "GET"
        found = 404
        for methods, path, function in self.url_map:
            if path == req.path:
                found = 405
                if method in methods:
                    found = function
                    break
        return found, "", None

    def default_options_handler(self, req):
        allow = []
        for methods, path, _ in self.url_map:
            if path == req.path:
                allow.extend(methods)
        if "GET" in allow:
            allow.append("HEAD")
        allow.append("OPTIONS")
        return {"Allow": ", ".join(allow)}

    async def error_response(self, req, status_code, reason=None):
        if status_code in self.error_handlers:
            return await invoke_handler(self.error_handlers[status_code], req)
        return reason or "N/A", status_code

    async def dispatch_request(self, req):
        found = 413
        if req.content_length <= req.max_content_length:
            found = self.find_route(req)[0]
        try:
            if isinstance(found, int):
                res = self.made(await self.error_response(req, found))
            elif isinstance(found, dict):
                res = Response(headers=found)
            else:
                res = await self.answered(req, found)
        except Exception as e:
            print_exception(e)
            res = self.made(await self.error_response(req, 500))
        res.is_head = req.method == "HEAD"
        return res

    async def answered(self, req, function):
        res = None
        for handler in self.before_request_handlers:
            res = await invoke_handler(handler, req)
            if res:
                break
        if res is None:
            res = await invoke_handler(function, req)
        res = self.made(res)
        for handler in self.after_request_handlers + req.after_request_handlers:
            res = await invoke_handler(handler, req, res) or res
        return res

    def made(self, res):
        if isinstance(res, Response):
            return res
        if not isinstance(res, tuple):
            return Response(res)
        if isinstance(res[1], int):
            return Response(*res)
        return Response(res[0], 200, res[1])
