"""One table, decoded: `GET /api/v1/tables/BT23`."""

from mep.codes import code_name
from osgp.codec import table_name, table_number
from shim import const
from ..hal import clock
from ..hal.memory import drop
from .desk import Answer, Known, Refusal, add, release

_MOST = const(2048)
_PART = const(8)  # values between two looks at the rest of the application
_SECONDS = const(60)


async def answer(app, req):
    """An `Answer`. Raises what `firmware.asked.desk.answer` explains."""
    table = _number(req.path.rsplit("/", 1)[1])
    dims = Known(app.store)
    data = await _read(app, dims, table)
    size = len(data)
    from osgp import secrets

    if secrets.has_secrets(table):
        data, _ = secrets.mask(table, data, dims)
    del secrets
    drop("osgp.secrets")
    from .rows import Rows

    named = _named(app.store, table)
    # Once for nothing, so that bytes which are not as declared are told before the head is sent.
    for i, _ in enumerate(Rows(table, dims, data, named).texts()):
        if not i % _PART:
            await clock.sleep_ms(0)
    return Answer(_pieces(table, size, Rows(table, dims, data, named).texts()))


def _number(name):
    # The list of all names is loaded only for a name that is none of the declared.
    word = name.strip().upper()
    if len(word) == 4 and word[:2] in ("BT", "ET") and word[2:].isdigit():
        try:
            __import__("osgp.tables." + word.lower())
            return int(word[2:]) + (2048 if word[0] == "E" else 0)
        except ImportError:
            pass
    return table_number(name[:8])


async def _read(app, dims, table):
    # What only the reading needs is gone at its end.
    from osgp.fetch import Fetch

    machine = Fetch(dims, table, _MOST)
    drop("osgp.about")
    job = add(app, machine, _SECONDS)
    try:
        await job.wait()
    finally:
        release(app, job)
    code, data = machine.code, machine.data
    del machine, job, Fetch
    drop("osgp.fetch", "osgp.sizes")
    if code is not None:
        raise Refusal(404, _why(table, code, dims.version))
    return data


def _pieces(table, size, rows):
    yield '{"table":"%s","number":%d,"bytes":%d,"values":{' % (table_name(table), table, size)
    part = []
    comma = ""
    for row in rows:
        part.append(comma + row)
        comma = ","
        if len(part) == _PART:
            yield "".join(part)
            part = []
    yield "".join(part) + "}}"


def _named(store, table):
    # The names of the table's registers, if it is one of the live ones.
    names = []
    for name, kind in zip(store.each_name(), store.kinds):
        if kind[1] == table:
            names.append((name, kind[0], kind[5]))
    return names


def _why(table, code, version):
    from osgp.about import about

    _, mbk, _, _, since = about(table)
    why = "%s: the meter answers 0x%02X, %s" % (table_name(table), code, code_name(code))
    if since != "all" and version < tuple([int(n) for n in since.split(".")]):
        return why + "; it came with firmware %s" % since
    if mbk == "-":
        return why + "; only the MAK may read it"
    return why + "; this meter does not have it, or not for this key"
