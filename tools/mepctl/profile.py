"""`mepctl profile`: the load profile, as intervals of named values, for a range of time."""

import calendar
import contextlib
import os
import re
import sys
import time

from . import intervals, output, work
from .common import BROKEN, OK, USAGE, Stop
from .journal import Journal

_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?)?Z?$")
_BACK = re.compile(r"(\d{1,4})([dh])$")
_FORMS = "write a UTC time like 2026-11-01 or 2026-11-01T12:15, or 7d or 12h back from now"


def main(args):
    """Read and print or write; returns the exit code."""
    begin = instant("--from", args.begin)
    end = instant("--to", args.end)
    if begin is not None and end is not None and begin >= end:
        raise Stop(USAGE, "--from is not before --to")
    if args.parquet:
        _pyarrow()
    found, journal = _read(args, begin, end)
    with _out(args) as file:
        if args.json:
            file.write(output.as_json(found) + "\n")
        elif args.parquet:
            parquet(found, args.parquet)
        elif args.csv or args.out:
            output.csv(columns(found), rows(found), file)
        else:
            output.grid(_title(found), columns(found), rows(found), columns(found)[2:])
    journal.close(done=True)
    if args.parquet:
        output.note("%d intervals in %s" % (len(found["intervals"]), args.parquet))
    _warn(found)
    return OK


def _read(args, begin, end):
    # What was asked for, and the journal that holds it until it is written.
    path = args.parquet or args.out
    if args.resume and not path:
        raise Stop(USAGE, "--resume goes on with a file: give --out FILE or --parquet FILE")
    if path and os.path.exists(path) and not os.path.isfile(path):
        path = None  # a pipe or the like: nothing lies beside it
    asked = {"set": args.set, "from": args.begin, "to": args.end, "begin": begin, "end": end}
    journal = Journal(path, asked, args.resume and path is not None)
    try:
        with output.progress(args, "load profile") as tell:
            found = work.run(args, lambda meter: intervals.read(meter, journal, tell))
    except (Stop, KeyboardInterrupt):
        journal.close()
        if path and journal.intervals:
            output.note(
                "%d intervals are kept in %s; the same command with --resume goes on"
                % (len(journal.intervals), journal.path)
            )
        raise
    return found, journal


def _warn(found):
    if found["lost_blocks"]:
        output.note("the meter overwrote %d blocks before they were read" % found["lost_blocks"])
    if found["undated_intervals"]:
        output.note(
            "%d intervals are left out: the meter did not know their time"
            % found["undated_intervals"]
        )


def instant(option, text):
    """Unix time of what a person writes, None for nothing. Raises Stop."""
    if not text:
        return None
    back = _BACK.match(text)
    if back:
        return int(time.time()) - int(back[1]) * (86400 if back[2] == "d" else 3600)
    match = _TIME.match(text)
    try:
        parts = [int(part or 0) for part in match.groups()]
        return calendar.timegm(time.strptime("%d %d %d %d %d %d" % tuple(parts), _PARTS))
    except (AttributeError, ValueError):
        raise Stop(USAGE, "%s %s: %s" % (option, text[:40], _FORMS))


_PARTS = "%Y %m %d %H %M %S"


@contextlib.contextmanager
def _out(args):
    if not args.out:
        yield sys.stdout
        return
    try:
        with open(args.out, "w", encoding="utf-8") as file:
            yield file
    except OSError as e:
        raise Stop(USAGE, "--out %s: %s" % (args.out, e.strerror))


def columns(found):
    """Heads of the columns: time, status, then the channels with their units."""
    names = [c["name"] + (" [%s]" % c["unit"] if c["unit"] else "") for c in found["channels"]]
    return ["time", "status", *names]


def rows(found):
    """The intervals as lists of what stands in the columns."""
    return [[i["time"], " ".join(i["status"]), *i["values"]] for i in found["intervals"]]


def _title(found):
    return "load profile, data set %d: %d intervals of %d min, UTC" % (
        found["set"],
        len(found["intervals"]),
        found["minutes"],
    )


def _pyarrow():
    try:
        import pyarrow.parquet
    except ImportError:
        raise Stop(
            BROKEN,
            "--parquet needs the package pyarrow, which is not installed; get it with "
            "`pip install -r tools/requirements-parquet.txt`, or write --csv",
        )
    return pyarrow


def parquet(found, path):
    """Write the intervals to a Parquet file: time (UTC), status (list of words), the channels."""
    pa = _pyarrow()
    stamps = [int(instant("time", i["time"])) for i in found["intervals"]]
    arrays = [
        pa.array(stamps, pa.timestamp("s", "UTC")),
        pa.array([i["status"] for i in found["intervals"]], pa.list_(pa.string())),
    ]
    fields = [pa.field("time", arrays[0].type), pa.field("status", arrays[1].type)]
    for k, channel in enumerate(found["channels"]):
        values = [i["values"][k] for i in found["intervals"]]
        kinds = {type(v) for v in values if v is not None}
        kind = pa.int64() if kinds <= {int} else pa.string() if str in kinds else pa.float64()
        if str in kinds:  # of M-Bus numbers and text may be in one channel
            values = [None if v is None else str(v) for v in values]
        arrays.append(pa.array(values, kind))
        unit = {"unit": channel["unit"] or ""}
        fields.append(pa.field(channel["name"], arrays[-1].type, metadata=unit))
    meta = {k: str(found[k]) for k in ("set", "minutes", "serial")}
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=meta))
    try:
        pa.parquet.write_table(table, path)
    except OSError as e:
        raise Stop(USAGE, "--parquet %s: %s" % (path, e.strerror or e))
