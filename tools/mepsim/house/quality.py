"""Power quality: ET09 and ET80 (guide p. 67-76, 183), from outages and the story of the logs."""

from .layout import i32, ltime, put, u16, u32
from .logs import PHASE_LOSS, SAG, SWELL
from .past import DAY_S

_OUTAGES = 10  # ET04.53
_LONG_S = 180
_FRAME = 18 * _OUTAGES  # the guide's "ET04.53 * 18"
_THD_ENTRY = 70


class Quality:
    """ET09 of one meter."""

    def __init__(self, model, history, logs, epoch):
        self._model = model
        self._history = history
        self._logs = logs
        self._epoch = int(epoch)
        firmware = model.firmware
        size = _FRAME + (147 if firmware >= (3, 10) else 144) + 3 * _THD_ENTRY
        if firmware < (3, 10):
            size = _FRAME + 144
        if firmware >= (3, 70):
            size += 12 * 10
        if firmware >= (4, 10):
            size += 41
        if firmware >= (4, 21):
            size += 1
        self._size = size
        self.memory = {}
        if firmware >= (3, 70):
            self.memory[2048 + 80] = bytearray(b"\x00" + u16(60) + bytes([15]) + u32(0))

    def tables(self):
        """``{number: function of a unix time}``."""
        return {2048 + 9: self._et09}

    def _last(self, now, event, phase):
        # (times, voltages in V) of an event on a phase, by the argument's form.
        found = []
        for when, number, argument, _ in self._logs.events(now):
            if number != event:
                continue
            if event == PHASE_LOSS:
                if argument >> phase & 1:
                    found.append((when, 0))
            elif argument & 3 == phase:
                found.append((when, argument >> 2))
        return found

    def _et09(self, now):
        out = bytearray(self._size)
        put(out, 0, u16(_LONG_S) + bytes([0, 10, 10, 120]))
        outages = self._history.past.outages[::-1][:_OUTAGES]
        for i, (begin, end) in enumerate(outages):
            at = 6 + 18 * i
            put(out, at, ltime(end) + bytes([3, 0]) + ltime(begin) + u32(end - begin))
        b = _FRAME
        for event, at, volts_at in ((SAG, 6, 111), (SWELL, 30, 123), (PHASE_LOSS, 87, None)):
            for phase in range(3):
                found = self._last(now, event, phase)
                if not found:
                    continue
                put(out, b + at + 8 * phase, ltime(found[-1][0]) + u16(len(found)))
                if volts_at:
                    put(out, b + volts_at + 4 * phase, i32(found[-1][1] * 1000))
        day = self._epoch // DAY_S * DAY_S
        put(out, b + 54, i32(49871) + ltime(day - 61 * DAY_S + 64801))
        put(out, b + 64, i32(50142) + ltime(day - 24 * DAY_S + 1203))
        put(out, b + 74, u32(3) + u32(0) + u32(1))
        short = sum(end - begin < _LONG_S for begin, end in self._history.past.outages)
        put(out, b + 135, u32(short) + u32(0x00C0FFEE) + bytes([5]))
        if self._model.firmware >= (3, 10):
            put(out, b + 144, bytes([2]) + u16(10))
            self._thd(out, b + 147, day)
        if self._model.firmware >= (3, 70):
            self._averages(out, b + 357, day)
        if self._model.firmware >= (4, 10):
            put(out, b + 357 + 120, u16(500) + bytes([15]))
            put(out, b + 357 + 120 + 39, u16(600))
        return out

    def _thd(self, out, at, day):
        # Voltage, current, both: thresholds, then 22 bytes a phase.
        for kind, percent in enumerate((231, 1840, 2010)):
            put(out, at + _THD_ENTRY * kind, u16(10) + u16(800 if kind == 0 else 0))
            for phase in range(3):
                count = phase if kind == 0 else 0
                last = ltime(day - (9 + phase) * DAY_S + 47111) if count else bytes(6)
                most = ltime(day - (30 + phase) * DAY_S + 68400)
                entry = u16(count) + last + u16(percent * 2 + 11 * phase) + most
                put(out, at + _THD_ENTRY * kind + 4 + 22 * phase, entry + u16(percent + 7 * phase))

    def _averages(self, out, at, day):
        for i in range(12):
            begin = day - (i + 1) * 7 * DAY_S
            put(out, at + 10 * i, u16(3 + i) + u16(1 if i == 4 else 0) + ltime(begin))
