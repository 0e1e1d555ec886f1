"""`firmware.late` on flash whose power fails at any byte: nothing twice, only memory is lost."""

import random
import subprocess

import pytest
from cutfs import KINDS, Disk, PowerCut
from proofkit import report, scale

from firmware import storage
from latekit import Use, World
from tools.paths import ROOT

pytestmark = pytest.mark.proof

LIVES = scale("PROOF_CUTS", 100)


@pytest.mark.parametrize("room", [1 << 30, 4000])
@pytest.mark.parametrize("kind", KINDS)
def test_lives(kind, room, monkeypatch):
    """Outages of broker and supply, each at a random moment, on a large and on a full flash."""
    random.seed(kind)
    disk = Disk(kind, random, room)
    world = World(72, storage)
    cuts = 0

    def mount(left=1 << 60):
        mounted = disk.mount(left)
        monkeypatch.setattr(storage, "os", mounted)
        monkeypatch.setattr(storage, "open", mounted.open, raising=False)
        return mounted

    for _ in range(LIVES):
        with Use(mount(random.randint(1, 4000))):
            try:
                world.start()
                world.mqtt.faults = random.choice((0, 3, 30))
                for _ in range(random.choice((1, 70, 130))):
                    world.minute()
                world.mqtt.join()
                world.settle(random.choice((3, 40, 300, 1 << 20)))
            except PowerCut:
                cuts += 1
            world.power_cut()
    with Use(mount()):
        world.start()
        world.mqtt.faults = 0
        while world.late:
            world.mqtt.join()
            world.settle()
    assert cuts > LIVES // 4
    fleeting = set(world.fleeting)
    lost = [t for t in world.missing() if t not in fleeting]
    assert len(lost) <= world.roomless
    if room > 4000:
        assert not lost
    assert not [name for name in disk.files if name.startswith("late/")]


def test_wear(micropython64):
    """An hour without the broker erases about one block of 4 KB, and a day of it takes 31."""
    hours = scale("PROOF_CUTS", 100)
    command = [micropython64, "-X", "heapsize=4m", "tests/host/late_wear.py", str(hours)]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    erased, most, used, waiting = [int(n) for n in run.stdout.split()]
    text = "%d hours without broker: %d erasures, %d of one block, %d blocks used, %d readings"
    report(text, hours, erased, most, used, waiting)
    assert erased <= 1.2 * hours and most <= 2 + hours // 20
    assert used <= 31 and waiting == 24 * 60
