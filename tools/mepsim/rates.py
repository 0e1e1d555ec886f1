"""What a UART makes of bytes that were sent at another rate: 8N1, bit by bit."""

_DATA = 8
_FRAME = 10  # start bit, data, stop bit


def heard(data, sent, at):
    """``data``, sent at the rate ``sent`` without pauses, as a receiver at the rate ``at`` has it.

    A receiver waits for a falling edge, looks into the middle of each bit as long as it takes
    them to be, and begins anew after the stop bit.
    """
    if sent == at:
        return data
    line = []
    for byte in data:
        line += [0, *(byte >> i & 1 for i in range(_DATA)), 1]
    bit = sent / at  # of the receiver's, in bits of the sender
    out = bytearray()
    t = 0.0
    while True:
        while t < len(line) and line[int(t)]:
            t = int(t) + 1.0
        if t >= len(line):
            return bytes(out)
        looks = [int(t + (i + 1.5) * bit) for i in range(_DATA + 1)]
        levels = [line[i] if i < len(line) else 1 for i in looks]
        out.append(sum(level << i for i, level in enumerate(levels[:_DATA])))
        t += (_FRAME - 0.5) * bit
        if not levels[_DATA]:
            # No stop bit: nothing can begin before the line has been at rest.
            while t < len(line) and not line[int(t)]:
                t = int(t) + 1.0
