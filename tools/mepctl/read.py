"""`mepctl read`: one table, once, by name and unit."""

import asyncio
import contextlib
import json

from mep.errors import TableError
from osgp import codec
from osgp.about import by_itself, needs
from osgp.dims import Dims
from . import tables
from .common import DISTURBED, OK, REFUSED, USAGE, Meter, Refusal, Stop, find_baud, find_key

_LINE = 16
_MOST = 0xFFFFFF


def main(args):
    """Read and print; returns the exit code."""
    table = tables.number(args.table, args.raw or args.offset is not None)
    part = args.offset is not None or args.count is not None
    if part:
        _check_part(args)
    key = find_key(args)
    baud = find_baud(args)
    data, dims = asyncio.run(_read(args, table, key, baud, part))
    rows = None if dims is None else tables.rows(table, data, dims)
    if args.json:
        print(as_json(table, data, rows, args.offset or 0, args.raw or rows is None))
    elif rows is None:
        print(hex_dump(data, args.offset or 0), end="")
    else:
        show(table, data, rows)
    return OK


def _check_part(args):
    if args.offset is not None and not 0 <= args.offset <= _MOST:
        raise Stop(USAGE, "--offset %d: write 0 to %d" % (args.offset, _MOST))
    if args.count is not None and not 1 <= args.count <= 0xFFFF:
        raise Stop(USAGE, "--count %d: write 1 to 65535" % args.count)


async def _read(args, table, key, baud, part):
    # (bytes, dims); dims is None when the bytes are to be shown as they are.
    meter = Meter(args.port, key, baud)
    try:
        await meter.open()
        if args.raw or part:
            return await meter.read(table, args.offset, args.count), None
        dims = await learn(meter) if tables.needs_dims(table) else Dims()
        for other, start, size in needs(table, dims):
            # Refused, it may not matter: decoding says so if it does.
            with contextlib.suppress(Refusal):
                dims.tables[other] = await meter.request(other, size, start)
        if by_itself(table):
            return await meter.read(table), dims
        return await meter.read(table, 0, _size(table, dims)), dims
    finally:
        meter.close()


async def learn(meter):
    """The `Dims` of the meter at hand. Raises Stop."""
    dims = Dims()
    try:
        while True:
            step = dims.next_read()
            if step is None:
                return dims
            table, offset, count = step
            try:
                data = await meter.request(table, count, offset)
            except Refusal:
                dims.absent(table)
            else:
                dims.learn(table, data, 0, len(data))
    except TableError as e:
        raise Stop(DISTURBED, "%s; this meter's table is not as the guide declares it" % e)


def _size(table, dims):
    try:
        size = codec.size(table, dims)
    except TableError as e:
        raise Stop(DISTURBED, "%s; this meter does not say enough to read it" % e)
    if not size:
        raise Stop(REFUSED, "%s: this meter has none of its values" % codec.table_name(table))
    return size


def as_json(table, data, rows, offset, raw):
    """One JSON object (str): what was read, its values with units, its bytes if ``raw``."""
    out = {
        "table": codec.table_name(table),
        "number": table,
        "offset": offset,
        "bytes": len(data),
    }
    if rows is not None:
        out["values"] = {name: {"value": value, "unit": unit} for name, value, unit in rows}
    if raw:
        out["hex"] = data.hex()
    return json.dumps(out, indent=2)


def hex_dump(data, offset):
    """The bytes as text, 16 in a line, each line with its offset."""
    lines = []
    for at in range(0, len(data), _LINE):
        piece = data[at : at + _LINE]
        text = "".join(chr(c) if 32 <= c < 127 else "." for c in piece)
        lines.append("%06x  %-47s  %s\n" % (offset + at, piece.hex(" "), text))
    return "".join(lines)


def show(table, data, rows):
    """Print a table of names, values and units."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(title="%s, %d bytes" % (codec.table_name(table), len(data)), title_justify="left")
    grid.add_column("name")
    grid.add_column("value", justify="right")
    grid.add_column("unit")
    for name, value, unit in rows:
        # As text: a serial number with brackets in it is no markup.
        grid.add_row(Text(name), Text("" if value is None else str(value)), Text(unit or ""))
    Console(soft_wrap=True).print(grid)
