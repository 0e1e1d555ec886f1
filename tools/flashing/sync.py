"""Bring a module's files to what was staged: copy only what differs, delete what is stale.

main.py goes first and comes back last, so a module whose cable was pulled in between stays at its
prompt instead of running a mixture, and the next run goes on where this one stopped.
"""

import hashlib
from pathlib import Path

from . import FlashError

LAST = ("/boot.py", "/main.py")
# Rooms that are ours as a whole. Files in /lib itself are ours only if we bring one of that name.
ROOMS = ("/firmware/", "/web/", "/lib/mep/", "/lib/osgp/", "/lib/c1218/", "/lib/microdot/")
ROOMS += ("/lib/umqtt/",)
# Updates over the network, and which of them runs (firmware/slots.py).
SLOTS = ("/slot.a", "/slot.b", "/slot.new", "/update.a", "/update.b", "/update.bundle")


class Plan:
    """``copy``: paths in their order, ``delete``: paths, ``same``: how many need nothing.

    Updates over the network go, so that ``tree`` is what runs, unless ``keep_updates``.
    """

    def __init__(self, tree, there, keep_updates=False):
        self.copy = [p for p in tree if there.get(p) != fingerprint(tree[p])]
        # What imports others is copied after them only for main.py's sake: it starts everything.
        self.copy.sort(key=lambda path: (LAST.index(path) + 1 if path in LAST else 0, path))
        gone = [p for p in there if p not in tree and _ours(p, tree)]
        if not keep_updates:
            gone += [p for p in there if p not in tree and p.startswith(SLOTS)]
        self.delete = sorted(set(gone))
        self.same = len(tree) - len(self.copy)
        self.bytes = sum(len(tree[p]) for p in self.copy)

    @property
    def empty(self):
        return not self.copy and not self.delete


def load(folder):
    """``{path on the module: bytes}`` of all files in ``folder``."""
    folder = Path(folder)
    files = [p for p in sorted(folder.rglob("*")) if p.is_file()]
    return {"/" + p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def fingerprint(data):
    """(size, sha256) as `Device.files` tells them."""
    return len(data), hashlib.sha256(data).hexdigest()


def check_room(plan, tree, there, info):
    """Raise FlashError if the module's flash cannot take what ``plan`` copies."""
    block = info["block"]

    def blocks(size):
        return -(-size // block)

    gone = [p for p in there if p in plan.delete or p in plan.copy]
    needed = sum(blocks(len(tree[p])) for p in plan.copy) - sum(blocks(there[p][0]) for p in gone)
    # One more copy of the largest for the moment of its exchange, and the file system's own.
    needed += max([blocks(len(tree[p])) for p in plan.copy], default=0) + 4
    if needed * block > info["free"]:
        raise FlashError(
            "the module's flash is full: %d KB are needed, %d KB are free; delete files of your "
            "own there, or write the image anew without --no-erase"
            % (needed * block >> 10, info["free"] >> 10)
        )


def apply(device, tree, plan, tell=None, before_start=None):
    """Carry out ``plan``; ``before_start()`` is called when all but the start is in its place."""
    if "/main.py" in tree and not plan.empty:
        device.remove(["/main.py"])
    device.remove(plan.delete)
    for path in plan.copy:
        if path != "/main.py":
            device.write(path, tree[path], tell)
    if before_start:
        before_start()
    if "/main.py" in tree and not plan.empty:
        device.write("/main.py", tree["/main.py"], tell)
    there = device.files() if not plan.empty else {}
    wrong = [p for p in plan.copy if there.get(p) != fingerprint(tree[p])]
    if wrong:
        raise FlashError(
            "%s arrived damaged; run the same command again, with a shorter cable" % wrong[0]
        )


def _ours(path, tree):
    if path.startswith(ROOMS) or (path.endswith(".new") and path[:-4] in tree):
        return True
    # A module's .py hides our .mpy of the same name, and the other way round.
    stem, dot, kind = path.rpartition(".")
    other = {"py": "mpy", "mpy": "py"}.get(kind)
    return other is not None and stem + dot + other in tree
