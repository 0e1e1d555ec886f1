"""Images for `firmware.hal.ota`: into the second partition, tried, kept or left again."""

import sys

sys.path.append("tests")

from fakes import Chip, esp32
from firmware import bundle, slots, update
from updatekit import KEY, Flash, Sender, make

IMAGE = b"\xe9" + bytes(11) + b"\x00\x00" + bytes(range(256)) * 50
NAME = "micropython.app-bin"


class Chipped:
    """A chip with an OTA partition table, its flash, and what depends on it loaded anew."""

    def __init__(self, table=esp32.OTA):
        self._chip = Chip()
        self.flash = Flash()
        self._table = table

    def __enter__(self):
        self._chip.__enter__()
        esp32.erase(self._table)
        return self.flash.__enter__()

    def __exit__(self, *a):
        self.flash.__exit__(*a)
        self._chip.__exit__(*a)
        sys.modules.pop("firmware.hal.ota", None)
        esp32.erase()


def _bundle(data=IMAGE, arch="esp32", **more):
    return make({NAME: data}, kind="image", version="1.26", arch=arch, **more)


async def _send(data):
    return await update.install(Sender(data), len(data), KEY)


async def _refused(data):
    try:
        await _send(data)
    except bundle.BundleError as e:
        return e.args[0]
    return ""


def _runs():
    return esp32.Partition(esp32.Partition.RUNNING).info()[4]


def _start(flash):
    """A start as main.py does it: again, where another interpreter has to."""
    for _ in range(3):
        esp32.restart()
        slot, trial = flash.start()
        if slot is not None:
            return _runs(), trial
    raise AssertionError("does not come up")


def _read(label):
    part = esp32.Partition.find(esp32.Partition.TYPE_APP, label=label)[0]
    buf = bytearray(len(IMAGE))
    part.readblocks(0, buf)
    return bytes(buf)


async def test_an_image_is_tried_and_kept():
    for rollback in (True, False):
        with Chipped() as flash:
            esp32.rollback = rollback
            assert await _send(_bundle()) == "1.26"
            assert _runs() == "ota_0" and _read("ota_1") == IMAGE
            assert _start(flash) == ("ota_1", True)
            slots.confirm()
            for _ in range(4):
                assert _start(flash) == ("ota_1", False)
            # The next goes where the first one was.
            await _send(_bundle())
            assert _start(flash) == ("ota_0", True)


async def test_the_boot_loader_goes_back_after_one_start():
    with Chipped() as flash:
        await _send(_bundle())
        assert _start(flash) == ("ota_1", True)
        assert _start(flash) == ("ota_0", False)
        assert slots.load()["back"] == ["1.26", "boot"] and slots.load()["image"] is None
        assert _start(flash) == ("ota_0", False)


async def test_without_such_a_boot_loader_three_starts_are_the_most():
    with Chipped() as flash:
        esp32.rollback = False
        await _send(_bundle())
        for _ in range(3):
            assert _start(flash) == ("ota_1", True)
        assert _start(flash) == ("ota_0", False)
        assert slots.load()["back"] == ["1.26", "starts", 3]


async def test_an_image_that_is_late_is_left():
    for rollback in (True, False):
        with Chipped() as flash:
            esp32.rollback = rollback
            await _send(_bundle())
            _start(flash)
            assert slots.late() is False
            assert _start(flash) == ("ota_0", False)
            assert slots.load()["back"][:2] == ["1.26", "late"]


async def test_images_that_are_refused():
    for code, data in (
        ("image", _bundle(b"\x7fELF" + IMAGE[4:])),
        ("image", _bundle(IMAGE[:12] + b"\x05\x00" + IMAGE[14:])),
        ("arch", _bundle(arch="esp32c3")),
        ("mpy", _bundle(mpy="5.0")),
        ("signature", _bundle(key="1" * 64)),
        ("content", _bundle()[:-1] + b"!"),
        ("short", _bundle()[:3000]),
        ("head", _bundle(b"\xe9")),
        ("too_large", _bundle(IMAGE * 11)),
    ):
        with Chipped() as flash:
            found = await _refused(data)
            assert found == code or (code == "short" and found == "size"), (code, found)
            assert _start(flash) == ("ota_0", False)
            assert slots.load()["image"] is None and flash.files() == {}


async def test_the_stock_image_has_no_second_place():
    with Chipped(esp32.SINGLE) as flash:
        assert await _refused(_bundle()) == "no_ota"
        assert _start(flash) == ("factory", False)


async def test_power_cuts_at_any_byte():
    data = _bundle()
    whole = 4 + 4 * 4096  # sectors erased and bytes written
    for n in range(0, whole, whole // 25):
        with Chipped() as flash:
            esp32.cut_after = n
            try:
                await _send(data)
                assert n >= whole - 4096
            except esp32.PowerCut:
                pass
            update._busy = False
            esp32.cut_after = None
            if slots.load()["image"]:
                assert _read("ota_1") == IMAGE
                assert _start(flash) == ("ota_1", True)
            else:
                assert _start(flash) == ("ota_0", False)


async def test_what_the_boot_loader_does_not_take():
    with Chipped() as flash:
        from firmware.hal import ota

        def refuse(label):
            raise OSError(-5379, "ESP_ERR_OTA_VALIDATE_FAILED")

        kept = ota.boot
        ota.boot = refuse
        try:
            assert await _refused(_bundle()) == "image"
        finally:
            ota.boot = kept
        assert slots.load()["trial"] == -1 and _start(flash) == ("ota_0", False)
