"""Power cuts at random moments: always the old or the new state, nothing acknowledged is lost.

PROOF_CUTS is how many (2000 for the proof).
"""

import json
import os
import random
import subprocess
from pathlib import Path

import pytest
from cutfs import KINDS, Disk, PowerCut

from firmware import config, days, storage

pytestmark = pytest.mark.proof

ROOT = Path(__file__).resolve().parents[2]
CUTS = int(os.environ.get("PROOF_CUTS", "200"))
KEY = "a7941d85bce8a8fa2ab7"


@pytest.fixture
def power(monkeypatch):
    """``power(disk, cut)`` has our code run on ``disk`` until the cut."""

    def on(disk, cut=1 << 60):
        mounted = disk.mount(cut)
        monkeypatch.setattr(storage, "os", mounted)
        monkeypatch.setattr(storage, "open", mounted.open, raising=False)
        return mounted

    return on


def _run(power, disk, work, chance):
    """Do ``work`` with the power cut at a random moment of it; True if it came to its end."""
    # How long it takes is measured on a copy, so that cuts fall evenly on all of it.
    rehearsal = Disk(disk.kind, chance, disk.room)
    rehearsal.files = dict(disk.files)
    whole = power(rehearsal)
    work()
    power(disk, chance.randint(0, whole.done))
    try:
        work()
        return True
    except PowerCut:
        return False
    finally:
        power(disk)


@pytest.mark.parametrize("kind", KINDS)
def test_counters(power, kind):
    """Day counters, saved again and again on the same flash, each save cut at random."""
    chance = random.Random(1)
    disk = Disk(kind, chance)
    known = None
    cut = new = 0
    for n in range(CUTS):
        data = json.dumps({"wh": n, "pad": "x" * chance.choice((0, 9, 200))}).encode()
        done = _run(power, disk, lambda: storage.save("day", data), chance)  # noqa: B023
        found = storage.load("day")
        assert found == data or (not done and found == known), (n, done, found, known)
        cut += not done
        new += not done and found == data
        known = found
    # The cuts did happen, some of them after the last byte that mattered.
    assert cut > CUTS * 0.9
    assert new > 0


class Meter:
    """A store with the registers of one moment."""

    resets = 0

    def __init__(self, now, wh, known):
        self.meter = {"serial": "4080"}
        self.names = ["energy_forward", "energy_reverse"]
        self.now = lambda: now
        self.value = lambda i: wh if i == 0 else 0
        self.age_ms = lambda i: 5
        self.days = known


@pytest.mark.parametrize("kind", KINDS)
def test_energy_of_the_day(power, kind):
    """The save at midnight is cut at random: the day goes on after the restart, or begins anew."""
    chance = random.Random(6)
    disk = Disk(kind, chance)
    zone = "UTC0"
    power(disk)
    now, wh = 1767830400, 0
    days.follow(Meter(now - 86400, wh, None), zone, storage)
    cut = lost = 0
    for n in range(CUTS):
        wh += chance.randint(0, 20000)
        before = days.load(storage)
        new = ["4080", now, wh, 0, wh - before[2], 0]

        def work():
            days.follow(Meter(now + 3, wh, None), zone, storage)  # noqa: B023

        done = _run(power, disk, work, chance)
        found = days.load(storage)
        assert found == new or (not done and found == before), n
        # The next life, a minute later: the count begins at midnight, with nothing lost.
        after = Meter(now + 60, wh + 5, None)
        days.follow(after, zone, storage)
        assert after.days[1] == (new if found == new else [*new[:2], wh + 5, 0, new[4] + 5, 0]), n
        cut += not done
        lost += found == before
        now += 86400
    assert cut > CUTS * 0.9 and lost > 0


@pytest.mark.parametrize("kind", KINDS)
def test_configuration(power, kind):
    """Changes of the configuration, stored and restored whole."""
    chance = random.Random(2)
    disk = Disk(kind, chance)
    known = config.validate({"key": KEY})
    power(disk)
    config.store(known)
    for n in range(CUTS):
        changed = dict(known, http_port=1 + n, mqtt_user="u" * chance.randint(0, 99))
        done = _run(power, disk, lambda: config.store(changed), chance)  # noqa: B023
        found, notes = config.restore()
        assert notes == []
        assert found == changed or (not done and found == known), n
        known = found


@pytest.mark.parametrize("kind", KINDS)
def test_first_file(power, kind):
    """A file config.json is taken over: before, after, or to be done again, never lost."""
    chance = random.Random(4)
    disk = Disk(kind, chance)
    power(disk)
    config.store(config.validate({"key": KEY, "mqtt_user": "kept"}))
    for n in range(CUTS):
        disk.files["config.json"] = b'{"http_port": %d}' % (n + 1)
        _run(power, disk, config.restore, chance)
        found, notes = config.restore()
        assert notes == []
        assert (found["http_port"], found["mqtt_user"]) == (n + 1, "kept")
        assert "config.json" not in disk.files


@pytest.mark.parametrize("kind", KINDS)
def test_full_flash(power, kind):
    """A flash with room for one copy and a half: refused or saved, the old never lost."""
    chance = random.Random(3)
    disk = Disk(kind, chance, room=400)
    known = None
    refused = 0
    for n in range(CUTS):
        data = b"%d " % n * chance.randint(1, 60)
        power(disk, chance.randint(0, 600))
        done = False
        try:
            storage.save("c", data)
            done = True
        except storage.StorageError as e:
            assert e.args[0] == "full"
            refused += 1
        except PowerCut:
            pass
        power(disk)
        found = storage.load("c")
        assert found == data or (not done and found == known), n
        known = found
    assert refused > 0


def _littlefs(micropython, cuts):
    command = [micropython, "-X", "heapsize=1m", "tests/host/littlefs_cuts.py", str(cuts), "5"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    # Before its last line stands what closing the dead lives' files brought: errors, rightly.
    assert run.stdout.splitlines()[-1].startswith("cuts %d " % cuts), run.stdout


def test_the_real_littlefs(micropython64):
    """MicroPython's own LittleFS on a flash that dies while a block is written or erased."""
    _littlefs(micropython64, CUTS)


def test_the_real_littlefs_on_32_bit(micropython32):
    """The same where numbers are as small as on the chip."""
    _littlefs(micropython32, CUTS // 4)
