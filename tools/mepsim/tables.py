"""The meter's tables as bytes, by number: who may write them, and what is in them.

Every offset comes from the guide (p. 55-258), none from `lib/osgp`. Tables that change by
themselves are functions of the time; the others are memory that a client may write.
"""

import time

from . import delta, registers
from .access import levels
from .calls import NUMBERS
from .house import Site

ET = 2048

ET13_ALERT_FLAGS = 8  # within a MEP client's entry
ET50_FLAGS = 30
ET13_BAUD = 6
BAUD = (9600, 300, 600, 1200, 2400, 4800, 9600, 14400, 19200, 28800, 38400, 57600, 115200)
REGISTERED, ET59_RESPONSE, MBUS_ALERTS = 0x01, 0x02, 0x04
MEP1_ENTRY = 4  # after four M-Bus devices
_CONFIG_SIZE = 66  # ET11.1
_ET04_SEQUENCE = 103
_ET04_IDT = 116


def put(table, offset, data):
    """Write ``data`` (bytes) into ``table`` (bytearray) at ``offset``."""
    assert offset + len(data) <= len(table)
    table[offset : offset + len(data)] = data


def _u16(value):
    return value.to_bytes(2, "little")


def _bitmap(numbers, size):
    bits = 0
    for n in numbers:
        bits |= 1 << n
    return bits.to_bytes(size, "little")


def general_configuration(model, numbers, procedures):
    """BT00: formats, sizes, then which tables and procedures there are."""
    extended = 20 if model.gen4 else 13
    head = bytes([0x02, 0x0A, 0x88]) + model.manufacturer.encode()
    head += bytes([2, 0, 255, 12, 1, 0, 10, extended, 2, 12, 9, 4 if model.gen4 else 3])
    head += _bitmap([n for n in numbers if n < ET], 10)
    head += _bitmap([n - ET for n in numbers if n >= ET], extended)
    basic = [n for n in procedures if n < ET]
    mfg = [n - ET for n in procedures if n >= ET]
    return head + _bitmap(basic, 2) + _bitmap(mfg, 12)


def manufacturer(model):
    """BT01: manufacturer, model, firmware version at 14 and 15, most significant byte first."""
    major, minor, build = model.firmware
    out = bytearray(32)
    put(out, 0, model.manufacturer.ljust(4).encode())
    put(out, 4, model.model.ljust(8).encode())
    out[12] = 2
    put(out, 14, (major << 12 | minor << 5 | build).to_bytes(2, "big"))
    put(out, 16, b" " * 16)
    return out


def constants(model):
    """BT15: multiplier, offset, whether the ratios are applied, CT ratio, VT ratio."""
    i32 = registers.i32
    applied = bytes([model.ratios_applied])
    return i32(1) + i32(0) + applied + i32(model.ct_ratio) + i32(model.vt_ratio)


def utc_clock(seconds):
    """BT52 at a unix time: two-digit year, month, day, hour, minute, second, flags."""
    t = time.gmtime(seconds)
    weekday = (t.tm_wday + 1) % 7  # Sunday is 0
    stamp = (t.tm_year % 100, t.tm_mon, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec)
    return bytes(stamp) + bytes([0x10 | weekday])


def utility(model):
    """ET03: utility serial number, image CRC at 137."""
    out = bytearray(143)
    put(out, 0, model.serial.encode().ljust(30))
    put(out, 137, _u16(model.image_crc))
    return out


def system(model):
    """ET04: program id at 14, IDT version at 116; the rest are believable defaults."""
    out = bytearray(140 if model.gen4 else 129 if model.firmware >= (3, 80) else 123)
    put(out, 4, bytes.fromhex("050012345678"))
    out[13] = 50
    put(out, 14, bytes.fromhex(model.program_id))
    put(out, 22, b"mepsim".ljust(30))
    out[53] = 10
    out[54] = 4
    out[55] = 4
    put(out, 56, _u16(10))
    put(out, 58, _u16(100))
    put(out, 60, _u16(230))
    put(out, 100, _u16(512))
    out[_ET04_IDT] = model.idt_version
    return out


