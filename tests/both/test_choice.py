"""`firmware.choice`: versions that came over the network; see test_boot_guard for the rest."""

import sys

sys.path.append("tests")

from fakes import Chip
from firmware.version import VERSION
from test_recovery import Guard


class _Os:
    def __init__(self, names):
        self._names = names

    def listdir(self, path):
        assert path == "/"
        return self._names


class _Slots:
    """In place of `firmware.slots`: ``says`` is told or raised."""

    def __init__(self, says):
        self._says = says
        self.asked = 0

    def tell(self, guard):
        self.asked += 1
        if isinstance(self._says, Exception):
            raise self._says
        return self._says


def _update(names, says=None):
    """(what `_update` gives, the guard, how often the slots were asked, what was printed)."""
    guard = Guard()
    guard.version = None
    guard.faults = []
    printed = []
    with Chip():
        import firmware
        from firmware import choice

        slots = _Slots(says)
        known = sys.modules.get("firmware.slots")
        before = getattr(firmware, "slots", None)
        kept = choice.os, choice.drop
        choice.os, choice.drop = _Os(names), lambda *_: None
        choice.print = printed.append
        sys.modules["firmware.slots"] = firmware.slots = slots
        try:
            news = choice._update(guard, {"update_key": ""})
        finally:
            choice.os, choice.drop = kept
            del choice.print, firmware.slots
            sys.modules.pop("firmware.slots")
            if known:
                sys.modules["firmware.slots"] = known
            if before:
                firmware.slots = before
        return news, guard, slots.asked, printed


def test_without_an_update_nothing_is_loaded_for_it():
    for names in ([], ["boot.py", "main.py", "config", "firmware", "slots", "updates.txt"]):
        news, guard, asked, printed = _update(names, ValueError("asked"))
        assert news == printed == guard.faults == [] and asked == 0
        assert guard.version == VERSION


def test_what_an_update_left_is_looked_at():
    for name in ("slot.a", "slot.new", "update.a", "update.bundle"):
        news, guard, asked, printed = _update(["main.py", name], "version 2 did not start")
        assert news == printed == ["version 2 did not start"] and asked == 1, name
    assert _update(["slot.a"], "")[0] == []


def test_a_fault_of_updates_does_not_stop_the_start():
    news, guard, _, _ = _update(["update.a"], ValueError("broken"))
    assert news == guard.faults == ["update: broken"]
