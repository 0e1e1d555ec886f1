"""Packets on the MEP line, cut out of a byte stream (guide, chapter 2, packet structure).

A packet is a length (u16, most significant byte first) and that many bytes. A length of 0 is the
alert sequence. The length is checked before a body byte is stored; there is no start mark, so
after an impossible length only silence on the line tells where the next packet begins.
"""

from shim import const

MAX_LENGTH = const(476)
SMALLEST_REPLY = const(9)  # code, digest
SMALLEST_REQUEST = const(13)  # code, sequence number, digest

NOTHING = const(0)
PACKET = const(1)
ALERT = const(2)
BAD = const(3)


class PacketReader:
    """Bytes in, one finding at a time out. Its buffer is made once; `feed` allocates nothing.

    ``buf[:length]`` is the body and what follows it, without the length field.
    """

    def __init__(self, size=MAX_LENGTH, smallest=SMALLEST_REPLY):
        self.buf = bytearray(size)
        self.length = 0
        self.found = NOTHING
        self._size = size
        self._smallest = smallest
        self.reset()

    def reset(self):
        """The line was silent: the next byte begins a packet."""
        self._got = -2  # bytes of the body so far; below 0 while in the length field
        self._skip = False

    def swallow(self):
        """Drop everything until `reset`."""
        self._got = -2
        self._skip = True

    @property
    def dirty(self):
        """True while bytes are coming that began no packet, or one that is not complete."""
        return self._skip or self._got > -2

    @property
    def inside(self):
        """True while a packet has begun and is not complete."""
        return self._got > -2

    @property
    def missing(self):
        """Bytes still to come in the packet under way; 0 when that is not known."""
        return self.length - self._got if self._got >= 0 else 0

    def feed(self, data, start, end):
        """Take ``data[start:end]`` up to one finding's end; return the first index not taken.

        `found` then says what it was: NOTHING (all taken, more is needed), PACKET, ALERT or BAD.
        After BAD everything is swallowed until `reset`.
        """
        self.found = NOTHING
        if self._skip:
            return end
        i = start
        while i < end:
            got = self._got
            if got < 0:
                if got == -2:
                    self.length = data[i] << 8
                else:
                    self.length |= data[i]
                i += 1
                self._got = got + 1
                if got == -1 and self._judge():
                    return i
            else:
                n = min(self.length - got, end - i)
                buf = self.buf
                for k in range(n):
                    buf[got + k] = data[i + k]
                i += n
                self._got = got + n
                if self._got == self.length:
                    self._got = -2
                    self.found = PACKET
                    return i
        return i

    def _judge(self):
        length = self.length
        if self._smallest <= length <= self._size:
            return False
        if length == 0:
            self._got = -2
            self.found = ALERT
        else:
            self.swallow()
            self.found = BAD
        return True
