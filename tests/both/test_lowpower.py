"""The profile low in virtual time: `firmware.lowpower` over the fake radio."""

import asyncio
import sys

sys.path.append("tests")

import timeloop
from fakes import Chip, network
from firmware import config, lowpower
from firmware import wifi as wifi_module
from firmware.hal import clock
from firmware.readings import Readings

NOW = 1767826800
KEY = "a7941d85bce8a8fa2ab7"
SOURCES = (
    ("power_forward", "W", 28, 0, 300000, False, 1),
    ("power_reverse", "W", 28, 0, 300000, False, 1),
    ("energy_forward", "Wh", 23, 0, 2147483647, True, 1),
    ("energy_reverse", "Wh", 23, 0, 2147483647, True, 1),
)
EVERY = 120


class World:
    """Time for all; the meter is read every second while ``reads``."""

    iso = staticmethod(clock.iso)
    seconds_of = staticmethod(clock.seconds_of)

    def __init__(self, utc=NOW):
        self.now = 0
        self.utc = utc
        self.end = None

    def advance(self, ms):
        self.now += ms

    def unheard(self, error):
        pass  # `Windows` hears of it

    def ticks_ms(self):
        return (self.now + (1 << 30) - 300000) % (1 << 30)  # wraps after five minutes

    def ticks_add(self, a, b):
        return (a + b) % (1 << 30)

    def ticks_diff(self, a, b):
        return (a - b + (1 << 29)) % (1 << 30) - (1 << 29)

    def unix(self):
        return None if self.utc is None else self.utc + self.now // 1000

    async def sleep_ms(self, ms):
        await asyncio.sleep(ms / 1000)


class Broker:
    """Stands in for `firmware.mqtt.sleeper`: connects at once where there is a network."""

    def __init__(self, world, wifi):
        self.world = world
        self.wifi = wifi
        self.connected = False
        self.up = True
        self.late = []  # (ms, record)
        self.sessions = []  # (ms of connection, ms of farewell)

    async def run(self):
        try:
            while not (self.up and self.wifi.online):
                await self.world.sleep_ms(100)
            self.connected = True
            self.began = self.world.now
            while True:
                await self.world.sleep_ms(1000)
        finally:
            self.connected = False

    async def hand_over(self, ring, store, alive):
        self.first = store.value(0)
        for i in range(ring.count):
            self.late.append((self.world.now, ring.get(i)))
        ring.drop(ring.count)
        return True

    async def bye(self):
        if self.connected:
            self.sessions.append((self.began, self.world.now))


class Rig:
    def __init__(self, utc=NOW, **given):
        self.world = World(utc)
        full = {"key": KEY, "mqtt_host": "broker", "wifi_ssid": "home", "power_profile": "low"}
        full.update({"wifi_password": "secret12", "radio_every_s": EVERY}, **given)
        self.config = config.validate(full)
        self.modules = (lowpower, wifi_module)
        self.button = False
        self.resets = []
        self.reads = True
        self.published = []
        self.lines = []

    def __enter__(self):
        self.chip = Chip(self.world)
        self.chip.__enter__()
        for module in self.modules:
            module.clock = self.world
        self.router = network.AccessPoint("home", "secret12")
        network.air.append(self.router)
        self.store = Readings(self.world)
        self.store.configure(SOURCES)
        self.wifi = wifi_module.Wifi(self.config, lowpower.Quiet(self.log), network)
        self.broker = Broker(self.world, self.wifi)
        self.windows = lowpower.Windows(
            self.config,
            self.store,
            self.wifi,
            self.broker,
            self._hold,
            self._publish,
            lambda: self.button,
            lambda: self.resets.append(self.world.now),
        )
        return self

    def __exit__(self, *_):
        for module in self.modules:
            module.clock = clock
        self.chip.__exit__()

    def log(self, level, text):
        self.lines.append(text)

    async def _hold(self):
        await self.world.sleep_ms(700)

    async def _publish(self):
        self.published.append(self.world.now)
        while True:
            await self.world.sleep_ms(60000)

    async def _meter(self):
        n = 0
        while True:
            if self.reads:
                n = self.world.now // 1000
                for i, value in enumerate((n, 2 * n, 100000 + n, 5)):
                    self.store.put(i, value)
                self.store.commit(28)
                self.store.commit(23)
            await self.world.sleep_ms(1000)

    def run(self, seconds, *steps):
        """Run for so long; ``steps`` are (second, function)."""

        async def go():
            tasks = [asyncio.create_task(self._meter()), asyncio.create_task(self.windows.run())]
            for at, step in sorted(steps, key=lambda s: s[0]):
                await self.world.sleep_ms(at * 1000 - self.world.now)
                step()
            await self.world.sleep_ms(seconds * 1000 - self.world.now)
            assert not tasks[1].done(), "it ended"
            for task in tasks:
                task.cancel()
                try:
                    await task
                except asyncio.CancelledError:
                    pass

        timeloop.run(self.world, go())


def _radio(rig):
    """Note when the radio goes on and off: list of [on, off] in seconds."""
    spans = []
    sta = network.WLAN(network.STA_IF)
    active = network.WLAN.active

    def noted(self, *what):
        if what and self is sta and what[0] != active(self):
            if what[0]:
                spans.append([rig.world.now / 1000, None])
            else:
                spans[-1][1] = rig.world.now / 1000
        return active(self, *what)

    network.WLAN.active = noted
    return spans, active


