"""Runs under MicroPython: updates on its real LittleFS, in memory, with the power cut at random.

    micropython tests/host/update_cuts.py CUTS SEED

Prints the count of cuts, and of operations.
"""

import asyncio
import os
import random
import sys

sys.path[:0] = [".", "lib", "tests/both"]

from cutflash import BLOCK, Flash  # noqa: E402  needs the line before

from firmware import bundle, slots, storage, update  # noqa: E402
from updatekit import KEY, Sender, make, unpack  # noqa: E402

BLOCKS = 200
OPERATIONS = ("install", "install", "install", "start", "start", "confirm", "back", "late")
NAMES = ("firmware/__init__.mpy", "firmware/app.mpy", "lib/a/b.mpy", "web/index.html.gz")
made = {}
used = ""


def use(slot):
    global used
    used = slot


def mount(data):
    flash = Flash(data)
    try:
        os.umount("/f")
    except OSError:
        pass
    os.mount(os.VfsLfs2(flash), "/f")
    return flash


def new():
    version = "v%d" % len(made)
    files = {}
    for name in NAMES:
        if random.random() < 0.9:
            files[name] = os.urandom(random.choice((0, 9, 700)))
    files["lib/shim.mpy"] = b"s"
    made[version] = files
    return make(files, version=version)


def perform(operation, data):
    update._busy = False
    try:
        if operation == "install":
            asyncio.new_event_loop()
            asyncio.run(update.install(Sender(data), len(data), KEY))
        elif operation == "confirm":
            slots.confirm()
        elif operation == "back":
            update.go_back()
        elif operation == "late":
            slots.late()
        else:
            use("")
            slots.choose()
    except (bundle.BundleError, storage.StorageError):
        pass


def runs():
    """The version that a start finds, whole; "" is the flashed tree."""
    use("")
    slot, _ = slots.choose()
    assert slot == used
    if not slot:
        return ""
    version = slots.load()[slot][0]
    with open("/f/slot." + slot, "rb") as f:
        assert unpack(f.read()) == made[version], version
    return version


def cut(flash, journal):
    """Apply a part of what an operation wrote and erased; True if it was all of it."""
    count = random.randint(0, len(journal))
    kind = random.random()
    if kind < 0.3:
        count = len(journal)
    elif kind < 0.7:
        # The end, where the new version begins to count, is short.
        count = max(0, len(journal) - random.randint(0, 12))
    for at, data in journal[:count]:
        flash[at : at + len(data)] = data
    if count == len(journal):
        return True
    # The last one happens in part.
    at, data = journal[count]
    size = random.randint(0, len(data))
    flash[at : at + size] = data[:size]
    return False


def do(flash, operation, data):
    """As in test_update_cuts.py.

    The operation runs to its end on a copy, and of what it did to the flash a part is done to
    ``flash``: an exception out of the block device would leave LittleFS's own memory in disorder,
    which a power cut does not.
    """
    was = used
    mount(bytearray(flash))
    before = runs()
    copy = bytearray(flash)
    journal = []
    mount(copy).journal = journal
    use(was)
    perform(operation, data)
    # What a start writes after it is no part of it.
    mount(bytearray(copy))
    after = runs()
    return cut(flash, journal), before, after


def main(cuts, seed):
    random.seed(seed)
    slots.TOP = "/f/"
    slots._use = use
    slots.running = lambda: used
    flash = bytearray(b"\xff" * BLOCK * BLOCKS)
    os.VfsLfs2.mkfs(Flash(flash))
    happened = operations = old = taken = 0
    while happened < cuts:
        operations += 1
        operation = random.choice(OPERATIONS)
        data = new() if operation == "install" else None
        done, before, after = do(flash, operation, data)
        mount(flash)
        found = runs()
        assert found == after if done else found in (before, after), (operation, operations)
        happened += not done
        if before != after:
            old += not done and found == before
            taken += done
    assert old > cuts // 20 and taken > cuts // 20, (old, taken)
    print("cuts %d operations %d" % (happened, operations))


main(int(sys.argv[1]), int(sys.argv[2]))
