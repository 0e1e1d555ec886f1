"""Delta data alerts: ET71's sources are sampled once a second (guide, p. 34 and 174-175)."""

from . import registers
from .models import SUM_SOURCES, VALUE_SOURCES

SAMPLE_MS = 1000.0
ENTRY = 13
UNUSED = 255
FLAG, MBUS_FLAG = 0x10, 0x08  # of ET13's alert flags
REGISTERED, MBUS_ENABLED, ENABLED = 0x01, 0x04, 0x08  # of ET50.30


def empty(count):
    """ET71 after each start: no source, no change."""
    return bytearray((bytes([UNUSED]) + bytes(ENTRY - 1)) * count)


def value_of(tables, source, seconds):
    """The present value of a source id, None if this meter does not have it."""
    model, house = tables.model, tables.house
    if source & 0xF000 == 0x4000:
        value = tables.site.devices.sample(source >> 8 & 15, source & 31, seconds)
        return None if value is None else int.from_bytes(value, "little", signed=True)
    if source in VALUE_SOURCES:
        number = VALUE_SOURCES.index(source)
        if number in model.value_numbers:
            return registers.present_values(model, house)[number]
    if source in SUM_SOURCES:
        number = SUM_SOURCES.index(source)
        if number in model.sum_numbers:
            return registers.summations(model, house, None)[number]
    return None


class Delta:
    """Looks at ET71 of ``tables``; the alert flag is set where a source moved by its amount."""

    def __init__(self, tables, number):
        self._tables = tables
        self._number = number
        self.next_ms = None
        self._hour = None

    def _entries(self):
        table = self._tables.memory.get(self._number)
        for at in range(0, len(table or ()), ENTRY):
            source = int.from_bytes(table[at : at + 2], "little")
            if source != UNUSED:
                yield table, at, source

    @property
    def active(self):
        """True while there is something to sample for a client that wants to know."""
        flags = self._tables.client_flags
        if not flags & REGISTERED:
            return False
        return bool(flags & MBUS_ENABLED or (flags & ENABLED and any(self._entries())))

    def due(self, ms):
        """When to sample next, None if never; ``ms`` is the present."""
        if not self.active:
            self.next_ms = None
        elif self.next_ms is None:
            self.next_ms = ms + SAMPLE_MS
        return self.next_ms

    def sample(self, ms):
        """Look at all sources."""
        self.next_ms = ms + SAMPLE_MS
        tables = self._tables
        unix = int(tables.epoch * 1000 + ms)
        tables.house.at(unix)
        self._mbus(unix // 1000)
        if tables.client_flags & ENABLED:
            self._compare(unix // 1000)

    def _mbus(self, seconds):
        # New load profile data of M-Bus devices, which are read once an hour (p. 82).
        hour = seconds // 3600
        if self._hour not in (None, hour) and self._tables.client_flags & MBUS_ENABLED:
            self._tables.alert_flags |= MBUS_FLAG
        self._hour = hour

    def _compare(self, seconds):
        tables = self._tables
        for table, at, source in self._entries():
            value = value_of(tables, source, seconds)
            table[at + 12] = value is None
            if value is None:
                continue
            table[at + 8 : at + 12] = registers.i32(value)
            amount = int.from_bytes(table[at + 2 : at + 4], "little")
            compared = int.from_bytes(table[at + 4 : at + 8], "little", signed=True)
            if amount and abs(value - compared) >= amount:
                table[at + 4 : at + 8] = registers.i32(value)
                tables.alert_flags |= FLAG
