"""`mepctl call`: the procedures. Without --yes it shows what it would write, and no more."""

from mep.errors import LocalError
from osgp import procedures
from osgp.calls import DONE, UNKNOWN
from osgp.codec import table_name
from . import output, work
from .common import DISTURBED, OK, REFUSED, USAGE, Stop

_COLUMNS = ("code", "name", "key", "memory", "since", "parameters")


def main(args):
    """List, show or call; returns the exit code."""
    try:
        if not args.words:
            return _list(args)
        procedure = procedures.find(args.words[0])
        if not args.port:
            return _tell(args, procedure)
        values = _values(args.words[1:])
        return work.run(args, lambda meter: _call(meter, args, procedure, values))
    except LocalError as e:
        raise Stop(USAGE, str(e))


def _values(words):
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise Stop(USAGE, "call: write parameters as NAME=VALUE, like target=1")
        found[name] = value
    return found


def described(p):
    """What is known of a procedure (dict)."""
    return {
        "code": p.code,
        "name": p.name,
        "key": p.level,
        "memory": p.memory,
        "since": p.since,
        "client": p.client,
        "source": p.source,
        "parameters": [
            {"name": name, "type": kind, "words": words, "default": default, "only_if": when}
            for name, kind, words, default, when in p.parameters()
        ],
    }


def _list(args):
    found = [described(procedures.find(code)) for code in procedures.names()]
    if args.json:
        print(output.as_json(found))
        return OK
    rows = []
    for d in found:
        names = " ".join(p["name"] for p in d["parameters"])
        rows.append((d["code"], d["name"], d["key"], d["memory"], d["since"], names))
    output.grid(None, _COLUMNS, rows)
    return OK


def _tell(args, p):
    found = described(p)
    if args.json:
        print(output.as_json(found))
        return OK
    print("%s %s: key %s, memory %s, since %s" % (p.code, p.name, p.level, p.memory, p.since))
    rows = []
    for one in found["parameters"]:
        words = " ".join("%s=%s" % pair for pair in (one["words"] or {}).items())
        rows.append((one["name"], one["type"], one["default"], words, one["only_if"]))
    if rows:
        output.grid(None, ("parameter", "type", "default", "words", "only if"), rows)
    print("with --port it is prepared, with --yes too it is called")
    return OK


async def _call(meter, args, procedure, values):
    from . import calling, guard

    dims = await work.learn(meter)
    parameters = procedure.encode(values, dims)
    gate = guard.Gate(dims)
    if not args.yes:
        return await _dry_run(meter, args, procedure, parameters, dims, gate)
    with output.progress(args, procedure.code):
        call = await calling.execute(meter, procedure, parameters, dims, gate)
    document = {
        "procedure": procedure.code,
        "sent": True,
        "outcome": call.outcome,
        "text": call.text,
        "result": call.result,
        "answer": call.answer,
        "data": call.data.hex(),
        "psn": call.psn,
    }
    if args.json:
        print(output.as_json(document))
    else:
        print(call.text)
        for name, value in (call.answer or {}).items():
            print("  %s = %s" % (name, output.shown(value)))
    if call.outcome == DONE:
        return OK
    return DISTURBED if call.outcome == UNKNOWN else REFUSED


async def _dry_run(meter, args, procedure, parameters, dims, gate):
    from osgp.calls import Call
    from .calling import port_of

    port = await port_of(meter, dims)
    table, offset, data = Call(procedure, parameters, port).next_write()
    text = gate.preview(table, data)
    document = {
        "procedure": procedure.code,
        "sent": False,
        "table": table_name(table),
        "data": data.hex(),
        "client": port.client,
        "answer_from": [table_name(t) for t in port.answers],
        "key": procedure.level,
        "memory": procedure.memory,
        "note": text,
    }
    if args.json:
        print(output.as_json(document))
    else:
        print("%s: %s" % (document["table"], data.hex(" ")))
        print("  takes the key %s; memory %s" % (procedure.level, procedure.memory))
        if text:
            print("  " + text)
        print("not sent: --yes calls it")
    return OK
