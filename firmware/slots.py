"""Which version of the application runs: the tree that was flashed, or an update in a slot.

main.py calls `choose`, out of the flashed tree, before anything else is imported. What it goes by
is a record that `firmware.storage` keeps; see docs/updates.md for its fields. A new version is on
trial until it calls `confirm`.
"""

import gc
import json
import os
import sys
from binascii import hexlify
from hashlib import sha256

from shim import const
from . import storage

TOP = "/"
RECORD = "update"
_PIECE = const(1024)
STARTS = const(3)  # that a version has on trial


def load():
    """The record (dict): ``active`` and ``previous`` ("a", "b", or "" for the flashed tree), each
    slot's [version, SHA-256, bytes], ``trial`` (starts so far, -1: none is on trial),
    ``image`` ([partition before, partition on trial, version]), ``back`` ([version, why ...] of
    the last version given up) and whether that was ``told``.
    """
    record = {"active": "", "previous": "", "a": None, "b": None, "trial": -1}
    record.update({"image": None, "back": None, "told": True})
    try:
        record.update(json.loads(str(storage.load(TOP + RECORD) or b"{}", "utf-8")))
    except (TypeError, ValueError):  # no record of ours: the flashed tree runs
        pass
    return record


def save(record):
    """Keep the record. Raises StorageError."""
    storage.save(TOP + RECORD, json.dumps(record).encode())


def place(slot):
    """The file that is the slot: a whole bundle."""
    return TOP + "slot." + slot


def running():
    """The slot that this very module comes from; "" is the flashed tree."""
    for slot in ("a", "b"):
        if __file__.startswith("/slot_%s/" % slot):
            return slot
    return ""


def choose(woken=False):
    """Put the version that is to run on ``sys.path``; (its slot, whether it is on trial).

    The slot is None where the chip must start again first, with another interpreter.
    ``woken``: this start ends a deep sleep, which a version on trial may have.
    """
    record = load()
    try:
        if _count(record, woken):
            return None, False
    except storage.StorageError:
        # What cannot be counted is not tried.
        if record["trial"] >= 0 and not record["image"]:
            record["active"] = record["previous"]
            record["trial"] = -1
    found = record["active"]
    while found and not whole(found, record, woken):
        found = record["previous"]
        try:
            give_up(record, "damaged")
        except storage.StorageError:
            pass
    if found:
        _use(found)
    return found, record["trial"] >= 0


def _count(record, woken):
    # True if the chip must start again.
    image = record["image"]
    if image:
        from .hal import ota

        if ota.running() != image[1]:  # the boot loader knew better
            return give_up(record, "boot")
    if record["trial"] >= 0 and not woken:
        if record["trial"] >= STARTS:
            return give_up(record, "starts", STARTS)
        record["trial"] += 1
        save(record)
    return False


def whole(slot, record, quick=False):
    """True if ``slot`` is, byte for byte, what was verified; ``quick``: at least as long."""
    path = place(slot)
    try:
        _, digest, size = record[slot]
        if quick:
            return os.stat(path)[6] == size
        h = sha256()
        buf = bytearray(_PIECE)
        view = memoryview(buf)
        with open(path, "rb") as f:
            while True:
                n = f.readinto(buf)
                if not n:
                    return hexlify(h.digest()).decode() == digest
                h.update(view[:n])
    except (OSError, ValueError, TypeError):
        return False


def _use(slot):
    from .pack import Pack

    top = "/slot_" + slot
    os.mount(Pack(place(slot)), top)
    sys.path[:] = [top, ".frozen", top + "/lib"]
    # What chose belongs to another version.
    for name in list(sys.modules):
        if name == "shim" or name == "firmware" or name.startswith("firmware."):
            del sys.modules[name]
    gc.collect()


def give_up(record, *why):
    """Go back to the version before the active one, or its image; True if the chip must restart.

    ``why``: a reason of `firmware.update_texts` and its parameters. Raises StorageError.
    """
    image = record["image"]
    restart = False
    if image:
        from .hal import ota

        # First, so that no cut leaves the new image without a record of its trial.
        ota.boot(image[0])
        restart = ota.running() != image[0]
        version = image[2]
        record["image"] = None
    else:
        slot = record["active"]
        version = record[slot][0] if slot and record[slot] else ""
        if slot:
            record[slot] = None
        record["active"] = record["previous"]
        record["previous"] = ""
    record["back"] = [version] + list(why)
    record["told"] = False
    record["trial"] = -1
    save(record)
    return restart


def on_trial(record):
    """True if what runs here is what the record has on trial."""
    if record["trial"] < 0:
        return False
    if record["image"]:
        from .hal import ota

        return ota.running() == record["image"][1]
    return running() == record["active"]


def confirm():
    """What runs here is healthy and stays. Raises StorageError."""
    record = load()
    if on_trial(record):
        if record["image"]:
            from .hal import ota

            ota.keep()
        record["image"] = None
        record["trial"] = -1
        save(record)


def late():
    """The time for a trial is over: True if there is none any more, else it is given up."""
    record = load()
    if record["trial"] < 0:
        return True
    give_up(record, "late")
    return False


def failed(error):
    """The active version could not even be imported: it is given up. Raises StorageError."""
    record = load()
    # Without its file it is not tried again, even if the flash is too full for a record.
    storage.delete(place(record["active"]))
    give_up(record, "import", "%s: %s" % (type(error).__name__, error))


def tell(guard):
    """Tell ``guard`` which version runs; once, why another does not any more (text, else "")."""
    record = load()
    slot = running()
    guard.trial = on_trial(record)
    if slot and record[slot]:
        guard.version = record[slot][0]
    else:
        from .version import VERSION

        guard.version = VERSION
    if not record["told"]:
        from . import update_texts

        back = record["back"]
        # Its short lives say nothing of the version before it.
        guard.healthy()
        text = "update %s: %s" % (back[0], update_texts.line(back[1:]))
        guard.note(text)
        record["told"] = True
        save(record)
        return text
    return ""
