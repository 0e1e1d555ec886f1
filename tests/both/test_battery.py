"""The profile battery over many wakes: `firmware.battery` on the fake chip, in virtual time."""

import json
import sys

sys.path.append("tests")

import timeloop
from fakes import Chip, machine, network
from firmware import battery, config
from firmware.boot_guard import BootGuard
from firmware.hal import ports
from firmware.kept import Kept
from firmware.meter import line as line_module
from firmware.meter import link as link_module
from firmware.mqtt import sleeper
from mepkit import KEY, TableMeter, i32s
from test_lowpower import NOW, World
from test_poller import _tables

EVERY = 60
K = 5


class Storage:
    """Files of no importance."""

    @staticmethod
    def load(name):
        return None

    @staticmethod
    def save(name, data):
        pass


class Broker:
    """In place of `Sleeper`; what it got is in ``sent``."""

    sent = None
    up = True

    def __init__(self, settings, log):
        self.connected = False
        self.reason = "connection refused"
        self.online = None

    def available(self, yes):
        self.online = yes

    async def run(self):
        self.connected = Broker.up

    def publish(self, topic, text, retain):
        assert retain
        Broker.sent.append((topic, json.loads(text)))

    async def hand_over(self, ring, store):
        from firmware import report

        if store.snapshot:
            Broker.sent.append(("readings", json.loads(bytes(report.snapshot(store)).decode())))
        for i in range(ring.count):
            Broker.sent.append(("late", json.loads(ring.text(i))))
        ring.drop(ring.count)
        return True

    async def bye(self):
        pass


