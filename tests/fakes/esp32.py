"""A stand-in for MicroPython's `esp32`. Not for the device.

Partitions are NOR flash: erasing sets every bit of a 4096-byte sector, writing only clears bits.
``table`` lists (type, subtype, address, size, label); a test may put its own there and `erase`.
``cut_after`` bytes more are written, then `PowerCut` is raised, at any byte. ``rollback`` says if
the boot loader was built to go back from an image that nobody marked as good.
"""

HEAP_DATA = 4
HEAP_EXEC = 1
SECTOR = 4096

clock = None
cut_after = None
rollback = True
heaps = [(120000, 40000, 31744, 20000), (15000, 9000, 8192, 8000)]

# The stock image for 4 MB has one application; this is its OTA variant, made small.
OTA = (
    (1, 2, 0x9000, 0x4000, "nvs"),
    (1, 0, 0xD000, 0x2000, "otadata"),
    (0, 16, 0x10000, 0x20000, "ota_0"),
    (0, 17, 0x30000, 0x20000, "ota_1"),
    (1, 129, 0x50000, 0x20000, "vfs"),
)
SINGLE = (
    (1, 2, 0x9000, 0x6000, "nvs"),
    (0, 0, 0x10000, 0x20000, "factory"),
    (1, 129, 0x30000, 0x20000, "vfs"),
)
table = OTA

_flash = {}  # (label, sector) -> bytearray; what is not there is erased
_boot = None
_running = None
_pending = False  # the running image must be marked valid, or the next start goes back


class PowerCut(BaseException):
    """The supply went away in the middle of a write."""


def erase(entries=None):
    """A new flash with the partition table ``entries``; the first application runs."""
    global table, _boot, _running, _pending, cut_after, rollback
    rollback = True
    table = entries or OTA
    _flash.clear()
    cut_after = None
    _pending = False
    _boot = _running = next(e for e in table if e[0] == 0)
    _sector(_boot, 0)[0] = 0xE9


def restart():
    """What the boot loader does: start the boot partition, or go back from an unmarked one."""
    global _boot, _running, _pending
    if _pending and _running is _boot:
        # It was started once and never marked: back to the other one.
        _boot = next(e for e in table if e[0] == 0 and e is not _running)
        _pending = False
    elif _boot is not _running:
        # A factory image is never pending: the boot loader has no state of it.
        _pending = rollback and _boot[1] >= 16
    _running = _boot


def idf_heap_info(capabilities):
    """[(total, free, largest free block, least free ever)] of each heap."""
    return list(heaps)


def _sector(entry, n):
    if (entry[4], n) not in _flash:
        _flash[(entry[4], n)] = bytearray(b"\xff" * SECTOR)
    return _flash[(entry[4], n)]


class Partition:
    """esp32.Partition: block device and boot selection."""

    BOOT = 0
    RUNNING = 1
    TYPE_APP = 0
    TYPE_DATA = 1

    def __init__(self, id, block_size=SECTOR, entry=None):
        if entry is None:
            if isinstance(id, int):
                if id not in (0, 1):
                    raise ValueError
                entry = _boot if id == self.BOOT else _running
            else:
                found = [e for e in table if e[4] == id]
                if not found:
                    raise OSError(2)  # ENOENT
                entry = found[0]
        self._entry = entry
        self._block = block_size

    @staticmethod
    def find(type=0, subtype=255, label=None, block_size=SECTOR):
        return [
            Partition(e[4], block_size, e)
            for e in table
            if e[0] == type and subtype in (255, e[1]) and label in (None, e[4])
        ]

    def info(self):
        e = self._entry
        return (e[0], e[1], e[2], e[3], e[4], False)

    def readblocks(self, block, buf, offset=0):
        at = block * self._block + offset
        self._inside(at, len(buf))
        for i in range(len(buf)):
            sector = _flash.get((self._entry[4], (at + i) // SECTOR))
            buf[i] = sector[(at + i) % SECTOR] if sector else 255

    def writeblocks(self, block, buf, offset=None):
        at = block * self._block + (offset or 0)
        self._inside(at, len(buf))
        if offset is None:
            for sector in range(at // SECTOR, (at + len(buf) - 1) // SECTOR + 1):
                self._erase(sector)
        self._write(at, buf)

    def ioctl(self, command, argument):
        if command == 4:
            return self._entry[3] // self._block
        if command == 5:
            return self._block
        if command == 6:
            if self._block != SECTOR:
                return -22
            self._erase(argument)
        return 0 if command in (1, 2, 3, 6) else None

    def set_boot(self):
        global _boot, _pending
        if self._entry[0] != self.TYPE_APP or _sector(self._entry, 0)[0] != 0xE9:
            raise OSError(-5379, "ESP_ERR_OTA_VALIDATE_FAILED")
        if self._entry is _running:
            # The running image chosen anew counts as one that was kept.
            _pending = False
        _boot = self._entry

    def get_next_update(self):
        slots = [e for e in table if e[0] == 0 and e[1] >= 16]
        if not slots or (len(slots) == 1 and slots[0] is _running):
            raise OSError(2)
        at = slots.index(_running) + 1 if _running in slots else 0
        entry = slots[at % len(slots)]
        return Partition(entry[4], SECTOR, entry)

    @classmethod
    def mark_app_valid_cancel_rollback(cls):
        global _pending
        _pending = False

    def _inside(self, at, n):
        if at < 0 or at + n > self._entry[3]:
            raise OSError(-260, "ESP_ERR_INVALID_SIZE")

    def _erase(self, sector):
        self._inside(sector * SECTOR, SECTOR)
        _spend(1)
        _flash.pop((self._entry[4], sector), None)

    def _write(self, at, buf):
        for i in range(len(buf)):
            _spend(1)
            _sector(self._entry, (at + i) // SECTOR)[(at + i) % SECTOR] &= buf[i]


def _spend(n):
    global cut_after
    if cut_after is not None:
        cut_after -= n
        if cut_after < 0:
            cut_after = None
            raise PowerCut
