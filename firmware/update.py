"""Take an update: received, verified as it lies on the flash, and only then switched to.

Loaded in settings mode and where a bundle was copied to the module; `firmware.slots` chooses
at the next start. Whatever goes wrong here, what ran before is what runs after. Nothing holds
the event loop longer than one write to the flash.
"""

import os
from binascii import hexlify
from hashlib import sha256

from shim import const
from . import bundle, slots, storage
from .bundle import PIECE, BundleError
from .hal.clock import sleep_ms

DROPPED = "update.bundle"  # a bundle copied to the module, taken at the next start
NEW = "slot.new"
_ENOSPC = const(28)
_SPARE = const(8)  # blocks that the file system and the configuration need
_CHIPS = {"esp32": 0, "esp32c3": 5, "esp32s3": 9}  # in an image's head (ESP-IDF, esp_app_format.h)
_busy = False


async def install(reader, length, key, chip="esp32"):
    """Take the bundle of ``length`` bytes that ``reader`` (`await read(n)`) gives; its version.

    ``key`` is the configuration's update_key. The version is on trial from the next start on.
    Raises BundleError.
    """
    return await _alone(_receive, reader, length, key, chip)


async def take(key, chip):
    """Take the bundle that was copied to the module; its version. Raises BundleError.

    It is tried once, whatever happens meanwhile.
    """
    return await _alone(_dropped, None, 0, key, chip)


async def _alone(work, *arguments):
    global _busy
    if _busy:
        raise BundleError("busy", "")
    _busy = True
    try:
        record = slots.load()
        if record["trial"] >= 0:
            raise BundleError("trial", "")
        return await work(record, *arguments)
    except storage.StorageError as e:
        raise BundleError(*e.args)
    except OSError as e:
        raise BundleError("full" if e.errno == _ENOSPC else "write", "", e.errno)
    finally:
        _busy = False
        # What is good has another name by now.
        storage.delete(slots.TOP + NEW)
        storage.delete(slots.TOP + DROPPED)


async def _dropped(record, reader, length, key, chip):
    path = slots.TOP + NEW
    storage.delete(path)
    os.rename(slots.TOP + DROPPED, path)
    with open(path, "rb") as f:
        head = await bundle.head(bundle.Source(_File(f)), key)
        if head.kind == bundle.IMAGE:
            f.seek(head.length)
            await _image(bundle.Source(_File(f)), head, chip, record)
            return head.version
    return await _accept(record, key)


async def _receive(record, reader, length, key, chip):
    path = slots.TOP + NEW
    with open(path, "wb") as f:
        tee = _Tee(reader, f.write)
        source = bundle.Source(tee)
        # Refused from its first lines on, if it has to be.
        head = await bundle.head(source, key)
        if length != head.length + head.size:
            raise BundleError("size", "", length, head.length + head.size)
        if head.kind == bundle.IMAGE:
            tee.write = len
            await _image(source, head, chip, record)
            return head.version
        _check(head)
        _make_room(record, length - tee.count)
        while tee.count < length:
            if not await tee.read(PIECE):
                raise BundleError("short", "")
            await sleep_ms(0)
    return await _accept(record, key)


async def _accept(record, key):
    # Verify all of what lies there, then switch to it.
    path = slots.TOP + NEW
    size = os.stat(path)[6]
    with open(path, "rb") as f:
        head = await bundle.head(bundle.Source(_File(f)), key)
    _check(head)
    if size != head.length + head.size:
        raise BundleError("size", "", size, head.length + head.size)
    digest = await _verify(path, head)
    slot = "b" if record["active"] == "a" else "a"
    if record[slot]:
        _forget(record, slot)
    storage.delete(slots.place(slot))
    os.rename(path, slots.place(slot))
    record[slot] = [head.version, digest, size]
    record["previous"] = record["active"]
    record["active"] = slot
    record["trial"] = 0
    slots.save(record)
    return head.version


def _check(head):
    arch, mpy = bundle.interpreter()
    if head.arch != arch:
        raise BundleError("arch", "", head.arch, arch, arch)
    if head.mpy != mpy:
        raise BundleError("mpy", "", head.mpy, mpy)


def room():
    """(bytes of a block, free blocks) of the flash's file system."""
    st = os.statvfs(slots.TOP)
    return st[0], st[3]


