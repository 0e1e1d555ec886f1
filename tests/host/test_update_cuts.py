"""Power cuts at random moments of updates: what runs next is always whole, and what was promised.

PROOF_CUTS is how many (2000 for the proof).
"""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from cutfs import KINDS, Disk, PowerCut

from firmware import bundle, slots, storage, update

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "both"))

from updatekit import KEY, Sender, make, unpack  # noqa: E402  needs the line before

pytestmark = pytest.mark.proof
CUTS = int(os.environ.get("PROOF_CUTS", "100"))
OPERATIONS = ("install", "install", "install", "start", "start", "confirm", "back", "late")


def drive(coroutine):
    """Run it to its end, without an event loop: nothing in it waits."""
    try:
        while True:
            coroutine.send(None)
    except StopIteration as e:
        return e.value


class Module:
    """A module's life on ``disk``: `do` an operation with a cut in it, `start` it."""

    def __init__(self, monkeypatch, disk):
        self.disk = disk
        self.made = {}  # version -> its files
        self._patch = monkeypatch
        self._used = ""
        monkeypatch.setattr(slots, "TOP", "")
        monkeypatch.setattr(slots, "_use", self._use)
        monkeypatch.setattr(slots, "running", lambda: self._used)

    def _use(self, slot):
        self._used = slot

    def power(self, disk, cut=1 << 60):
        """Have our code run on ``disk`` until the cut."""
        mounted = disk.mount(cut)
        for module in (slots, storage, update):
            self._patch.setattr(module, "os", mounted)
            self._patch.setattr(module, "open", mounted.open, raising=False)
        self._patch.setattr(update, "_busy", False)
        return mounted

    def new(self, chance):
        """A bundle of a version of its own."""
        version = "v%d" % len(self.made)
        names = ["firmware/__init__.mpy", "firmware/app.mpy", "lib/a/b.mpy", "web/index.html.gz"]
        files = {n: chance.randbytes(chance.choice((0, 9, 300))) for n in names}
        if chance.random() < 0.3:
            files.pop(chance.choice(names))
        self.made[version] = files
        return make(files, version=version)

    def perform(self, operation, data):
        """The operation itself; a refusal is an end like another."""
        try:
            if operation == "install":
                drive(update.install(Sender(data, most=200), len(data), KEY))
            elif operation == "confirm":
                slots.confirm()
            elif operation == "back":
                update.go_back()
            elif operation == "late":
                slots.late()
            else:
                self._used = ""
                slots.choose()
        except (bundle.BundleError, storage.StorageError):
            pass

    def do(self, operation, data, chance):
        """With the power cut somewhere in it; (came to its end, what would run with none of it,
        what with all of it)."""
        used = self._used
        before = self.runs(self.disk.copy())
        rehearsal = self.disk.copy()
        self._used = used
        whole = self.power(rehearsal)
        self.perform(operation, data)
        after = self.runs(rehearsal)
        self._used = used
        cut = chance.randint(0, whole.done)
        kind = chance.random()
        if kind < 0.3:
            cut = whole.done  # none
        elif kind < 0.7:
            # The end, where the new version begins to count, is short.
            cut = max(0, whole.done - chance.randint(0, 40))
        self.power(self.disk, cut)
        try:
            self.perform(operation, data)
            return True, before, after
        except PowerCut:
            return False, before, after

    def runs(self, disk):
        """The version that a start finds there, whole; "" is the flashed tree."""
        self.power(disk)
        self._used = ""
        slot, _ = slots.choose()
        assert slot == self._used
        if not slot:
            return ""
        version = slots.load()[slot][0]
        assert unpack(disk.files["slot." + slot]) == self.made[version], version
        return version


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("room", [1 << 30, 4200])
def test_updates(monkeypatch, kind, room):
    """Uploads, switches, trials, confirmations and ways back; the second flash is nearly full."""
    chance = random.Random(7)
    module = Module(monkeypatch, Disk(kind, chance, room))
    cuts = 0
    seen = set()
    while cuts < CUTS:
        operation = chance.choice(OPERATIONS)
        data = module.new(chance) if operation == "install" else None
        done, before, after = module.do(operation, data, chance)
        runs = module.runs(module.disk)
        assert runs == after if done else runs in (before, after), (operation, cuts)
        cuts += not done
        seen.add((operation, done, runs == after, before == after))
    # All of it happened: old and new, with and without a cut.
    for done, new in ((False, False), (False, True), (True, True)):
        assert ("install", done, new, False) in seen, (done, new)
    for operation in ("back", "late") if CUTS > 999 else ():
        assert (operation, False, False, False) in seen and (operation, True, True, False) in seen
    module.power(module.disk)
    assert set(slots.load()) == {
        *("active", "previous", "a", "b", "trial", "image", "back", "told")
    }


def _littlefs(micropython, cuts):
    command = [micropython, "-X", "heapsize=16m", "tests/host/update_cuts.py", str(cuts), "5"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1].startswith("cuts %d " % cuts), run.stdout


def test_the_real_littlefs(micropython64):
    """MicroPython's own LittleFS on a flash that dies while a block is written or erased."""
    _littlefs(micropython64, CUTS)


def test_the_real_littlefs_on_32_bit(micropython32):
    """The same where numbers are as small as on the chip."""
    _littlefs(micropython32, CUTS)
