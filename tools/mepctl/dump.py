"""`mepctl dump`: every table that the meter gives, raw and decoded, in a directory.

A table whose bytes are whole is in the manifest; one that is under way is in NAME.part. So a dump
goes on after any break where it was. Keys and passwords never reach the disk.
"""

import hashlib
import json
import os
import time
from pathlib import Path

from mep.errors import LocalError, TableError
from mep.requests import MAX_DATA, NO_PERMISSION
from osgp import codec
from osgp.about import by_itself
from osgp.names import known_names
from . import VERSION, output, read, tables, work
from .common import OK, USAGE, Refusal, Stop
from .dumped import MANIFEST, manifest
from .masking import has_secrets, masked

_MASKED = "keys and passwords are masked; serial numbers are not"


def main(args):
    """Dump and tell how it went; returns the exit code."""
    if args.only and args.skip:
        raise Stop(USAGE, "--only and --skip: give one of them")
    chosen = _names("--only", args.only)
    skipped = _names("--skip", args.skip)
    folder = Path(args.folder)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as e:
        raise Stop(USAGE, "%s: %s" % (folder, e.strerror))
    if not (folder / MANIFEST).exists() and any(folder.iterdir()):
        raise Stop(USAGE, "%s is not empty, and holds no dump; choose a new directory" % folder)
    dump = _Dump(args, folder)
    work.run(args, lambda meter: dump.run(meter, chosen, skipped))
    return dump.tell()


def _names(option, text):
    if not text:
        return set()
    return {tables.number(word, raw=True) for word in text.split(",")}


class _Dump:
    def __init__(self, args, folder):
        self.args = args
        self.folder = folder
        self.entries = {}
        self.document = None

    async def run(self, meter, chosen, skipped):
        dims = await work.learn(meter)
        here = await work.tables_here(meter)
        self._begin(dims)
        wanted = {codec.table_number(name) for name in known_names()} | (here or set())
        wanted = sorted((chosen or wanted) - skipped)
        with output.progress(self.args, "reading", len(wanted)) as tell:
            for i, table in enumerate(wanted):
                name = codec.table_name(table)
                tell(i, len(wanted), name)
                old = self.entries.get(table)
                if not (old and old["status"] == "read"):
                    self.entries[table] = await self._table(meter, table, dims, here)
                    self._save(False)
        self._save(True)

    def _begin(self, dims):
        meter = {
            name: getattr(dims, name) for name in ("manufacturer", "model", "firmware", "serial")
        }
        if (self.folder / MANIFEST).exists():
            old = manifest(self.folder)
            if old.get("meter") != meter:
                raise Stop(
                    USAGE, "%s is a dump of another meter; choose a new directory" % self.folder
                )
            if not self.args.again:
                self.entries = {e["number"]: e for e in old["tables"]}
        self.document = {"made_by": "mepctl " + VERSION, "begun": _now(), "note": _MASKED}
        self.document["meter"] = meter

    async def _table(self, meter, table, dims, here):
        entry = {"table": codec.table_name(table), "number": table}
        declared = tables.is_declared(table)
        entry["name"] = work.about(table)[0] if declared else None
        count = None
        try:
            if declared:
                await work.prepare(meter, table, dims)
                count = _size(table, dims)
                # Often there is more than the guide tells of: as a whole it comes at once.
                count = None if count and count <= MAX_DATA else count
            if count == 0:
                why = "%s: this meter has none of its values" % entry["table"]
                return dict(entry, status="empty", why=why)
            data = await self._read(meter, table, count)
        except Refusal as e:
            why = "%s%s" % (e, work.explain(table, e.reply, dims, here))
            brief = work.brief(table, e.reply, dims, here)
            return dict(entry, status="refused", code=e.reply, brief=brief, why=why)
        return self._keep(entry, table, data, dims)

    async def _read(self, meter, table, count):
        # The bytes that are there, and then the rest, to the table's end.
        part = self.folder / (codec.table_name(table) + ".part")
        data = part.read_bytes() if part.exists() and not self.args.again else b""
        if count is None or len(data) < count:
            rest = None if count is None else count - len(data)
            begin = None if count is None and not data else len(data)
            data = await self._more(meter, table, data, begin, rest)
        if count is not None:
            # A table may be longer than the guide tells.
            data = await self._more(meter, table, data, len(data), None)
        return data

    async def _more(self, meter, table, data, begin, count):
        part = self.folder / (codec.table_name(table) + ".part")
        if not data:
            part.unlink(missing_ok=True)
        try:
            async for piece in meter.pieces(table, begin, count):
                data += piece
                if not has_secrets(table):
                    with open(part, "ab") as f:
                        f.write(piece)
        except Refusal as e:
            if not data or count is not None or e.reply == NO_PERMISSION:
                raise
        return data

    def _keep(self, entry, table, data, dims):
        data, hidden = masked(table, data, dims)
        name = entry["table"]
        _write(self.folder / (name + ".bin"), data)
        entry.update(status="read", bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        entry["raw"] = name + ".bin"
        if hidden:
            entry["masked"] = hidden
        if tables.is_declared(table):
            try:
                rows = tables.rows(table, data, dims)
            except (Stop, TableError, LocalError) as e:
                entry["why"] = "not decoded: %s" % e
            else:
                text = output.as_json(read.document(table, data, rows)) + "\n"
                _write(self.folder / (name + ".json"), text.encode())
                entry["decoded"] = name + ".json"
        (self.folder / (name + ".part")).unlink(missing_ok=True)
        return entry

    def _save(self, complete):
        entries = [self.entries[n] for n in sorted(self.entries)]
        document = dict(self.document, complete=complete, ended=_now(), tables=entries)
        _write(self.folder / MANIFEST, (output.as_json(document) + "\n").encode())

    def tell(self):
        """Print what is there; returns the exit code."""
        document = json.loads((self.folder / MANIFEST).read_text())
        if self.args.json:
            print(output.as_json(document))
            return OK
        done = [e for e in document["tables"] if e["status"] == "read"]
        size = sum(e["bytes"] for e in done)
        print("%d tables, %d bytes in %s (%s)" % (len(done), size, self.folder, _MASKED))
        missing = {}
        for e in document["tables"]:
            if e["status"] == "read":
                if "why" in e:
                    print("%s: %s" % (e["table"], e["why"]))
                continue
            why = "refused with 0x%02X: %s" % (e["code"], e["brief"]) if "code" in e else "empty"
            missing.setdefault(why.replace(": no", ": not in this meter"), []).append(e["table"])
        for why, names in missing.items():
            print("%s: %s" % (why, " ".join(names)))
        return OK


def _size(table, dims):
    # None where only the end of the bytes tells, or where the meter does not say enough.
    if by_itself(table):
        return None
    try:
        return codec.size(table, dims)
    except TableError:
        return None


def _write(path, data):
    # A file is whole or as it was, whenever the power goes.
    new = path.with_name(path.name + ".new")
    new.write_bytes(data)
    os.replace(new, path)


def _now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
