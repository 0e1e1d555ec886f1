"""Under MicroPython: the digest of a 470-byte packet, machine code against plain. Prints JSON."""

import json
import sys
import time

sys.path[:0] = ["lib"]

from mep import digest  # noqa: E402

ROUNDS = 300
SIZE = 470


def _time(steps):
    state = bytearray(33)
    for i in range(24):
        state[9 + i] = i * 37 & 0xFF
    packet = bytes([i * 7 & 0xFF for i in range(SIZE)])
    best = None
    for _ in range(5):
        began = time.ticks_us()
        for _ in range(ROUNDS):
            steps(state, packet, 0, SIZE)
        took = time.ticks_diff(time.ticks_us(), began)
        best = took if best is None or took < best else best
    return best / ROUNDS


plain = _time(digest.plain)
viper = _time(digest.steps)
print(json.dumps({"plain_us": plain, "viper_us": viper, "ratio": plain / viper}))
