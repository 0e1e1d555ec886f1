"""`mepctl events`, `outages`, `selfreads` and `quality`: what the meter has written down."""

from . import output, work
from .common import OK, USAGE, Stop

_KINDS = {"now": 23, "season": 24, "reset": 25, "self": 26, "once": 2079}
_EVENTS = ("time", "event", "name", "detail", "user", "argument", "sequence", "log")
_OUTAGES = ("began", "ended", "seconds", "cause")
_READS = ("captured", "season", "name", "tier", "value", "unit", "time")
_QUALITY = ("name", "phase", "value", "unit", "time")


def main(args):
    """Read and print; returns the exit code."""
    if getattr(args, "newest", None) is not None and args.newest < 1:
        raise Stop(USAGE, "--newest %d: write a number above 0" % args.newest)
    document, columns, rows, title = work.run(args, lambda meter: _ask(meter, args))
    if args.json:
        print(output.as_json(document))
    elif args.csv:
        output.csv(columns, rows)
    elif rows:
        output.grid(title, columns, rows, ("value", "seconds", "argument", "event", "sequence"))
    else:
        print("%s: none" % title)
    return OK


async def _ask(meter, args):
    return await _COMMANDS[args.command](meter, args)


async def events(meter, args):
    """The event logs BT74 and ET79."""
    from osgp.events import Events

    found = await work.results(meter, args, "events", lambda dims: Events(dims, args.newest))
    if not found.headers:
        work.nothing(found)
    logs = found.events[: args.newest]
    document = {"events": logs, "headers": found.headers, "missing": found.missing}
    rows = [[entry[c] for c in _EVENTS] for entry in logs]
    return document, _EVENTS, rows, "events, newest first, UTC"


async def outages(meter, args):
    """The outages of ET81, or the few of ET09."""
    from osgp.outages import Outages

    found = await work.results(meter, args, "outages", lambda dims: Outages(dims, args.newest))
    if found.table is None:
        work.nothing(found)
    time = "UTC" if found.utc else "local time"
    document = {"outages": found.outages, "table": found.table, "time": time}
    document["missing"] = found.missing
    rows = [[entry[c] for c in _OUTAGES] for entry in found.outages]
    return document, _OUTAGES, rows, "outages, newest first, %s (%s)" % (time, found.table)


async def selfreads(meter, args):
    """Registers as they were: at self-reads, at the end of a season, at a demand reset."""
    from osgp.selfreads import Registers

    table = _KINDS[args.kind]
    found = await work.results(
        meter, args, "registers", lambda dims: Registers(dims, table, args.newest)
    )
    if not found.reads:
        work.nothing(found)
    reads = []
    rows = []
    for read in found.reads:
        values = [
            dict(zip(("name", "tier", "value", "unit", "time"), value)) for value in read["values"]
        ]
        reads.append(dict(read, values=values))
        for name, tier, value, unit, time in read["values"]:
            rows.append((read["captured"], read["season"], name, tier, value, unit, time))
    document = {"kind": args.kind, "reads": reads, "missing": found.missing}
    return document, _READS, rows, "registers (%s), newest first" % args.kind


async def quality(meter, args):
    """Sags, swells, harmonics and the like of ET09, and its thresholds."""
    from osgp.quality import Quality

    found = await work.results(meter, args, "power quality", Quality)
    if not found.values and not found.settings:
        work.nothing(found)
    document = {
        "values": [dict(zip(_QUALITY, value)) for value in found.values],
        "settings": {name: {"value": v, "unit": unit} for name, v, unit in found.settings},
        "missing": found.missing,
    }
    rows = [(name, phase or "", v, unit, time) for name, phase, v, unit, time in found.values]
    if not args.csv:
        rows += [("set: " + name, "", v, unit, None) for name, v, unit in found.settings]
    return document, _QUALITY, rows, "power quality, UTC"


_COMMANDS = {"events": events, "outages": outages, "selfreads": selfreads, "quality": quality}
