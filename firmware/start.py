"""The chip's way from main.py into application, set-up or safe mode. It does not return by itself.

What a start calls for is found by `firmware.choice`, which is gone when that runs. Ctrl-C on the
console ends each in the interpreter's prompt.
"""

import io
import sys

from . import storage
from .boot_guard import BootGuard
from .hal import esp32
from .hal.memory import drop

_TLS_OFF = b'"mqtt_tls": "off"'  # the configuration itself needs memory to be read
_IDLE_MS = 3600000  # the watchdog's time at the prompt: a module left there comes back


def start(path="config"):
    """Run what this start calls for; any fault is kept and the chip starts again.

    ``path``: the configuration's, as for `firmware.storage`; a file ``path``.json is taken over.
    """
    guard = BootGuard(esp32.reset_cause(), storage, esp32.rtc())
    try:
        # The radio's driver takes its memory while there is some.
        esp32.radio()
        from .hal import heap

        esp32.kept = heap.divide(_TLS_OFF not in (storage.load(path) or _TLS_OFF))
        del heap
        drop("firmware.hal.heap")
        from . import choice

        run = choice.choose(guard, path)
        del choice
        drop("firmware.choice")
        run.pop(0)(*run)
        # Only Ctrl-C comes here. The watchdog cannot be stopped, but it can be given time.
        esp32.watchdog(_IDLE_MS)
        return
    except Exception as e:
        guard.note(text_of(e))
        print(guard.faults[-1])  # noqa: T201  there may be no log
    esp32.restart()


def text_of(error):
    """The end of the traceback, as much as the guard keeps."""
    if not hasattr(sys, "print_exception"):
        return "%s: %s" % (type(error).__name__, error)
    out = io.StringIO()
    sys.print_exception(error, out)
    return out.getvalue()[-300:]
