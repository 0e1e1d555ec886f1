"""main.py on the chip: which version starts, how its trial ends; nothing stops the start."""

import os
import sys
import types

import pytest

from tests.fakes import Chip, machine
from tools.paths import ROOT

SOURCE = (ROOT / "main.py").read_text()


class Module:
    """What main.py meets: `firmware.slots` and `firmware.start` of this kind."""

    def __init__(self, monkeypatch):
        self.done = []
        self.names = ["boot.py", "config", "slot.a"]
        self.chosen = ("", False)
        self.confirmed = True
        self.fault = self.broken = None  # raised by `choose`, by importing `firmware.start`
        self._patch = monkeypatch

    def _choose(self, woken):
        self.done.append("choose woken" if woken else "choose")
        if self.fault:
            raise self.fault
        return self.chosen

    def _listdir(self, path):
        assert path == "/"
        if isinstance(self.names, Exception):
            raise self.names
        return self.names

    def _late(self):
        self.done.append("late")
        if isinstance(self.confirmed, Exception):
            raise self.confirmed
        return self.confirmed

    def start(self, cause=machine.HARD_RESET):
        """Run main.py after a reset for ``cause``; True if the chip was reset."""
        machine.restart(cause)
        slots = types.ModuleType("firmware.slots")
        slots.choose = self._choose
        slots.late = self._late
        slots.failed = lambda e: self.done.append("failed %s" % e)
        start = types.ModuleType("firmware.start")
        if not self.broken:
            start.start = lambda: self.done.append("start")
        package = types.ModuleType("firmware")
        package.slots = slots
        package.start = start
        for module in (package, slots, start):
            self._patch.setitem(sys.modules, module.__name__, module)
        self._patch.setattr(sys, "platform", "esp32")
        self._patch.setattr(os, "listdir", self._listdir)
        try:
            exec(compile(SOURCE, "main.py", "exec"), {"__name__": "__main__"})
            return False
        except machine.Reset:
            return True


@pytest.fixture
def module(monkeypatch):
    with Chip():
        yield Module(monkeypatch)


def test_without_a_trial_nothing_watches(module):
    for slot in ("", "a"):
        module.chosen = (slot, False)
        assert not module.start()
        assert not machine.Timer.timers and machine.WDT.running is None
    assert module.done == ["choose", "start"] * 2


def test_where_no_update_ever_came_nothing_is_chosen(module):
    module.chosen = ("a", True)  # would be a trial
    for names in ([], ["boot.py", "main.py", "firmware", "lib", "slots", "updated", "my.slot"]):
        module.names = names
        assert not module.start()
        assert not machine.Timer.timers and machine.WDT.running is None
    assert module.done == ["start"] * 2


@pytest.mark.parametrize("name", ["slot.a", "slot.new", "update.b", "update.bundle"])
def test_any_file_of_updates_has_it_chosen(module, name):
    module.names = ["main.py", name]
    assert not module.start() and module.done == ["choose", "start"]


def test_a_flash_that_cannot_be_listed_does_not_stop_the_start(module, capsys):
    module.names = OSError(5)
    assert not module.start()
    assert module.done == ["start"] and "updates: " in capsys.readouterr().out


def test_the_flashed_tree_that_cannot_be_imported_is_told_at_the_prompt(module):
    module.names = []
    module.broken = True
    with pytest.raises(ImportError):
        module.start()
    assert module.done == []


def test_a_wake_is_told(module):
    module.start(machine.DEEPSLEEP_RESET)
    assert module.done[0] == "choose woken"


def test_a_trial_ends_after_five_minutes_whatever_the_version_does(module):
    module.chosen = ("a", True)
    assert not module.start()
    timer = machine.Timer.timers[0]
    assert timer.mode == machine.Timer.ONE_SHOT and timer.period == 300000
    assert machine.WDT.running.timeout == 360000
    timer.fire()  # confirmed meanwhile
    assert module.done == ["choose", "start", "late"]
    for confirmed in (False, ImportError("the new version's fault")):
        module.confirmed = confirmed
        module.start()
        with pytest.raises(machine.Reset):
            machine.Timer.timers[0].fire()


def test_another_interpreter_is_started(module):
    module.chosen = (None, False)
    assert module.start() and module.done == ["choose"]


def test_a_fault_of_choosing_does_not_stop_the_start(module, capsys):
    module.fault = ValueError("what nobody thought of")
    assert not module.start()
    assert module.done == ["choose", "start"] and "nobody thought of" in capsys.readouterr().out


def test_what_cannot_be_imported_is_given_up(module, capsys):
    module.broken = True
    module.chosen = ("a", False)
    assert module.start()
    assert module.done[0] == "choose" and module.done[1].startswith("failed cannot import")
    # The flashed tree is the last there is: the prompt says what is wrong with it.
    module.chosen = ("", False)
    with pytest.raises(ImportError):
        module.start()