def test_the_radio_is_on_for_a_window_now_and_then():
    with Rig() as rig:
        spans, active = _radio(rig)
        try:
            rig.run(10 * EVERY - 10)
        finally:
            network.WLAN.active = active
        assert len(spans) == 10, spans
        for n, (on, off) in enumerate(spans):
            assert abs(on - n * EVERY - 0.7) < 6, spans  # after `hold`
            # Join 2 s, then the least of a window.
            assert 11 <= off - on <= 16, spans
        assert sum([off - on for on, off in spans]) < 10 * EVERY * 0.14
        assert not network.WLAN(network.STA_IF).active()
        assert len(rig.broker.sessions) == 10 and len(rig.published) == 10
        assert rig.wifi.state == "asleep"
        assert len([line for line in rig.lines if "online" in line]) == 1  # told once, not always


def test_what_was_kept_is_delivered_once_with_its_time():
    with Rig() as rig:
        rig.run(10 * EVERY)
        records = [record for _, record in rig.broker.late]
        times = [record[0] for record in records]
        assert times == sorted(times) and len(set(times)) == len(times)
        # One a minute but for the minutes that began in a window.
        minutes = [(t - NOW) // 60 for t in times]
        missing = [m for m in range(minutes[0], minutes[-1] + 1) if m not in minutes]
        assert len(minutes) >= 9 and len(missing) <= 10, (minutes, missing)
        for time, forward, reverse, power in records:
            at = time - NOW
            assert abs(forward - 100000 - at) <= 1 and reverse == 5 and abs(power + at) <= 1
        for sent, record in rig.broker.late:
            assert NOW + sent // 1000 - record[0] <= EVERY + 20


def test_nothing_is_lost_while_router_and_broker_are_away():
    with Rig() as rig:

        def router(up):
            rig.router.up = up

        def broker(up):
            rig.broker.up = up

        rig.run(
            3600,
            (130, lambda: router(False)),
            (1500, lambda: router(True)),
            (1600, lambda: broker(False)),
            (3000, lambda: broker(True)),
        )
        times = [record[0] for _, record in rig.broker.late]
        assert times == sorted(times) and len(set(times)) == len(times)
        minutes = [(t - NOW) // 60 for t in times]
        assert [m for m in range(4, 25) if m not in minutes] == []
        assert [m for m in range(28, 49) if m not in minutes] == []
        assert rig.windows.ring.lost == 0 and rig.resets == []


def test_a_full_ring_drops_the_oldest_and_counts_them():
    with Rig(radio_every_s=3600) as rig:
        rig.router.up = False
        rig.run(4 * 3600)
        ring = rig.windows.ring
        assert ring.count == 120 and ring.lost >= 115
        assert rig.windows.status()["kept"] == 120
        assert ring.get(119)[0] - ring.get(0)[0] == 119 * 60


def test_button_and_page_keep_the_window_open_for_five_minutes():
    with Rig(radio_every_s=3600) as rig:
        spans, active = _radio(rig)
        try:

            def press():
                rig.button = True

            def let_go():
                rig.button = False

            rig.run(
                3000,
                (1000, press),
                (1001, let_go),
                (1200, rig.windows.asked),
            )
        finally:
            network.WLAN.active = active
        assert len(spans) == 2, spans
        assert spans[0][1] < 30
        assert 1000 <= spans[1][0] <= 1002 and 1499 <= spans[1][1] <= 1502, spans


def test_a_request_is_noticed():
    class Page:
        async def dispatch_request(self, req):
            return "answer to " + req

    with Rig() as rig:
        page = Page()
        rig.windows.watch(page)
        assert timeloop.run(rig.world, page.dispatch_request("x")) == "answer to x"
        assert rig.windows.status()["stays_s"] == 300


def test_hours_without_network_are_told_but_rests_are_none():
    with Rig(radio_every_s=3600, ap_after_h=1) as rig:
        rig.run(5 * 3600)
        assert rig.resets == []
    with Rig(radio_every_s=600, ap_after_h=1) as rig:
        rig.router.up = False
        rig.run(2 * 3600)
        assert len(rig.resets) == 1 and 3600 <= rig.resets[0] / 1000 <= 4300


def test_without_any_clock_nothing_is_kept_and_the_window_waits_for_the_time():
    with Rig(utc=None) as rig:
        spans, active = _radio(rig)

        def known():
            rig.world.utc = NOW

        try:
            rig.run(200, (50, known))
        finally:
            network.WLAN.active = active
        assert 50 <= spans[0][1] <= 52
        assert all(record[0] >= NOW for _, record in rig.broker.late)


def test_a_silent_meter_leaves_nothing_to_keep():
    with Rig() as rig:
        rig.reads = False
        rig.run(400)
        assert rig.broker.late == [] and rig.windows.ring.count == 0


def test_a_fault_in_a_window_is_not_hidden_and_the_radio_goes_off():
    with Rig() as rig:

        async def broken():
            await rig.world.sleep_ms(3000)
            raise ValueError("broken")

        rig.wifi.run = broken

        async def go():
            try:
                await rig.windows.run()
            except ValueError as e:
                return str(e)

        assert timeloop.run(rig.world, go()) == "broken"
        assert not network.WLAN(network.STA_IF).active()
