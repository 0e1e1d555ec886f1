import asyncio

from firmware.readings import Readings

SOURCES = [
    ("power_forward", "W", 28, 0, 300000, False, 1),
    ("power_factor_l1", "1/1000", 28, -1000, 1000, False, 1),
    ("energy_forward", "Wh", 23, 0, 2147483647, True, 10),
]
DAY = 86400000


class Clock:
    """A clock by hand, with the chip's wrap."""

    def __init__(self, ticks=0):
        self.ticks = ticks
        self.seconds = None

    def ticks_ms(self):
        return self.ticks & 0x3FFFFFFF

    def ticks_diff(self, a, b):
        return ((a - b + 0x20000000) & 0x3FFFFFFF) - 0x20000000

    def unix(self):
        return self.seconds


def _store(ticks=0):
    clock = Clock(ticks)
    store = Readings(clock, stale_s=30)
    store.configure(SOURCES)
    return store, clock


def _reply(store, table, **values):
    for name in values:
        store.put(store.names.index(name), values[name])
    store.commit(table)


def test_unknown_is_none_never_zero():
    store, _ = _store()
    assert [store.value(i) for i in range(3)] == [None] * 3
    assert [store.age_ms(i) for i in range(3)] == [None] * 3
    assert store.snapshot == 0 and not store.online and store.reason


def test_values_units_ages():
    store, clock = _store(0x3FFFFFF0)  # the ticks wrap in between
    _reply(store, 28, power_forward=701, power_factor_l1=-875)
    clock.ticks += 5000
    _reply(store, 23, energy_forward=115921469)
    assert store.value(0) == 701 and store.age_ms(0) == 5000
    assert store.value(1) == -875
    assert store.value(2) == 1159214690 and store.age_ms(2) == 0
    assert store.table_ages() == {28: 5000, 23: 0}
    assert store.snapshot == 2 and store.reason == "" and store.online


def test_out_of_bounds_is_dropped_and_counted():
    store, clock = _store()
    _reply(store, 28, power_forward=701, power_factor_l1=1000)
    clock.ticks += 1000
    _reply(store, 28, power_forward=300001, power_factor_l1=-1001)
    assert store.dropped == 2
    # The value before stays with its own age, and is not passed off as one of this reply.
    assert store.value(0) == 701 and store.age_ms(0) == 1000 and store.fresh(0) is None


def test_energy_never_falls():
    store, clock = _store()
    _reply(store, 23, energy_forward=1000)
    for _ in range(5):
        _reply(store, 23, energy_forward=999)
        assert store.value(2) == 10000 and store.fresh(2) is None
    _reply(store, 23, energy_forward=1001)
    assert store.value(2) == 10010 and store.dropped == 5
    # One good reply forgets the falls before it.
    for _ in range(5):
        _reply(store, 23, energy_forward=10)
    assert store.value(2) == 10010 and store.resets == 0


def test_a_register_that_stays_low_was_set_back():
    store, _ = _store()
    _reply(store, 23, energy_forward=1000)
    for _ in range(6):
        _reply(store, 23, energy_forward=5)
    assert store.value(2) == 50 and store.resets == 1


def test_stale_and_expired():
    store, clock = _store()
    _reply(store, 28, power_forward=1)
    clock.ticks += 29999
    assert store.online
    clock.ticks += 1
    assert not store.online and store.value(0) == 1
    clock.ticks += 3600000
    store.expire()
    assert store.value(0) is None and store.age_ms(0) is None and store.table_ages() == {}
    clock.ticks += 12 * DAY
    assert not store.online


def test_new_sources_forget_all():
    store, _ = _store()
    _reply(store, 28, power_forward=1)
    store.configure(SOURCES[1:])
    assert store.names == ["power_factor_l1", "energy_forward"]
    assert store.value(0) is None and store.value(1) is None


def test_time_is_ours_else_the_meters_else_none():
    store, clock = _store()
    assert store.now() is None
    store.set_clock(1700000000)
    clock.ticks += 2500
    assert store.now() == 1700000002
    clock.seconds = 1800000000
    assert store.now() == 1800000000


def test_waiters_wake_once_per_snapshot():
    async def main():
        store, _ = _store()
        seen = []

        async def reader():
            n = store.snapshot
            while len(seen) < 2:
                await store.wait(n)
                n = store.snapshot
                seen.append((n, store.value(0)))

        tasks = [asyncio.create_task(reader())]
        await asyncio.sleep(0)
        _reply(store, 28, power_forward=1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        _reply(store, 28, power_forward=2)
        for t in tasks:
            await t
        return seen

    assert asyncio.run(main()) == [(1, 1), (2, 2)]


def test_put_does_not_allocate():
    try:
        import micropython
    except ImportError:
        return
    store, _ = _store()
    put = store.put
    micropython.heap_lock()
    try:
        put(0, 701)
        put(1, -875)
        put(2, 1073741823)
        put(0, 999999)
    finally:
        micropython.heap_unlock()
    assert store.dropped == 1
