"""What umqtt.simple takes for the network: packets in memory, written and read without waiting."""

from shim import const
from ..hal.memory import crowded

_RX = const(256)  # larger packets of the broker are skipped
_SPARE = const(7000)  # bytes that the radio keeps; pages keep more, so that this goes first
_JOIN = const(256)  # a payload up to this size is sent in one piece with its header


class Pipe:
    """What umqtt takes for the socket module and for a socket."""

    def __init__(self):
        self._in = memoryview(bytearray(_RX))
        self.oversize = 0
        self.clear()

    def clear(self):
        self.out = []  # two chunks for each packet: all of it, or header and payload
        self.size = 0  # bytes in them
        self._sent = 0  # of the first chunk
        self._new = []  # chunks of the packet that umqtt is writing
        self.got = 0  # bytes received are _in[:got]
        self._at = 0  # the packet that umqtt may read is _in[_at:_end]
        self._end = 0
        self._skip = 0  # bytes of an oversize packet still to come

    def socket(self, *_):
        return self

    def getaddrinfo(self, *_):
        return ((None,),)

    def setblocking(self, _):
        pass

    connect = settimeout = setblocking

    def close(self):
        pass

    def write(self, buf, n=None):
        # umqtt uses its header, a bytearray, again as soon as this returns.
        if n is not None:
            buf = buf[:n]
        self._new.append(bytes(buf) if isinstance(buf, bytearray) else buf)

    def read(self, n):
        start = self._at
        if n < 0 or start + n > self._end:
            raise OSError("it sends malformed packets")
        self._at += n
        return bytes(self._in[start : start + n])

    def accept(self):
        """Let umqtt read that the broker took its CONNECT."""
        self._in[:4] = b"\x20\x02\0\0"
        self._at = 0
        self._end = 4

    def commit(self):
        """Queue what umqtt wrote as one packet."""
        new = self._new
        if new:
            self._new = []
            tail = new.pop()
            if len(tail) <= _JOIN:
                new.append(bytes(tail))
                tail = b""
            head = b"".join(new)
            self.size += len(head) + len(tail)
            self.out.append(head)
            self.out.append(tail)

    def settle(self):
        """Copy what is not sent of the last payload: a memoryview's owner may change it now."""
        out = self.out
        if out and not isinstance(out[-1], bytes):
            if len(out) == 1:
                out[0] = bytes(out[0][self._sent :])
                self._sent = 0
            else:
                out[-1] = bytes(out[-1])

    def abandon(self):
        """Forget what umqtt wrote since `commit`: part of a packet must not be sent."""
        self._new = []

    def flush(self, tcp):
        """Send what the network takes."""
        out = self.out
        while out and not crowded(_SPARE):
            chunk = out[0]
            if self._sent < len(chunk):
                n = tcp.send(chunk, self._sent)
                if not n:
                    return
                self._sent += n
                self.size -= n
            if self._sent == len(chunk):
                out.pop(0)
                self._sent = 0

    def fill(self, tcp):
        """Receive what the network has."""
        if self.got < _RX:
            self.got += tcp.recv_into(self._in[self.got :])

    def drop(self, n):
        """The first ``n`` bytes received are done."""
        rest = self.got - n
        self._in[:rest] = bytes(self._in[n : self.got])
        self.got = rest

    def packet(self):
        """First byte of the next whole packet, now readable; None if there is none yet."""
        while True:
            if self._skip:
                n = min(self._skip, self.got)
                self.drop(n)
                self._skip -= n
            total = self._length()
            if total == 0:
                return None
            if total <= _RX:
                break
            self.oversize += 1
            self._skip = total
        if self.got < total:
            return None
        self._at = 0
        self._end = total
        return self._in[0]

    def done(self):
        """The packet is done, read or not."""
        self.drop(self._end)
        self._end = 0

    def _length(self):
        # MQTT 3.1.1, 2.2.3: seven bits a byte, lowest first, at most four bytes.
        length = 0
        for at in range(1, min(self.got, 5)):
            b = self._in[at]
            length |= (b & 0x7F) << 7 * (at - 1)
            if b < 0x80:
                return at + 1 + length
        if self.got >= 5:
            raise OSError("it sends malformed packets")
        return 0

    def first(self, i):
        """Byte ``i`` of those received."""
        return self._in[i]
