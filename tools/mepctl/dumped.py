"""A dump as a meter: `--port dump:DIR` lets every command that reads work without the meter."""

import json
from pathlib import Path

from mep.codes import code_name
from mep.requests import NO_TABLE_OPERATION, NOT_POSSIBLE
from osgp.codec import table_name
from .common import REFUSED, USAGE, Meter, Refusal, Stop

MANIFEST = "manifest.json"


def manifest(folder):
    """The manifest (dict) of the dump ``folder``. Raises Stop if there is none."""
    path = Path(folder) / MANIFEST
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        {entry["number"]: entry["status"] for entry in found["tables"]}
    except OSError as e:
        raise Stop(USAGE, "%s: %s; `mepctl dump DIR` makes one" % (path, e.strerror))
    except (ValueError, KeyError, TypeError):
        raise Stop(USAGE, "%s: is no manifest of a dump" % path)
    return found


class DumpedMeter(Meter):
    """The meter of which the directory ``folder`` is a dump; it can be read, and that is all."""

    def __init__(self, folder):
        self.url = "dump:%s" % folder
        self.baud = 9600
        self._folder = Path(folder)
        self._entries = {e["number"]: e for e in manifest(folder)["tables"]}

    async def open(self):
        """Nothing is to be opened."""

    def close(self):
        """Nor closed."""

    async def request(self, table, count, offset=None):
        entry = self._entries.get(table)
        if entry is None or entry["status"] != "read":
            code = (entry or {}).get("code") or NO_TABLE_OPERATION
            raise Refusal(table, code, code_name(code))
        try:
            data = (self._folder / (table_name(table) + ".bin")).read_bytes()
        except OSError as e:
            raise Stop(USAGE, "%s of the dump: %s" % (table_name(table), e.strerror))
        at = offset or 0
        if offset is not None and at + count > len(data):
            raise Refusal(table, NOT_POSSIBLE, code_name(NOT_POSSIBLE))
        return data[at : at + count]

    async def write(self, table, data, offset=None):
        raise Stop(REFUSED, "a dump cannot be written to; give --port of the meter itself")
