"""Packets on the MEP line, cut out of a byte stream (guide, chapter 2, packet structure).

A packet is a length (u16, most significant byte first) and that many bytes. A length of 0 is the
alert sequence. The length is checked before a body byte is stored; there is no start mark, so
after an impossible length only silence on the line tells for sure where the next packet begins.
A reader of packets that carry a digest may look for it earlier, one byte on: garbage before a
reply then costs nothing, and whatever is found wrongly fails the digest.
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

    ``buf[:length]`` is the body and what follows it, without the length field. ``slide``: after an
    impossible length try each next byte as the beginning of a packet.
    """

    def __init__(self, size=MAX_LENGTH, smallest=SMALLEST_REPLY, slide=False):
        self.buf = bytearray(size)
        self.length = 0
        self.found = NOTHING
        self._size = size
        self._smallest = smallest
        self._slide = slide
        self.reset()

    def reset(self):
        """The line was silent: the next byte begins a packet."""
        self._got = -2  # bytes of the body so far; below 0 while in the length field
        self._skip = self._lost = False

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
        After BAD everything is swallowed until `reset`, or until a packet if the reader slides.
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
                    self._lost = False
                    self.found = PACKET
                    return i
        return i

    def _judge(self):
        # True if the length says something at once.
        length = self.length
        if self._smallest <= length <= self._size:
            return False
        if self._lost:
            self._next()  # two zero bytes in the middle of something are no alert
            return False
        if length == 0:
            self._got = -2
            self.found = ALERT
        else:
            self.found = BAD
            if self._slide:
                self._next()
            else:
                self.swallow()
        return True

    def _next(self):
        # The second byte of the length is tried as its first.
        self._lost = True
        self._got = -1
        self.length = (self.length & 0xFF) << 8
