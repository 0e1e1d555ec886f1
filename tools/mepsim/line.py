"""The physics of the line: how long bytes, pauses and answers take. Times are in ms (float)."""

SEGMENT = 117  # bytes of a reply between two pauses (guide, p. 21)


class Timing:
    """When each byte of a packet has arrived.

    ``answer_ms``, from a request's last byte to the reply's start, is not in the guide: our
    choice. ``gap_ms`` is the meter's patience between two bytes of a request.
    """

    def __init__(self, baud=9600, pause_ms=25.0, spacing_ms=100.0, answer_ms=10.0, gap_ms=50.0):
        self.byte_ms = 10000.0 / baud if baud else 0.0
        self.pause_ms = pause_ms
        self.spacing_ms = spacing_ms
        self.answer_ms = answer_ms
        self.gap_ms = gap_ms

    def arrival(self, i):
        """ms from a reply's start until its byte ``i`` is there."""
        return (i + 1) * self.byte_ms + i // SEGMENT * self.pause_ms

    def duration(self, n):
        """ms that a reply of ``n`` bytes takes."""
        return self.arrival(n - 1) if n else 0.0

    def arrived(self, n, ms):
        """How many of ``n`` bytes have arrived ``ms`` after the reply's start."""
        if ms < 0:
            return 0
        if not self.byte_ms:
            return n
        whole = SEGMENT * self.byte_ms + self.pause_ms
        segments = int(ms // whole)
        rest = int((ms - segments * whole) / self.byte_ms + 1e-6)
        return min(n, segments * SEGMENT + min(SEGMENT, rest))

    def exchange_ms(self, request, reply):
        """The shortest time from one request to the next: packets of that many bytes."""
        busy = request * self.byte_ms + self.answer_ms + self.duration(reply)
        return max(self.spacing_ms, busy)


def unpaced():
    """No time at all, for tests that are after something else."""
    return Timing(baud=0, pause_ms=0.0, spacing_ms=0.0, answer_ms=0.0)
