"""The digest's steps in machine code. A port without an emitter refuses this file at import.

Precompiled, it is good for one architecture only: see `tools/stage.py`.
"""

import micropython


@micropython.viper
def steps(state: ptr8, buf: ptr8, start: int, end: int):  # noqa: F821
    pos = state[8]
    i = start
    while i < end:
        v = 7 - (pos & 7)
        n = ~(state[v] + v) & 0xFF
        x = state[(v + 1) & 7] + buf[i]
        if (state[9 + (pos >> 3)] >> (pos & 7)) & 1:
            x += (n << 1) + (n >> 7)
        else:
            x -= (n >> 1) + (n << 7)
        state[v] = x
        pos += 1
        if pos == 192:
            pos = 0
        i += 1
    state[8] = pos
