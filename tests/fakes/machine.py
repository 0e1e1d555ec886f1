"""A stand-in for MicroPython's `machine` on ESP32. Not for the device.

Beyond machine's own names a test uses: `power_on`, `restart` (what a reset keeps and loses),
`UART.ports` and `Pin.pins` (the objects made), `trace` (every change of a pin as (ms, pin, what)).
"""

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

clock = None
trace = []  # the latest levels of pins, in order: (ms, pin, level or "in")
_MOST = 2000
slept = None

_cause = PWRON_RESET
_kind = "esp32"
_rtc = b""
_datetime = (2000, 1, 1, 5, 0, 0, 0, 0)
_freq = 160000000


class Reset(SystemExit):  # no other exception ends asyncio from inside a task, on CPython
    """The chip would start again now; ``cause`` is what `reset_cause` will say."""

    @property
    def cause(self):
        return self.args[0]


def power_on(kind="esp32"):
    """As after the supply came: everything forgotten."""
    global _kind, _rtc, _datetime
    _kind = kind
    _rtc = b""
    _datetime = (2000, 1, 1, 5, 0, 0, 0, 0)
    restart(PWRON_RESET, 1)


def restart(cause, raw=None):
    """As after a reset for ``cause``: pins, ports and watchdog gone, RTC memory kept.

    ``raw`` is the reset reason in the chip's register (1 power on, 15 brown-out); a brown-out is
    PWRON_RESET to the port (ports/esp32/modmachine.c) with another number there.
    """
    global _cause, _freq
    _cause = cause
    _freq = 160000000
    Pin.pins = {}
    UART.ports = {}
    WDT.running = None
    Timer.timers = {}
    del trace[:]
    mem32.raw = {1: 1, 2: 12, 3: 8, 4: 5, 5: 12}[cause] if raw is None else raw


def reset():
    """machine.reset()"""
    raise Reset(HARD_RESET)


def soft_reset():
    """machine.soft_reset()"""
    raise Reset(SOFT_RESET)


def deepsleep(time_ms=None):
    """machine.deepsleep(): never returns; the chip starts again after ``slept`` ms."""
    global slept
    slept = time_ms
    raise Reset(DEEPSLEEP_RESET)


def reset_cause():
    """machine.reset_cause()"""
    return _cause


def unique_id():
    """The base MAC on ESP32."""
    return b"\x24\x0a\xc4\x12\x34\x56"


def freq(hz=None):
    """machine.freq(): the port takes 20, 40, 80, 160 (and 240, not on C3) MHz."""
    global _freq
    if hz is None:
        return _freq
    most = 160 if _kind == "esp32c3" else 240
    if hz // 1000000 not in (20, 40, 80, 160, most) or hz % 1000000:
        raise ValueError("frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or %dMHz" % most)
    _freq = hz


class _Mem32:
    # Only the register of the reset reason: 0x34 (ESP32) or 0x38 (C3, S3) after RTC_CNTL's base.
    raw = 1

    def __getitem__(self, address):
        if address != (0x3FF48034 if _kind == "esp32" else 0x60008038):
            raise ValueError("the fake has no register 0x%x" % address)
        return 0x3000 | self.raw


mem32 = _Mem32()


