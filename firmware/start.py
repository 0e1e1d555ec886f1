"""The chip's way from main.py into the application or safe mode. It does not return by itself.

Safe mode is the network and the recovery page (`firmware.recovery`) and nothing that the last
lives may have died of. Ctrl-C on the console ends either in the interpreter's prompt.
"""

import io
import os
import sys

from . import storage
from .boot_guard import BootGuard
from .hal import esp32

_IDLE_MS = 3600000  # the watchdog's time at the prompt: a module left there comes back


def start(path="config.json"):
    """Run what this start calls for; any fault is kept and the chip starts again."""
    guard = BootGuard(esp32.reset_cause(), storage, esp32.rtc())
    try:
        _run(guard, path)
        # Only Ctrl-C comes here. The watchdog cannot be stopped, but it can be given time.
        esp32.watchdog(_IDLE_MS)
        return
    except Exception as e:
        guard.note(text_of(e))
        print(guard.faults[-1])  # noqa: T201  there may be no log
    esp32.restart()


def _run(guard, path):
    if guard.mode(_held(), _exists("safe_mode")) == "safe":
        print("safe mode: " + guard.why)  # noqa: T201
        from . import recovery

        recovery.run(guard)
    else:
        from .app import run

        run(path, guard)


def text_of(error):
    """The end of the traceback, as much as the guard keeps."""
    if not hasattr(sys, "print_exception"):
        return "%s: %s" % (type(error).__name__, error)
    out = io.StringIO()
    sys.print_exception(error, out)
    return out.getvalue()[-300:]


def _exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def _held():
    # Which pin the button is on, only the configuration knows. No fault of it may stop the start.
    try:
        from . import boards, config

        known = config.restore()[0]
        return esp32.pressed(boards.load(known["board"], known, esp32.chip()).BUTTON)
    except Exception:
        return False
