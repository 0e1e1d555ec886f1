"""`firmware.late`: each minute without the broker arrives later, once, in order, with its time."""

import random

from firmware import late as module
from latekit import NOW, Files, PowerCut, Use, World
from test_readings import _reply

HOUR = 60


def _outage(world, minutes):
    world.mqtt.connected = False
    for _ in range(minutes):
        world.minute()


def test_each_minute_of_an_outage_arrives_once_in_order():
    for files in (None, Files()):
        world = World(files=files)

        with Use(world.files):
            for minutes in (1, 59, 60, 61, 200):
                _outage(world, minutes)
                assert world.late.status() == {"waiting": minutes, "lost": 0}
                world.mqtt.join()
                world.settle()
                assert world.late is None and not world.missing()
            assert "200 late readings delivered, 0" in world.logged[-1]
            assert world.mqtt.looks == 0  # nothing was in doubt

        assert not files or not files.files


def test_a_minute_is_kept_once_however_often_it_is_looked_at():
    world = World()
    world.start()
    for turns in (1, 2, 9, 30):
        world.minute(turns=turns)
    world.minute(1)  # the same minute, four seconds later: NOW is a whole one
    world.kept = world.kept[:8]
    assert world.late.status()["waiting"] == 4


def test_nothing_without_a_time_or_a_verified_value_of_this_minute():
    world = World()
    world.start()
    world.minute(known=False)
    assert world.late.status()["waiting"] == 0
    world.clock.seconds = world.utc
    world.clock.ticks += 60001  # the meter is silent
    world.late.turn()
    assert world.late.status()["waiting"] == 0
    _reply(world.store, 28, power_forward=5)
    world.late.turn()
    assert world.late._ring.get(0) == (world.utc, None, None, 5)


def test_the_oldest_make_room_and_are_counted():
    for files in (None, Files()):
        world = World(2, files)

        with Use(world.files):
            _outage(world, 500)
            lost = world.late.status()["lost"]
            assert 2 * HOUR <= 500 - lost <= 3 * HOUR
            assert world.late.status()["waiting"] == 500 - lost
            world.mqtt.join()
            world.settle()
            assert len(world.missing()) == lost and world.missing()[-1] == world.kept[2 * lost - 2]
            assert "%d had to make room" % lost in world.logged[-1]


def test_a_day_fits_into_the_default():
    files = Files()
    world = World(24, files)
    with Use(files):
        _outage(world, 24 * HOUR)
        assert world.late.status() == {"waiting": 24 * HOUR, "lost": 0}
        assert len(files.files) <= 24


def test_a_full_flash_costs_records_only():
    files = Files()
    world = World(24, files)

    with Use(world.files):
        _outage(world, 150)
        files.full = True
        _outage(world, 300)
        status = world.late.status()
        assert status["waiting"] + status["lost"] == 450 and status["waiting"] >= HOUR
        files.full = False
        _outage(world, 60)
        status = world.late.status()
        assert status["waiting"] + status["lost"] == 510
        world.mqtt.join()
        world.settle()
        # The newest are there.
        lost = status["lost"]
        assert len(world.missing()) == lost and world.missing()[-1] == world.kept[2 * lost - 2]


def test_what_is_on_flash_outlives_the_supply_and_a_restart_keeps_the_rest():
    files = Files()
    world = World(24, files)

    with Use(world.files):
        _outage(world, 130)
        world.power_cut()
        assert list(world.fleeting) == [NOW + 60 * n for n in range(121, 131)]
        world.start()
        assert module.kept() == [0, 1] and world.late.status()["waiting"] == 120
        _outage(world, 5)
        world.late.keep()
        world.start()
        assert world.late.status()["waiting"] == 125
        world.mqtt.join()
        world.settle()
        assert world.missing() == world.fleeting
        assert world.mqtt.looks == 1 and module.kept() == []


def test_what_an_earlier_life_left_is_found_or_forgotten():
    files = Files()
    world = World(24, files)
    with Use(files):
        assert module.left(world) is None
        _outage(world, 130)
        late = module.left(world)
        assert late.status() == {"waiting": 120, "lost": 0}
        world.config["mqtt_buffer_h"] = 0
        assert module.left(world) is None and not files.files


def test_a_clock_that_is_set_right_neither_stops_nor_doubles():
    world = World()

    with Use(world.files):
        world.start()
        for seconds in (60, 60, -7200, 60, 60, 86400, 60, -3600, 60):
            world.minute(seconds)
        world.mqtt.faults = 2
        while world.late:
            world.mqtt.join()
            world.settle()
        assert not world.missing()


def _random_life(world, files):
    """Minutes, outages, faults of the broker, power cuts, mixed."""
    with Use(files):
        world.start()
        for _ in range(30):
            try:
                what = random.randint(0, 5)
                if files and what < 2:
                    files.left = random.randint(1, 4)
                if what < 4:
                    _outage(world, random.choice((1, 2, 30, 61, 130)))
                world.mqtt.join()
                world.mqtt.faults = random.choice((0, 1, 5, 30))
                world.settle(random.choice((3, 40, 300, 1 << 20)))
                world.minute()
                if files and what == 5:
                    raise PowerCut
            except PowerCut:
                files.left = None
                world.power_cut()
                world.start()
        if files:
            files.left = None
        world.mqtt.faults = 0
        while world.late:
            world.mqtt.join()
            world.settle()
    fleeting = set(world.fleeting)
    assert not [t for t in world.missing() if t not in fleeting]


def test_random_outages_and_lost_acknowledgements():
    for seed in range(6):
        random.seed(seed)
        _random_life(World(72), None)


def test_random_power_cuts():
    for seed in range(12):
        random.seed(seed)
        files = Files()
        _random_life(World(72, files), files)


def test_live_values_first_and_no_listener_left():
    world = World()
    gone = []

    class Listener:
        def leave(self):
            gone.append(True)
            return True

    with Use():
        _outage(world, 3)
        world.mqtt._incoming = Listener()
        world.mqtt.join()
        world.late.turn()
        for _ in range(20):
            world.late._task.step()
        assert not world.mqtt.got  # the store has no newer snapshot yet
        world.settle()
        assert len(world.mqtt.got) == 6 and gone == [True]


def test_what_it_cannot_do_is_logged_and_tried_again():
    world = World()

    with Use(world.files):
        _outage(world, 3)
        world.mqtt.join()
        world.mqtt.deliver = None
        world.settle(9)
        assert world.late and "late readings: TypeError" in world.logged[-1]
        del world.mqtt.deliver
        world.settle()
        assert not world.missing()
