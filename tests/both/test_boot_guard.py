import sys

sys.path.append("tests")

from fakes import Chip
from firmware.boot_guard import BootGuard
from virtual import Time


class Store:
    """`firmware.storage` in memory."""

    def __init__(self):
        self.files = {}
        self.full = False
        self.saves = 0

    def save(self, name, data):
        if self.full:
            raise OSError(28)
        self.saves += 1
        self.files[name] = bytes(data)

    def load(self, name):
        return self.files.get(name)

    def exists(self, path):
        return path in self.files


def _boot(memory, cause="reset", store=None, **how):
    guard = BootGuard(cause, store or Store(), memory)
    return guard.mode(**how), guard


def test_three_short_lives_then_safe_mode_then_one_more_try():
    with Chip(Time()) as chip:
        rtc = chip.machine.RTC()
        assert [_boot(rtc, "watchdog")[0] for _ in range(3)] == ["normal"] * 3
        mode, guard = _boot(rtc, "watchdog")
        assert mode == "safe" and "the last 3 lives were shorter than 60 s" in guard.why
        # Nothing stays in safe mode for ever; one more short life and it is back.
        assert [_boot(rtc)[0] for _ in range(5)] == ["normal", "safe"] * 2 + ["normal"]
        mode, guard = _boot(rtc, "reset")
        assert mode == "safe"
        assert _boot(rtc)[0] == "normal"
        _boot(rtc)[1].healthy()
        assert [_boot(rtc)[0] for _ in range(3)] == ["normal"] * 3


def test_a_long_life_counts_from_zero():
    with Chip(Time()) as chip:
        rtc = chip.machine.RTC()
        for _ in range(10):
            mode, guard = _boot(rtc)
            assert mode == "normal"
            _boot(rtc)
            guard.healthy()


def test_wanted_restarts_do_not_count():
    with Chip(Time()) as chip:
        rtc = chip.machine.RTC()
        for _ in range(10):
            assert _boot(rtc, "deep sleep")[0] == "normal"
            assert _boot(rtc, "soft reset")[0] == "normal"


def test_the_button_and_the_file():
    with Chip(Time()) as chip:
        rtc = chip.machine.RTC()
        mode, guard = _boot(rtc, "power on", held=True)
        assert mode == "safe" and "button" in guard.why
        mode, guard = _boot(rtc, "reset", file=True)
        assert mode == "safe" and "safe_mode" in guard.why
        assert _boot(rtc)[0] == "normal"


def test_the_memory_is_shared_and_forgets_without_supply():
    with Chip(Time()) as chip:
        rtc = chip.machine.RTC()
        _boot(rtc)
        rtc.memory(rtc.memory() + b"others' data")
        _boot(rtc)
        _boot(rtc)
        assert rtc.memory()[6:] == b"others' data"
        chip.machine.restart(chip.machine.WDT_RESET)
        assert _boot(rtc)[0] == "safe"
        chip.machine.power_on()
        assert [_boot(rtc)[0] for _ in range(3)] == ["normal"] * 3
        # What is no count is no count.
        for junk in (b"", b"mepB\x03\x03", b"\xff" * 40):
            rtc.memory(junk)
            assert _boot(rtc)[0] == "normal"


def test_without_such_memory_a_file_counts():
    store = Store()
    assert [_boot(None, "reset", store)[0] for _ in range(4)] == ["normal"] * 3 + ["safe"]
    store.full = True
    assert _boot(None, "reset", store)[0] == "normal"  # and a full flash stops nothing
    store.load = None
    assert _boot(None, "reset", store)[0] == "normal"


def test_faults_outlive_resets():
    store = Store()
    guard = BootGuard("reset", store, None, lambda text: text.replace("hunter2", "***"))
    for n in range(5):
        guard.note("fault %d with hunter2" % n)
    guard = BootGuard("watchdog", store)
    assert guard.faults == ["fault %d with ***" % n for n in (2, 3, 4)]
    saves = store.saves
    guard.note("fault 4 with ***")
    assert store.saves == saves, "a fault that repeats must not wear the flash"
    guard.note("x" * 1000)
    assert len(BootGuard("reset", store).faults[-1]) == 300
    store.full = True
    guard.note("flash is full")
    assert guard.faults[-1] == "flash is full"


def test_a_damaged_file_of_faults_is_forgotten():
    for junk in (b"{", b"\xff\xfe", b"3", b'{"a": 1}'):
        store = Store()
        store.files["faults"] = junk
        guard = BootGuard("reset", store)
        guard.note("new")
        assert guard.faults[-1] == "new" and guard.mode() == "normal"


def _causes(kind, other):
    with Chip(Time(), kind) as chip:
        from firmware.hal import esp32

        machine = chip.machine
        kept = esp32.chip
        esp32.chip = lambda: kind
        try:
            for cause, raw, words in (
                (machine.PWRON_RESET, 1, "power on"),
                (machine.PWRON_RESET, 15, "brown-out"),
                (machine.PWRON_RESET, 12, "brown-out"),  # by the driver's own restart
                (machine.WDT_RESET, None, "watchdog"),
                (machine.DEEPSLEEP_RESET, None, "deep sleep"),
                (machine.SOFT_RESET, None, "soft reset"),
                (machine.HARD_RESET, None, "reset"),
            ):
                machine.restart(cause, raw)
                assert esp32.reset_cause() == words, (kind, words)
            # A chip without that register tells no difference, but starts.
            esp32.chip = lambda: other
            machine.restart(machine.PWRON_RESET, 15)
            assert esp32.reset_cause() == "power on"
        finally:
            esp32.chip = kept


