"""`mepctl read`: one table, once, by name and unit."""

from osgp import codec
from osgp.dims import Dims
from . import output, tables, work
from .common import OK, USAGE, Stop
from .masking import has_secrets, masked

_LINE = 16
_MOST = 0xFFFFFF


def main(args):
    """Read and print; returns the exit code."""
    table = tables.number(args.table, args.raw or args.offset is not None)
    part = args.offset is not None or args.count is not None
    if part:
        _check_part(args)
    data, dims = work.run(args, lambda meter: _read(meter, args, table, part))
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


async def _read(meter, args, table, part):
    # (bytes, dims); dims is None when the bytes are to be shown as they are.
    hide = has_secrets(table) and not args.show_secrets
    if (args.raw or part) and not hide:
        return await meter.read(table, args.offset, args.count), None
    if part:
        raise Stop(
            USAGE,
            "%s holds keys: read all of it, which masks them, or add --show-secrets"
            % codec.table_name(table),
        )
    dims = Dims()
    if tables.is_declared(table) and tables.needs_dims(table):
        dims = await work.learn(meter)
    data = await (meter.read(table) if args.raw else work.fetch(meter, table, dims))
    if hide:
        await work.prepare(meter, table, dims)
        data, hidden = masked(table, data, dims)
        if hidden:
            output.note("masked: %s (--show-secrets shows them)" % ", ".join(hidden))
    return data, None if args.raw else dims


def as_json(table, data, rows, offset, raw):
    """One JSON object (str): what was read, its values with units, its bytes if ``raw``."""
    return output.as_json(document(table, data, rows, offset, raw))


def document(table, data, rows, offset=0, raw=False):
    """The same as a dict."""
    out = {
        "table": codec.table_name(table),
        "number": table,
        "offset": offset,
        "bytes": len(data),
    }
    if rows is not None:
        out["values"] = {row.name: tables.document(row) for row in rows}
    if raw:
        out["hex"] = data.hex()
    return out


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
    title = "%s, %d bytes" % (codec.table_name(table), len(data))
    shown = [(r.name, "" if r.value is None else r.word or r.value, r.unit or "") for r in rows]
    output.grid(title, ("name", "value", "unit"), shown, ("value",))