class Rig:
    """Lives of one module; ``awake`` is how long each was (ms)."""

    def __init__(self, utc=NOW, **given):
        full = {"key": "01" * 16, "mqtt_host": "broker", "wifi_ssid": "home", "ntp_servers": ""}
        full.update({"power_profile": "battery", "sleep_s": EVERY, "sleep_readings": K})
        self.config = config.validate(dict(full, board="dabbler", **given))
        self.world = World(utc)
        self.awake = []
        self.radio = []  # whether each life used it
        self.faults = []
        self.trial = False
        self.modules = (battery, line_module, link_module)

    def __enter__(self):
        self.chip = Chip(self.world)
        self.chip.__enter__()
        network.air.append(network.AccessPoint("home", ""))
        self.kept = [(m, m.clock) for m in self.modules], ports.open_port, sleeper.Sleeper
        for module in self.modules:
            module.clock = self.world
        self.meter = TableMeter(self.world, _tables(), KEY)
        self.meter.close = lambda: None

        async def open_port(*_):
            self.pins = {n: machine.Pin.pins[n].value() for n in (5, 32)}
            return self.meter

        ports.open_port = open_port
        sleeper.Sleeper = Broker
        Broker.sent = []
        Broker.up = True
        self.cause = machine.PWRON_RESET
        return self

    def __exit__(self, *_):
        clocks, ports.open_port, sleeper.Sleeper = self.kept
        for module, clock in clocks:
            module.clock = clock
        self.chip.__exit__()

    def live(self, n=1):
        """``n`` wakes, each with the sleep behind it; what was sent in them."""
        from firmware.hal import esp32

        begin = len(Broker.sent)
        for _ in range(n):
            kept = network.air[:]
            machine.restart(self.cause)
            network.power_on()
            network.air.extend(kept)
            self.meter.tables[23] = i32s(201, 1000 + self.world.now // 1000, 3600)
            guard = BootGuard(esp32.reset_cause(), Storage, esp32.rtc())
            guard.trial = self.trial
            assert guard.mode() == "normal"
            began = self.world.now
            machine.slept = None
            try:
                with timeloop.Patched(self.world):
                    battery.run(self.config, guard)
                raise AssertionError("it came back")
            except machine.Reset as e:
                self.cause = e.cause
            self.awake.append(self.world.now - began)
            self.radio.append(any(c[0] == "connect" for c in network.calls()))
            self.faults += guard.faults
            assert guard._load() == 0  # a wanted end
            if machine.slept is not None:
                assert self.awake[-1] + machine.slept == max(EVERY * 1000, self.awake[-1] + 1000)
                self.world.now += machine.slept
        return Broker.sent[begin:]

    def ring(self):
        from firmware.hal import esp32

        return Kept(esp32.rtc()).ring


def _late(sent):
    return [document for topic, document in sent if topic == "late"]


def test_the_first_start_sends_at_once():
    with Rig() as rig:
        sent = dict(rig.live())
        assert rig.radio == [True] and rig.faults == []
        assert sent["mep/health"]["started"] == "power on" and sent["mep/health"]["notes"] == []
        assert sent["mep/meter"]["serial"] == "4080000000000000"
        assert sent["readings"]["values"]["power_forward"] == 701
        assert sent["readings"]["values"]["energy_forward"] == 1000
        assert sent["readings"]["values"]["energy_reverse"] == 201
        assert sent["readings"]["values"]["power_reverse"] is None  # this meter has none
        assert sent["readings"]["time"][:16] == "2026-01-07T23:00"
        assert "late" not in sent and rig.ring().count == 0
        assert rig.pins == {5: 0, 32: 1}  # ENABLE and supply on while it reads
        assert machine.freq() == 80000000


def test_readings_wait_for_the_kth_wake_and_come_once_in_order():
    with Rig() as rig:
        rig.live()
        sent = rig.live(3 * K - 1)
        assert rig.radio == [True] + 2 * ([False] * (K - 2) + [True, False]) + [False] * 0 + (
            [False] * (K - 2) + [True]
        )
        times = [d["time"] for d in _late(sent)]
        assert times == sorted(times) and len(set(times)) == len(times)
        live = [d for t, d in sent if t == "readings"]
        assert len(live) == 3 and len(times) == 3 * K - 1 - 3
        first = _late(sent)[0]
        # A minute after the start; the register counts the seconds.
        assert first["time"][:18] == "2026-01-07T23:01:0"
        assert first["values"]["power"] == 701
        assert first["values"]["energy_forward"] == 1060
        assert rig.ring().count == 0


def test_a_wake_is_short():
    with Rig() as rig:
        rig.live(K + 1)
        quiet = [ms for ms, radio in zip(rig.awake, rig.radio) if not radio]
        loud = [ms for ms, radio in zip(rig.awake, rig.radio) if radio]
        # Two seconds of these the line settles; two reads take less than half a one.
        assert len(quiet) == K - 1 and max(quiet) < 2800, quiet
        assert max(loud) < 8000, loud


def test_the_line_is_off_while_it_sleeps():
    with Rig() as rig:
        rig.live()
        assert machine.Pin.pins[5].value() == 1 and machine.Pin.pins[32].value() == 0


def test_garbage_in_the_memory_costs_the_readings_and_nothing_else():
    with Rig() as rig:
        rig.live(3)
        memory = machine.RTC()
        data = bytearray(memory.memory())
        data[60] ^= 4
        memory.memory(bytes(data))
        sent = rig.live()
        # It does not know where it is, so it looks and sends at once, what it has.
        assert rig.radio[-1] and _late(sent) == []
        assert [t for t, _ in sent if t == "readings"]
        memory.memory(b"\xff" * 2048)
        rig.live(K)
        assert rig.faults == []


def test_without_broker_or_router_all_is_kept_until_there_is_one():
    with Rig() as rig:
        rig.live()
        Broker.up = False
        rig.live(2 * K)
        network.air[0].up = False
        rig.live(2 * K)
        assert rig.ring().count == 4 * K
        network.air[0].up = True
        Broker.up = True
        sent = rig.live(K)
        times = [d["time"] for d in _late(sent)]
        assert len(times) >= 4 * K and len(set(times)) == len(times) and times == sorted(times)
        assert rig.ring().count < K


def test_a_full_memory_drops_the_oldest_and_tells():
    with Rig() as rig:
        rig.live()
        Broker.up = False
        rig.live(130)
        assert rig.ring().count == 111 and rig.ring().lost == 19
        Broker.up = True
        sent = rig.live(K)
        assert [d["lost"] for t, d in sent if t == "mep/health"] == [19 + K - 1]
        assert len(_late(sent)) == 110


def test_a_silent_meter_is_told_and_the_module_sleeps():
    with Rig() as rig:
        rig.live()
        rig.meter.silent = True
        sent = rig.live(2 * K)
        healths = [d for t, d in sent if t == "mep/health"]
        assert len(healths) == 2 and healths[1]["fails"] == K
        assert "no good reply from the meter" in healths[1]["notes"][0]
        assert [t for t, _ in sent if t in ("readings", "late")] == []
        assert max(rig.awake) < 20000
        rig.meter.silent = False
        sent = rig.live(K)
        assert [t for t, _ in sent if t == "readings"]


def test_without_a_clock_the_meters_is_taken():
    with Rig(utc=None) as rig:
        rig.live()
        assert rig.faults == []
        # What the chip's clock was set to; here it stands still.
        assert machine.RTC().datetime()[:3] == (2026, 11, 21)


def test_a_fault_of_ours_is_kept_and_the_module_sleeps():
    with Rig() as rig:
        keep = battery.records.reading

        def broken(store):
            raise ValueError("broken " + "01" * 16)

        battery.records.reading = broken
        try:
            rig.live()
        finally:
            battery.records.reading = keep
        assert rig.faults == ["ValueError: broken ***"]
        assert machine.slept > 50000


def test_an_update_on_trial_proves_itself_by_a_delivery():
    confirmed = []
    with Rig() as rig:
        from firmware import slots

        keep = slots.confirm
        slots.confirm = lambda: confirmed.append(True)
        try:
            rig.trial = True
            Broker.up = False
            rig.live()
            assert rig.cause == machine.HARD_RESET and confirmed == []
            Broker.up = True
            rig.live()
            assert rig.cause == machine.DEEPSLEEP_RESET and confirmed == [True]
        finally:
            slots.confirm = keep


def test_nothing_of_the_web_is_loaded():
    before = {name for name in sys.modules if name.startswith("firmware.web")}
    with Rig() as rig:
        rig.live(2)
    after = {name for name in sys.modules if name.startswith("firmware.web")}
    assert after == before