class Pin:
    """machine.Pin: a level, a direction and a pull."""

    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2
    pins = {}

    def __new__(cls, id, *args, **kwargs):
        if isinstance(id, Pin):
            return id
        return object.__new__(cls)

    def __init__(self, id, mode=-1, pull=-1, value=None):
        if isinstance(id, Pin):
            self.init(mode, pull, value=value)
            return
        chip = _chips()[_kind]
        if not chip.has(id):
            raise ValueError("invalid pin")
        self.id = id
        known = Pin.pins.get(id)
        self.mode = known.mode if known else self.IN
        self.pull = known.pull if known else None
        self.level = known.level if known else 0
        self.outside = known.outside if known else None  # what a test drives it with
        Pin.pins[id] = self
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, value=None):
        if mode in (self.OUT, self.OPEN_DRAIN) and self.id in _chips()[_kind].inputs:
            raise ValueError("pin can only be input")
        # The port sets the level before the direction, so that the pin never glitches.
        if value is not None:
            self.level = 1 if value else 0
        if pull != -1:
            self.pull = pull
        if mode != -1:
            self.mode = mode
        if mode != -1 or value is not None:
            self._note()

    def value(self, x=None):
        if x is None:
            if self.mode == self.OUT:
                return self.level
            if self.outside is not None:
                return self.outside
            return 1 if self.pull == self.PULL_UP else 0
        self.level = 1 if x else 0
        self._note()

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def _note(self):
        state = self.level if self.mode == self.OUT else "in"
        if len(trace) >= _MOST:
            del trace[: _MOST // 2]
        trace.append((clock.ticks_ms(), self.id, state))


def _chips():
    from firmware.boards.chips import CHIPS

    return CHIPS


class UART:
    """machine.UART with ESP-IDF's buffers: a ring of ``rxbuf`` bytes behind 128 of hardware.

    When both are full the driver clears the hardware's (ports/esp32 on ESP-IDF 5): those bytes are
    lost and counted in ``lost``. A test feeds `arrive` and looks at ``sent``.
    """

    ports = {}

    def __init__(self, id, baudrate=115200, bits=8, parity=None, stop=1, **kw):
        if not 0 <= id < _chips()[_kind].uarts:
            raise ValueError("UART(%d) does not exist" % id)
        for key in kw:
            if key not in ("tx", "rx", "rts", "cts", "txbuf", "rxbuf", "timeout", "timeout_char"):
                raise TypeError("extra keyword arguments given")
        self.id = id
        self.baudrate = baudrate
        self.rxbuf = kw.get("rxbuf", 256)
        self.timeout = kw.get("timeout", 0)
        self.tx = kw.get("tx")
        self.rx = kw.get("rx")
        self.open = True
        self.lost = 0
        self.sent = []
        self.on_write = None  # called with each packet written
        self._ring = b""
        self._fifo = b""
        UART.ports[id] = self

    def arrive(self, data):
        """Bytes come in from the line."""
        if not self.open:
            return
        self._fifo += bytes(data)
        self._drain()
        if len(self._fifo) > 128:
            self.lost += len(self._fifo)
            self._fifo = b""

    def _drain(self):
        room = max(0, self.rxbuf - len(self._ring))
        self._ring += self._fifo[:room]
        self._fifo = self._fifo[room:]

    def _check(self):
        if not self.open:
            raise OSError(-258)  # ESP_ERR_INVALID_ARG: there is no driver

    def any(self):
        self._check()
        return len(self._ring)

    def readinto(self, buf, n=None):
        self._check()
        n = min(len(self._ring), len(buf) if n is None else n)
        if n == 0:
            if self.timeout:
                raise AssertionError("a read with a timeout would stop the event loop")
            return None
        buf[:n] = self._ring[:n]
        self._ring = self._ring[n:]
        self._drain()
        return n

    def read(self, n=None):
        buf = bytearray(self.any() if n is None else n)
        n = self.readinto(buf)
        return bytes(buf[:n]) if n else None

    def write(self, data):
        self._check()
        data = bytes(data)
        self.sent.append((clock.ticks_ms(), data))
        if self.on_write:
            self.on_write(data)
        return len(data)

    def deinit(self):
        self.open = False
        self._ring = self._fifo = b""


class WDT:
    """machine.WDT: once started it can only be fed. ``starved`` says if it would have bitten."""

    running = None

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        self.timeout = timeout
        self.feeds = 0
        self._bitten = False
        self._fed = clock.ticks_ms()
        WDT.running = self

    def feed(self):
        self._bitten = self.starved  # a late meal does not undo the reset
        self.feeds += 1
        self._fed = clock.ticks_ms()

    @property
    def starved(self):
        return self._bitten or clock.ticks_diff(clock.ticks_ms(), self._fed) > self.timeout


class Timer:
    """machine.Timer: a test calls `fire` when its time is over; a reset ends all of them."""

    ONE_SHOT = 0
    PERIODIC = 1
    timers = {}

    def __new__(cls, id, **how):
        # The port has one object for each of its hardware's timers.
        if not 0 <= id < (2 if _kind == "esp32c3" else 4):
            raise ValueError("invalid Timer number")
        if id not in Timer.timers:
            Timer.timers[id] = object.__new__(cls)
        return Timer.timers[id]

    def __init__(self, id, **how):
        self.id = id
        if how:
            self.init(**how)

    def init(self, mode=PERIODIC, period=0, callback=None):
        self.mode = mode
        self.period = period
        self.callback = callback

    def deinit(self):
        self.callback = None

    def fire(self):
        """The time is over."""
        callback = self.callback
        if self.mode == self.ONE_SHOT:
            self.callback = None
        callback(self)


class RTC:
    """machine.RTC: 2048 bytes of memory that every reset but the loss of supply keeps."""

    def memory(self, data=None):
        global _rtc
        if data is None:
            return _rtc
        if len(data) > 2048:
            raise ValueError("buffer too long")
        _rtc = bytes(data)

    def datetime(self, t=None):
        """(year, month, day, weekday, hour, minute, second, microsecond); here it stands still."""
        global _datetime
        if t is None:
            return _datetime
        if len(t) != 8:
            raise ValueError
        _datetime = tuple(t)