def test_reset_causes_in_words():
    _causes("esp32", "esp32s3")
    _causes("esp32c3", "esp32")


def test_buttons_are_low_when_held():
    with Chip(Time()) as chip:
        from firmware.hal import esp32

        assert not esp32.pressed(None) and not esp32.pressed(26)
        chip.machine.Pin.pins[26].outside = 0
        assert esp32.pressed(26)


class _Module:
    pass


def _start(app_run, lives, key="a key", store=None, divided=None):
    """Start ``lives`` times; what ran ("app", "safe") and how each life ended, the last guard.

    ``divided``: a list that gets, for each life, if the heap is to leave memory to TLS.
    """
    store = store or Store()
    ran = []
    guards = []
    divided = [] if divided is None else divided
    with Chip(Time()) as chip:
        from firmware import choice
        from firmware import start as module
        from firmware.hal import heap

        machine = chip.machine
        app, recovery = _Module(), _Module()

        def divide(tls):
            divided.append(tls)
            return divided

        def serve(config, guard, notes):
            assert module.esp32.kept is divided
            ran.append("app")
            guards.append(guard)
            app_run(guard)

        def recover(guard, config, notes, mode, token):
            ran.append("safe" if mode == recovery.SAFE else "set-up")
            guards.append(guard)
            raise OSError("somebody restarts it")

        app.serve, recovery.run = serve, recover
        recovery.SET_UP, recovery.WINDOW, recovery.SETTINGS, recovery.SAFE = range(4)
        known = {"key": key, "wifi_ssid": "home", "board": "devkit", "ap_password": "12345678"}
        changed = (
            (choice, "_configuration", lambda path: (dict(known, hostname=""), [])),
            (choice, "storage", store),
            (choice, "print", lambda *_: None),
            (module, "print", lambda *_: None),
            (module, "storage", store),
            (module, "drop", lambda *_: None),  # what is changed here must stay
            (heap, "divide", divide),
        )
        put = {"firmware.app": app, "firmware.recovery": recovery}
        kept = {name: sys.modules.get(name) for name in put}
        sys.modules.update(put)
        package = sys.modules["firmware"]
        had = getattr(package, "app", None)
        package.app, package.recovery = app, recovery
        before = [getattr(where, name, None) for where, name, _ in changed]
        for where, name, value in changed:
            setattr(where, name, value)
        try:
            for _ in range(lives):
                try:
                    module.start()
                    ran.append("prompt")
                except machine.Reset as e:
                    machine.restart(e.cause)
        finally:
            del package.recovery
            for (where, name, _), old in zip(changed, before):
                setattr(where, name, old) if old else delattr(where, name)
            if had:
                package.app = had
            else:
                del package.app
            for name in put:
                if kept[name] is None:
                    del sys.modules[name]
                else:
                    sys.modules[name] = kept[name]
        return ran, guards[-1], machine.WDT.running


def test_an_application_that_dies_ends_in_safe_mode():
    def dies(guard):
        raise ValueError("no %s today" % guard.cause)

    ran, guard, _ = _start(dies, 6)
    assert ran == ["app", "app", "app", "safe", "app", "safe"]
    assert "no reset today" in guard.faults[-2] and "ValueError" in guard.faults[-2]
    assert "somebody restarts it" in guard.faults[-1]


def test_an_application_that_lives_is_started_again_and_again():
    def lives(guard):
        guard.healthy()
        raise OSError("after a long life")

    ran, _, _ = _start(lives, 6)
    assert ran == ["app"] * 6


def test_a_module_without_key_is_set_up():
    ran, _, _ = _start(None, 2, "")
    assert ran == ["set-up", "set-up"]


def test_the_heap_is_divided_for_what_is_configured():
    for stored, tls in (
        (None, False),
        (b'{"mqtt_tls": "off", "key": ""}', False),
        (b'{"mqtt_tls": "ca"}', True),
        (b"{}", True),  # as a damaged one: more is left to the radio than it may need
    ):
        store = Store()
        if stored is not None:
            store.files["config"] = stored
        divided = []
        ran, _, _ = _start(lambda guard: None, 1, "a key", store, divided)
        assert ran == ["app", "prompt"] and divided == [tls], stored


def test_the_prompt_is_not_bitten():
    ran, _, dog = _start(lambda guard: None, 1)
    assert ran == ["app", "prompt"] and dog.timeout >= 600000


def test_boot_py_cannot_fail_and_gives_the_prompt_time():
    with open("boot.py") as f:
        text = f.read()
    assert len(text.split("\n")) <= 15
    with Chip(Time()) as chip:
        machine = chip.machine
        exec(text, {})
        assert machine.WDT.running is None
        machine.restart(machine.SOFT_RESET)
        exec(text, {})
        assert machine.WDT.running.timeout >= 600000
        del machine.SOFT_RESET
        try:
            exec(text, {})
        finally:
            machine.SOFT_RESET = 5


def test_a_wish_for_set_up_outlives_a_reset_beside_the_count():
    with Chip(Time()) as chip:
        from firmware.hal import esp32

        rtc = chip.machine.RTC()
        esp32.want(esp32.SET_UP)
        assert _boot(rtc)[0] == "normal" and esp32.wanted()[0] == esp32.SET_UP
        assert not esp32.wanted()[0]
        for _ in range(2):
            _boot(rtc)
        rtc.memory(rtc.memory() + b"others")
        esp32.want(esp32.SET_UP)
        chip.machine.restart(chip.machine.HARD_RESET)
        assert rtc.memory()[7:] == b"others" and esp32.wanted()[0] == esp32.SET_UP
        assert _boot(rtc)[0] == "safe"
