"""Runs under MicroPython: saves on its real LittleFS, in memory, with the power cut at random.

    micropython tests/host/littlefs_cuts.py CUTS SEED

A cut leaves any part of the block being written or erased. Prints the count of cuts, and of saves.
"""

import os
import random
import sys

sys.path[:0] = [".", "lib"]

from cutflash import BLOCK, BLOCKS, Flash, PowerCut  # noqa: E402  needs the line before

from firmware import config, storage  # noqa: E402


def cut_while(data, work, *arguments):
    """Do ``work`` with a cut somewhere in it, or not at all; True if it came to its end."""
    flash = Flash(data, random.randint(0, 16))
    os.umount("/f")
    os.mount(os.VfsLfs2(flash), "/f")
    try:
        work(*arguments)
        return True
    except PowerCut:
        return False
    finally:
        flash.gone = True
        os.umount("/f")
        os.mount(os.VfsLfs2(Flash(data)), "/f")


def main(cuts, seed):
    random.seed(seed)
    flash = bytearray(b"\xff" * BLOCK * BLOCKS)
    os.VfsLfs2.mkfs(Flash(flash))
    os.mount(os.VfsLfs2(Flash(flash)), "/f")
    known = config.validate({}, False)
    config.store(known, "/f/config")
    counter = None
    happened = saves = 0
    while happened < cuts:
        saves += 1
        if saves % 4:
            data = (str(saves) + " " * random.randint(0, 900)).encode()
            done = cut_while(flash, storage.save, "/f/day", data)
            found = storage.load("/f/day")
            assert found == data or (not done and found == counter), (saves, done)
            counter = found
        else:
            changed = dict(known)
            changed["http_port"] = saves
            done = cut_while(flash, config.store, changed, "/f/config")
            found, notes = config.restore("/f/config")
            assert not notes and (found == changed or (not done and found == known)), saves
            known = found
        happened += not done
        # Neither harms the other.
        assert storage.load("/f/day") == counter
        assert config.restore("/f/config")[0] == known
    print("cuts %d saves %d" % (happened, saves))


main(int(sys.argv[1]), int(sys.argv[2]))