def _make_room(record, size):
    # For ``size`` bytes more; the version that is not in use goes if it has to.
    block, free = room()
    needed = -(-size // block) + _SPARE
    slot = "b" if record["active"] == "a" else "a"
    if needed > free:
        if record[slot]:
            kept = -(-record[slot][2] // block)
            if needed <= free + kept:
                _forget(record, slot)
                free += kept
        else:
            storage.delete(slots.place(slot))  # nobody's
            free = room()[1]
    if needed > free:
        raise BundleError("room", "", needed * block >> 10, free * block >> 10)


def _forget(record, slot):
    # First the record, then the file: nothing ever points to what is not there.
    record[slot] = None
    if record["previous"] == slot:
        record["previous"] = ""
    slots.save(record)
    storage.delete(slots.place(slot))


async def _verify(path, head):
    # Each file against its place in the list; SHA-256 of it all, as hex.
    whole = sha256()
    with open(path, "rb") as f, open(path, "rb") as g:
        f.readline()
        f.readline()
        source = bundle.Source(_File(g))
        left = head.length
        while left:
            data = await source.piece(min(left, PIECE))
            whole.update(data)
            left -= len(data)
            await sleep_ms(0)
        for _ in range(head.count):
            digest, size, name = bundle.entry(f.readline())
            await _copy(source, size, digest, name, whole.update)
    return hexlify(whole.digest()).decode()


async def _copy(source, size, digest, path, write):
    # ``size`` bytes from the source to ``write``, which must have the digest.
    h = sha256()
    while size:
        data = await source.piece(min(size, PIECE))
        if not data:
            raise BundleError("short", "")
        write(data)
        h.update(data)
        size -= len(data)
        await sleep_ms(0)
    if hexlify(h.digest()).decode() != digest:
        raise BundleError("content", "", path)


async def _image(source, head, chip, record):
    # Into the partition that does not run, sector by sector.
    from .hal import ota

    if head.arch != chip:
        raise BundleError("arch", "", head.arch, chip, chip)
    if head.mpy != bundle.interpreter()[1]:
        raise BundleError("mpy", "", head.mpy, bundle.interpreter()[1])
    part = ota.spare()
    if part is None:
        raise BundleError("no_ota", "")
    label, place = part.info()[4], part.info()[3]
    if head.size > place:
        raise BundleError("too_large", "", head.size >> 10, place >> 10)
    sectors = _Sectors(part, ota.SECTOR, _CHIPS.get(chip))
    digest, size, path = bundle.entry(head.first)
    if head.count != 1 or size < 16:
        raise BundleError("head", "")
    await _copy(source, size, digest, path, sectors.write)
    await sectors.check(size, digest)
    record["image"] = [ota.running(), label, head.version]
    record["trial"] = 0
    # The record first: without the other half the boot loader starts the old image, which
    # `slots.choose` takes for one that was given up.
    slots.save(record)
    try:
        ota.boot(label)
    except OSError:
        record["image"] = None
        record["trial"] = -1
        slots.save(record)
        raise BundleError("image", "", chip)


class _Sectors:
    # Writes whole sectors to ``part``, the last one filled up when it is checked.

    def __init__(self, part, sector, number):
        self._part = part
        self._buf = bytearray(sector)
        self._at = 0
        self._sector = 0
        self._number = number

    def write(self, data):
        view = memoryview(data)
        while len(view) > 0:
            if not self._at:
                # Apart from the writing: together they would take too long at once.
                self._part.ioctl(6, self._sector)
            n = min(len(view), len(self._buf) - self._at)
            self._buf[self._at : self._at + n] = view[:n]
            self._at += n
            view = view[n:]
            if self._at == len(self._buf):
                self._flush()

    def _flush(self):
        buf = self._buf
        if not self._sector and (buf[0] != 0xE9 or buf[12] | buf[13] << 8 != self._number):
            raise BundleError("image", "", "%02x" % buf[0])
        # With an offset, so that it is not erased again.
        self._part.writeblocks(self._sector, buf, 0)
        self._sector += 1
        self._at = 0

    async def check(self, size, digest):
        buf = self._buf
        if self._at:
            for i in range(self._at, len(buf)):
                buf[i] = 0xFF
            self._flush()
        h = sha256()
        sector = 0
        view = memoryview(buf)
        while size:
            n = min(size, len(buf))
            self._part.readblocks(sector, buf)
            h.update(view[:n])
            size -= n
            sector += 1
            await sleep_ms(0)
        if hexlify(h.digest()).decode() != digest:
            raise BundleError("verify", "")


def go_back():
    """Have the next start run the version before. Raises BundleError, StorageError."""
    record = slots.load()
    if record["trial"] >= 0:
        slots.give_up(record, "asked")
        return
    active, previous = record["active"], record["previous"]
    if active == previous or (previous and not slots.whole(previous, record)):
        raise BundleError("previous", "")
    record["active"], record["previous"] = previous, active
    record["back"] = [record[active][0] if active else "", "asked"]
    record["told"] = False
    slots.save(record)


class _File:
    def __init__(self, f):
        self._f = f

    async def read(self, n):
        return self._f.read(n)


class _Tee:
    # Keeps what it reads; ``count`` bytes so far.

    def __init__(self, reader, write):
        self._read = reader.read
        self.write = write
        self.count = 0

    async def read(self, n):
        try:
            data = await self._read(n)
        except OSError:  # the sender is gone
            return b""
        self.write(data)
        self.count += len(data)
        return data
