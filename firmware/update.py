"""Take an update: verified, written beside what runs, and only then switched to.

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
_TRIED = "update.part"
_HEAD = "slots/head"
_ENOSPC = const(28)
_SPARE = const(8)  # blocks that the file system needs for itself
_CHIPS = {"esp32": 0, "esp32c3": 5, "esp32s3": 9}  # in an image's head (ESP-IDF, esp_app_format.h)
_busy = False


async def install(reader, length, key, chip="esp32"):
    """Take the bundle of ``length`` bytes that ``reader`` (`await read(n)`) gives; its version.

    ``key`` is the configuration's update_key. The version is on trial from the next start on.
    Raises BundleError.
    """
    global _busy
    if _busy:
        raise BundleError("busy", "")
    record = slots.load()
    if record["trial"] >= 0:
        raise BundleError("trial", "")
    _busy = True
    taken = False
    try:
        if not isinstance(reader, _File):
            storage.delete(slots.TOP + _TRIED)
        await _clear(record)
        version = await _install(reader, length, key, chip, record)
        taken = True
        return version
    except storage.StorageError as e:
        raise BundleError(*e.args)
    except OSError as e:
        raise BundleError("full" if e.errno == _ENOSPC else "write", "", e.errno)
    finally:
        _busy = False
        if not taken:
            await _clear(slots.load())


async def _install(reader, length, key, chip, record):
    source = bundle.Source(reader)
    block, free = room()
    _mkdir(slots.TOP + "slots")
    with open(slots.TOP + _HEAD, "wb") as f:
        head = await bundle.head(source, key, f.write, block)
    if length != head.length + head.size:
        raise BundleError("size", "", length, head.length + head.size)
    if head.kind == bundle.IMAGE:
        from .hal import ota

        await _image(source, head, chip, ota, record)
        return head.version
    _check(head)
    slot = "b" if record["active"] == "a" else "a"
    needed = head.blocks + 2 * head.folders + _SPARE  # LittleFS: two blocks a folder
    free += await _used(slot, record, block)
    if needed > free:
        raise BundleError("room", "", needed * block >> 10, free * block >> 10)
    if record[slot]:
        record[slot] = None
        if record["previous"] == slot:
            record["previous"] = ""
        slots.save(record)
    await _wipe(slots.folder(slot)[:-1])
    await _unpack(source, slots.folder(slot))
    if await source.piece(1):
        raise BundleError("size", "", length, head.length + head.size)
    await _read_back(slots.folder(slot))
    os.rename(slots.TOP + _HEAD, slots.folder(slot) + "index")
    record[slot] = [head.version, head.index]
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


async def _used(slot, record, block):
    # The blocks that the files of a slot will give back.
    blocks = 0
    if record[slot] and slots.whole(slot, record):
        last = ""
        with open(slots.folder(slot) + "index", "rb") as f:
            for line in f:
                _, size, path = bundle.entry(line)
                blocks += -(-size // block) + 2 * len(list(bundle.folders(last, path)))
                last = path
    return blocks


async def _unpack(source, folder):
    _mkdir(folder[:-1])
    last = ""
    with open(slots.TOP + _HEAD, "rb") as f:
        for line in f:
            digest, size, path = bundle.entry(line)
            for needed in bundle.folders(last, path):
                _mkdir(folder + needed)
            last = path
            with open(folder + path, "wb") as out:
                await _copy(source, size, digest, path, out.write)


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


async def _read_back(folder):
    buf = bytearray(PIECE)
    view = memoryview(buf)
    with open(slots.TOP + _HEAD, "rb") as f:
        for line in f:
            digest, _, path = bundle.entry(line)
            h = sha256()
            with open(folder + path, "rb") as g:
                while True:
                    n = g.readinto(buf)
                    if not n:
                        break
                    h.update(view[:n])
                    await sleep_ms(0)
            if hexlify(h.digest()).decode() != digest:
                raise BundleError("verify", "")


async def _image(source, head, chip, ota, record):
    # Into the partition that does not run, sector by sector.
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
    with open(slots.TOP + _HEAD, "rb") as f:
        digest, size, path = bundle.entry(f.readline())
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


async def take(key, chip):
    """Take the bundle that was copied to the module; its version. Raises BundleError.

    It is tried once, whatever happens meanwhile.
    """
    path = slots.TOP + _TRIED
    storage.delete(path)
    os.rename(slots.TOP + DROPPED, path)
    size = os.stat(path)[6]
    try:
        with open(path, "rb") as f:
            return await install(_File(f), size, key, chip)
    finally:
        storage.delete(path)


class _File:
    def __init__(self, f):
        self._f = f

    async def read(self, n):
        return self._f.read(n)


async def _clear(record):
    # What an update that was cut left: nothing of it counts.
    storage.delete(slots.TOP + _HEAD)
    for slot in ("a", "b"):
        if not record[slot]:
            await _wipe(slots.folder(slot)[:-1])


async def _wipe(path):
    # Remove a folder with all in it; the index goes first, so that half a slot is none.
    storage.delete(path + "/index")
    try:
        names = os.listdir(path)
    except OSError:  # there is none
        return
    for name in names:
        name = path + "/" + name
        if os.stat(name)[0] & 0x4000:
            await _wipe(name)
        else:
            os.remove(name)
        await sleep_ms(0)
    os.rmdir(path)


def _mkdir(path):
    try:
        os.mkdir(path)
    except OSError:  # it is there; if not, the first file in it tells
        pass
