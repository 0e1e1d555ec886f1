"""ET36 and ET42: the sizes of the logs, and all that sizes the readable data (p. 107-119)."""

from .. import registers
from . import logs, reads
from .layout import u16, u32
from .mbus import READ_ENTRY, RECURRING
from .reads import BIDN

_FIXED = 41


class Dimensions:
    """What the parts of a ``site`` say of themselves, in the two tables that collect it."""

    def __init__(self, model, site):
        self._model = model
        self._site = site

    def _logs(self):
        # Table, bytes of an entry, most, now.
        site, model = self._site, self._model
        resets = reads.RESET_ENTRIES if model.demands else 0
        return (
            (31, site.reads.entry_size, 255, reads.ONE_TIME_ENTRIES),
            (32, READ_ENTRY, 255, 8),
            (38, 35, 255, 10),
            (41, site.reads.reset_size if resets else 0, 255, resets),
            (45, READ_ENTRY, 253, RECURRING),
            (75, site.logs.channel_change_size, 253, 2),
            (81, 12, 253, logs.OUTAGES),
        )

    def _et36(self):
        out = bytes([len(self._logs())])
        for table, size, most, now in self._logs():
            length = 1 if table in (41, 45) else 0
            out += (
                u16(0x0800 | table) + u16(size) + u16(most) + u16(now) + bytes([length]) + bytes(8)
            )
        return out + bytes([0x41])

    def _et42(self):
        model = self._model
        bt21 = registers.dimensions(model)
        first = self._site.profile.sets[0]
        block = len(registers.current_registers(model, _Nothing())) - (1 if model.demands else 0)
        flags = 0x10 | (0x0F if model.demands else 0)
        out = bytes([_FIXED, len(self._logs())]) + u16(0x0003) + u16(0) + u16(BIDN)
        out += bytes([flags]) + bytes(bt21[2:10]) + bytes([15, 1])
        out += u16(block // (1 + model.tiers))
        out += u32(first.block_size) + u16(first.blocks)
        out += bytes([len(first.sources), first.minutes, first.interval_size, 0])
        out += u16(first.intervals) + bytes([0, 0])
        out += bytes([0x06]) + u16(logs.PRIMARY) + bytes([logs.ARGUMENT])
        assert len(out) == _FIXED - 2
        for _, size, _, now in self._logs():
            out += bytes([now]) + u16(size)
        selection = registers.data_selection(model)
        n = len(model.sum_numbers)
        out += selection[n : n + model.demands]
        at = n + model.demands + (model.demands + 7) // 8
        out += selection[at : at + model.coincidents]
        out += b"".join(u16(s) for s in first.sources)
        types = self._site.mbus.types()
        out += bytes([len(types)]) + b"".join(types)
        out += self._more_sets()
        if model.firmware >= (3, 60):
            tail = u16(0)
            if model.firmware >= (3, 70):
                tail += bytes([0]) + u16(logs.ALTERNATE) + bytes([model.energy_unit, 9])
            out += bytes([1 + len(tail)]) + tail
        return u16(2 + len(out)) + out

    def _more_sets(self):
        sets = self._site.profile.sets[1:]
        if not sets:
            return b""
        out = bytes([(1 << len(sets)) - 1])
        for s in sets:
            out += u32(s.block_size) + u16(s.blocks) + bytes([len(s.sources), s.minutes])
            out += bytes([s.interval_size, 0]) + u16(s.intervals) + bytes([0, 0])
            out += b"".join(u16(source) for source in s.sources)
        return out

    def tables(self):
        """``{number: function of a unix time}``."""
        return {2048 + 36: lambda now: self._et36(), 2048 + 42: lambda now: self._et42()}


class _Nothing:
    # A house of zeros, to measure BT23.
    outages = outage_seconds = 0
    maximum = maximum_ms = (0,) * 4
    at_maximum = ((0,) * 4,) * 4

    def total(self, _):
        return 0

    def tier_energy(self, _tier, _kind):
        return 0
