"""The gate of every write from the command line, with a ledger that all runs of mepctl share.

A file for each meter, by its serial number, in the user's state directory tells when was written.
It is brought up to date before a write goes out: what may have been written counts.
"""

import os
import re
import time
from pathlib import Path

from osgp import writes
from .common import REFUSED, Stop


def folder():
    """Where the ledgers are (Path)."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "mepctl" / "writes"


class Gate:
    """``dims``: the meter's; call it with a write, and it returns or raises Stop."""

    def __init__(self, dims):
        name = re.sub(r"[^0-9A-Za-z]", "_", dims.serial or "") or "unknown"
        self._path = folder() / name
        self._version = dims.version
        self._begin = time.monotonic()
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            data = None
        except OSError as e:
            raise Stop(REFUSED, "ledger of writes %s: %s" % (self._path, e.strerror))
        self.ledger = writes.Ledger(data)

    def judge(self, table, data):
        """The `osgp.writes.Judged` of a write."""
        return writes.judge(table, data, self._version)

    def preview(self, table, data, n=1):
        """ "" if ``n`` such writes would be let through now, else why not."""
        return writes.held(self.judge(table, data), self.ledger, self._up(), time.time(), n)

    def __call__(self, table, data):
        why = self.preview(table, data)
        if why:
            raise Stop(REFUSED, why)
        if self.judge(table, data).memory != "RAM":
            self.ledger.add(self._up(), int(time.time()))
            self._save()

    def called(self, psn):
        """Keep the procedure sequence number that was used."""
        self.ledger.psn = psn
        self._save()

    def explain(self, table, data, code):
        """A refused write in words."""
        return writes.explain(code, self.judge(table, data))

    def _up(self):
        return int(time.monotonic() - self._begin)

    def _save(self):
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            new = self._path.with_suffix(".new")
            new.write_bytes(self.ledger.dump())
            os.replace(new, self._path)
        except OSError as e:
            # Uncounted writes could wear the meter out.
            raise Stop(REFUSED, "ledger of writes %s: %s" % (self._path, e.strerror))