def mfg_dimensions(model):
    """ET11: how many devices and clients, and the sizes of ET13..ET16, ET34, ET50, ET57."""
    out = bytearray(39)
    put(out, 0, bytes([6 if model.gen4 else 5, _CONFIG_SIZE, 36, 5, 6]))
    put(out, 5, _u16(517) + _u16(896) + _u16(1785))
    put(out, 11, bytes([25, 16, 22]))
    put(out, 18, bytes([10, 10, 65, 120, 6, 10, 10, 16, 80, 10]))
    put(out, 28, _u16(261) + _u16(769))
    put(out, 32, bytes([6, 7, model.channels, 10]) + _u16(1250) + bytes([3]))
    # What each firmware added (p. 79).
    sizes = (
        ((4, 30), 39),
        ((4, 0), 38),
        ((3, 50), 32),
        ((3, 40), 28),
        ((3, 30), 27),
        ((0, 0), 24),
    )
    return out[: next(size for since, size in sizes if model.firmware >= since)]


def device_configuration(model):
    """ET13: an entry for each M-Bus device and MEP client. No read is scheduled."""
    devices = 6 if model.gen4 else 5
    out = bytearray(devices * _CONFIG_SIZE)
    for i in range(devices):
        at = i * _CONFIG_SIZE
        out[at] = 39  # day: never, together with
        out[at + 3] = 2  # weekly
        out[at + 6] = 0 if i >= MEP1_ENTRY else 4  # 9600 and 2400 baud
    return out


def inbound_size(model):
    """Bytes of one client's entry in ET50."""
    return 35 + 6 * mfg_dimensions(model)[22]


def client_configuration(model):
    """ET51: health time-out 60 s, on-demand 30 s, optical session 600 s and 300 s."""
    entry = bytes([0x01]) + _u16(60) + bytes([30]) + _u16(600) + _u16(300)
    entry += bytes([1]) if model.firmware >= (3, 40) else b""
    entry += bytes(1) if model.firmware >= (3, 70) else b""
    return bytearray(entry * model.channels)


def meter_configuration(model):
    """ET55: zeros but for what stands behind the step tariffs, at A (p. 155-158)."""
    a = (147 if model.gen4 else 146) + 4 * (registers.dimensions(model, True)[7] - 1)
    out = bytearray(a + (62 if model.gen4 else 40))
    out[a + 5] = 1
    put(out, a + 10, _u16(15) + _u16(600) + _u16(1008))
    out[a + 38] = 110
    out[a + 39] = model.energy_unit
    put(out, a + 16, bytes(16) + _u16(1) + _u16(180) + bytes([10, 90]))
    if model.gen4:
        put(out, a + 42, _u16(600) + _u16(300))
    # Before 3.70 there are no step tariffs and nothing behind them, before 3.50 one data set.
    return out[: 109 if model.firmware < (3, 50) else 119 if model.firmware < (3, 60) else None]


