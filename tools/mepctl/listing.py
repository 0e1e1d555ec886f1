"""`mepctl tables`: which tables there are, who may read them, what is in one."""

from osgp import about, codec
from osgp.listed import names as listed
from osgp.names import known_names
from . import output, tables, work
from .common import OK, Refusal


def main(args):
    """Print; returns the exit code."""
    if args.tables:
        documents = [described(tables.number(name)) for name in args.tables]
    else:
        documents = [entry(codec.table_number(name)) for name in known_names()]
    if args.port:
        work.run(args, lambda meter: _ask(meter, args, documents))
    if args.json:
        print(output.as_json(documents))
    elif args.tables:
        for document in documents:
            _show(document)
    else:
        _list(documents, args.port)
    return OK


def entry(table):
    """What the guides say about one table (dict)."""
    name, mbk, mak, memory, since = about.about(table)
    return {
        "table": codec.table_name(table),
        "number": table,
        "name": name,
        "mbk": mbk,
        "mak": mak,
        "memory": memory,
        "since": since,
        "generations": generations(since),
        "described": codec.table_name(table) not in listed(),
    }


def generations(since):
    """Generations of meters (list of int) that can have what came with firmware ``since``."""
    if since == "all":
        return [2, 3, 4]
    first = int(since.split(".")[0])
    return [n for n in (2, 3, 4) if n >= first]


def described(table):
    """`entry` with the table's fields."""
    out = entry(table)
    out["fields"] = []
    for path, kind, unit, divisor, words in about.describe(table):
        field = {"name": path, "type": kind}
        if unit:
            field["unit"] = unit
        if divisor > 1:
            field["divisor"] = divisor
        if words and len(words) < 100:
            field["words"] = words
        out["fields"].append(field)
    return out


async def _ask(meter, args, documents):
    # What this meter says of each: BT00 lists its tables, and a byte of each is asked for.
    here = await work.tables_here(meter)
    dims = await work.identify(meter)
    with output.progress(args, "asking the meter", len(documents)) as tell:
        for i, document in enumerate(documents):
            number = document["number"]
            document["listed"] = None if here is None else number in here
            document["here"], document["why"] = True, None
            try:
                await meter.request(number, 1, 0)
            except Refusal as e:
                why = "0x%02X%s" % (e.reply, work.explain(number, e.reply, dims, here))
                document["here"], document["why"] = False, why
                document["brief"] = work.brief(number, e.reply, dims, here)
            tell(i + 1)


def _list(documents, port):
    columns = ["table", "name", "MBK", "MAK", "memory", "since", "generation"]
    rows = []
    for d in documents:
        row = [d["table"], d["name"], d["mbk"], d["mak"], d["memory"], d["since"]]
        row.append(" ".join(str(n) for n in d["generations"]))
        if port:
            row.append("yes" if d["here"] else d["brief"])
        rows.append(row)
    output.grid(None, columns + (["this meter"] if port else []), rows)


def _show(document):
    d = document
    title = "%s (%d) %s" % (d["table"], d["number"], d["name"])
    access = "MBK %s, MAK %s; memory %s; since %s" % (d["mbk"], d["mak"], d["memory"], d["since"])
    if "here" in d:
        access += "; this meter: " + ("yes" if d["here"] else d["why"])
    rows = []
    for field in d["fields"]:
        unit = field.get("unit", "")
        if "divisor" in field:
            unit = ("%s / %d" % (unit, field["divisor"])).strip()
        words = " ".join("%s=%s" % pair for pair in field.get("words", {}).items())
        rows.append((field["name"], field["type"], unit, words))
    print(access)
    output.grid(title, ("field", "type", "unit", "words"), rows)
