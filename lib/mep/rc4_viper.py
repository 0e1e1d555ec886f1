"""RC4's steps in machine code. A port without an emitter refuses this file at import.

Precompiled, it is good for one architecture only: see `tools/stage.py`.
"""

import micropython


@micropython.viper
def schedule(state: ptr8, key: ptr8):  # noqa: F821
    i = 0
    while i < 256:
        state[i] = i
        i += 1
    y = 0
    i = 0
    while i < 256:
        s = state[i]
        y = (y + s + key[i & 15]) & 0xFF
        state[i] = state[y]
        state[y] = s
        i += 1
    state[256] = 0
    state[257] = 0


@micropython.viper
def crypt(state: ptr8, buf: ptr8, start: int, end: int):  # noqa: F821
    x = state[256]
    y = state[257]
    i = start
    while i < end:
        x = (x + 1) & 0xFF
        s = state[x]
        y = (y + s) & 0xFF
        t = state[y]
        state[x] = t
        state[y] = s
        buf[i] = buf[i] ^ state[(s + t) & 0xFF]
        i += 1
    state[256] = x
    state[257] = y


@micropython.viper
def copy(source: ptr8, target: ptr8):  # noqa: F821
    i = 0
    while i < 258:
        target[i] = source[i]
        i += 1