class Tables:
    """All tables of one meter. ``house`` moves the registers; ``epoch`` is unix time at 0 ms.

    ``client``: the number of the MEP client that the line belongs to. ``clock_ahead``: seconds
    by which the meter's clock has been set forward.
    """

    def __init__(self, model, house, epoch, client=1):
        if not 1 <= client <= model.channels:
            raise ValueError("client %d: this meter has %d" % (client, model.channels))
        self.client = client
        self.clock_ahead = 0
        self.on_baud = None  # function that is told a new rate of the line
        self.model = model
        self.house = house
        self.epoch = epoch
        self.levels = levels(model.firmware)
        self.site = Site(model, house, epoch, self)
        self.memory = {
            1: manufacturer(model),
            7: bytearray(3 + 255),
            8: bytearray(4 + 12),
            15: bytearray(constants(model)),
            20: registers.dimensions(model, True),
            21: registers.dimensions(model),
            22: registers.data_selection(model),
            27: registers.present_selection(model),
            ET + 3: utility(model),
            ET + 4: system(model),
            ET + 11: mfg_dimensions(model),
            ET + 13: device_configuration(model),
            ET + 50: bytearray(inbound_size(model) * model.channels),
            ET + 51: client_configuration(model),
            ET + 55: meter_configuration(model),
            ET + 59: bytearray(4 + 12),
        }
        if model.gen4:
            self.memory[ET + 85] = bytearray(4 + 12)
        self.memory[ET + 70] = bytearray(156 if model.gen4 else 142)
        if model.gen4:
            self.memory[ET + 70][142] = client
        self.memory[ET + 71] = delta.empty(10)
        self.memory.update(self.site.memory)
        self.site.mbus.configure(self.memory[ET + 13])
        self.live = self._live()
        numbers = {0, *self.memory, *self.live} & set(self.levels)
        self.memory[0] = general_configuration(model, sorted(numbers), NUMBERS)
        self.numbers = numbers

    def _live(self):
        # Tables that are made when they are read, as functions of the unix time in ms.
        def now(build):
            return lambda ms: build(ms // 1000)

        live = {number: now(build) for number, build in self.site.tables.items()}
        live[52] = lambda ms: utc_clock(ms // 1000 + self.clock_ahead)
        live[23] = lambda ms: registers.current_registers(self.model, self.house)
        live[28] = lambda ms: registers.present_registers(self.model, self.house)
        return live

    def read(self, number, ms):
        """The whole table as it is at ``ms``, or None if there is no such table."""
        if number not in self.numbers:
            return None
        build = self.live.get(number)
        if build is None:
            return self.memory[number]
        unix = int(self.epoch * 1000 + ms)
        self.house.at(unix)
        return build(unix)

    def writable(self, number):
        """The key level a write needs, NOBODY if it cannot be written, None if not there."""
        return self.levels[number] if number in self.numbers else None

    def write(self, number, offset, data):
        """Write as much of ``data`` as the table has room for (guide, table 2.7: Length)."""
        memory = self.memory[number]
        data = data[: len(memory) - offset]
        put(memory, offset, data)

    # -- fields that the meter itself reads and writes

    def set_sequence(self, number):
        """ET04.103: Gen 4 leaves it unused."""
        if not self.model.gen4:
            put(self.memory[ET + 4], _ET04_SEQUENCE, number.to_bytes(4, "little"))

    def next_idt_version(self):
        """Count ET04.116 up, as after a reconfiguration."""
        memory = self.memory[ET + 4]
        memory[_ET04_IDT] = (memory[_ET04_IDT] + 1) & 0xFF

    @property
    def _entry(self):
        # Where the client's part of ET13 begins: its entries come after those of M-Bus.
        return (MEP1_ENTRY + self.client - 1) * _CONFIG_SIZE

    @property
    def _inbound(self):
        return (self.client - 1) * inbound_size(self.model) + ET50_FLAGS

    def registered(self, client):
        """True if that MEP client is registered."""
        at = (client - 1) * inbound_size(self.model) + ET50_FLAGS
        return bool(self.memory[ET + 50][at] & REGISTERED)

    @property
    def client_flags(self):
        """ET50.30 of the MEP client."""
        return self.memory[ET + 50][self._inbound]

    @client_flags.setter
    def client_flags(self, flags):
        self.memory[ET + 50][self._inbound] = flags

    @property
    def alert_flags(self):
        """ET13's alert flags of the MEP client."""
        return self.memory[ET + 13][self._entry + ET13_ALERT_FLAGS]

    @alert_flags.setter
    def alert_flags(self, flags):
        self.memory[ET + 13][self._entry + ET13_ALERT_FLAGS] = flags

    @property
    def baud(self):
        """The line's rate that ET13 wants; 9600 where this meter cannot have it."""
        code = self.memory[ET + 13][self._entry + ET13_BAUD]
        rate = BAUD[code] if code < len(BAUD) else 9600
        return rate if rate <= 9600 or self.model.gen4 else 9600
