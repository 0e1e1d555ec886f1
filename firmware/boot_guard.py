"""Was the last life too short? Chooses application or safe mode, and keeps what went wrong.

Every start counts one up; `healthy` (after a minute of life, and before every wanted restart) sets
it back. The count lies in memory that a reset leaves alone, so a module that crashes, hangs or
browns out again and again comes up with nothing but its network and the recovery page. Safe mode
counts as the last of the short lives: the start after it tries the application again, once, so
that nothing stays in safe mode for ever. Nothing here raises: the module must start.
"""

import json

from shim import const

LIVED_MS = const(60000)
_SHORT = const(3)
_FAULTS = const(3)
_TEXT = const(300)
_MARK = b"mepB"  # then the count and its complement
_FILE = "faults"
# Starts that say nothing about the application's health.
_WANTED = ("deep sleep", "soft reset")


class BootGuard:
    """``cause``: why the chip started, in words; ``storage``: `firmware.storage` or the like.

    ``memory``: an object with ``memory()`` and ``memory(bytes)`` that outlives a reset
    (machine.RTC); None where there is none: then a file keeps the count. ``redact(text)`` blots
    secrets out. ``why`` says in words why it is safe mode; ``faults`` are the last exceptions,
    newest last.
    """

    version = ""  # that runs, in words
    trial = False  # it is an update that has to prove well
    confirm = None  # called when a life was long enough, where that proves it

    def __init__(self, cause, storage, memory=None, redact=None):
        self.cause = cause
        self.why = ""
        self.error = None  # of the last save that failed
        self.faults = []
        self.storage = storage
        self._memory = memory
        self.redact = redact
        try:
            kept = json.loads((storage.load(_FILE) or b"[]").decode())
            self.faults = [str(text)[:_TEXT] for text in kept][-_FAULTS:]
        except Exception:  # whatever the file holds
            self.faults = []

    def mode(self, held=False, file=False):
        """``"normal"`` or ``"safe"``; to be asked once a start.

        ``held``: the button is; ``file``: /safe_mode exists.
        """
        short = self._load()
        if held:
            self.why = "the button was held at the start"
        elif file:
            self.why = "there is a file safe_mode"
        elif short >= _SHORT:
            self.why = "the last %d lives were shorter than %d s" % (short, LIVED_MS // 1000)
        if self.why:
            self._save(_SHORT - 1)
            return "safe"
        if self.cause not in _WANTED:
            self._save(short + 1)
        return "normal"

    def healthy(self):
        """This life was long enough, or its end is wanted."""
        if self._load():
            self._save(0)
        if self.confirm:
            self._put(self.confirm)

    def note(self, text):
        """Keep the text of an exception across resets; one that repeats is kept once."""
        if self.redact:
            text = self.redact(text)
        text = text[:_TEXT]
        if self.faults and self.faults[-1] == text:
            return  # flash wears
        self.faults = (self.faults + [text])[-_FAULTS:]
        self._put(self.storage.save, _FILE, json.dumps(self.faults).encode())

    def _load(self):
        try:
            if self._memory is None:
                kept = self.storage.load("boots") or b""
            else:
                kept = self._memory.memory()[:6]
        except Exception:  # a damaged count is no count
            kept = b""
        if len(kept) == 6 and kept[:4] == _MARK and kept[4] ^ kept[5] == 255:
            return kept[4]
        return 0

    def _save(self, count):
        count = min(count, 255)
        kept = _MARK + bytes((count, count ^ 255))
        if self._memory is None:
            self._put(self.storage.save, "boots", kept)
        else:
            # What others keep there begins after these six bytes.
            self._put(self._memory.memory, kept + self._memory.memory()[6:])

    def _put(self, save, *what):
        try:
            save(*what)
        except Exception as e:  # a full flash must not turn one fault into another
            self.error = e
