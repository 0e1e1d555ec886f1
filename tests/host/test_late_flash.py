"""`firmware.late` on flash whose power fails at any byte: nothing twice, only memory is lost."""

import random

import pytest
from cutfs import KINDS, Disk, PowerCut

from firmware import storage
from latekit import Use, World
from proofkit import scale

pytestmark = pytest.mark.proof

LIVES = scale("PROOF_CUTS", 100)


@pytest.mark.parametrize("room", [1 << 30, 4000])
@pytest.mark.parametrize("kind", KINDS)
def test_lives(kind, room, monkeypatch):
    """Outages of the broker and of the supply, each at a random moment, on large and full flash."""
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
