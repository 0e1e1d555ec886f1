"""The fault timeline: one module through router, broker, meter, supply, flash and clock faults.

Each test plays one chapter of `timelinescript` or `timelinechip` on the real firmware, from
`firmware.start` on, in virtual time.
"""

import timelinechip as chip
import timelinescript as script
from timelineevents import EVENTS
from timelinekit import World


def play(chapter):
    world = World(chapter.config, chapter.ticks)
    world.play(chapter.rows, EVENTS)
    assert not world.wrong, "\n".join(world.wrong[:12])
    assert len(world.rows) == len(chapter.rows)
    return world


def test_start():
    first = play(script.START).first
    print("start to first published reading: %.1f s (boot: 3 s allowed)" % (first / 1000))


def test_router_that_starts_later():
    play(script.LATE_ROUTER)


def test_another_address():
    play(script.ADDRESS)


def test_wrong_password():
    play(script.PASSWORD)


def test_meter_silent():
    play(script.METER)


def test_another_meter():
    play(script.SWAP)


def test_brown_out():
    play(chip.BROWN_OUT)


def test_full_flash():
    play(chip.FULL_FLASH)


def test_first_start_on_a_full_flash():
    play(chip.FIRST_FULL)


def test_supply_goes_while_saving():
    play(chip.SAVING)


def test_corrupt_configuration():
    play(chip.CORRUPT)


def test_clock_jumps():
    play(chip.CLOCK)


def test_no_time():
    play(chip.NO_TIME)


def test_ticks_wrap():
    play(chip.TICKS)


def test_ticks_wrap_in_faults():
    play(chip.TICKS_FAULTS)


def test_half_of_the_ticks():
    play(chip.HALF)


def test_a_task_hangs():
    play(chip.HANGS)


def test_a_task_fails():
    play(chip.FAILS)
