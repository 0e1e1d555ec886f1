"""`mepctl replay`: a recording served as a meter, or decoded to names and values."""

import json
import sys

from mep.codes import code_name
from mep.digest import Digest, digest
from mep.errors import LocalError, TableError
from mep.keys import parse_key
from mep.requests import READ, READ_PART
from osgp import codec
from osgp.dims import Dims
from . import read, tables
from .common import DISTURBED, KEY, OK, USAGE, Stop, host_port, key_text
from .recording import load

_DIGEST = 8
_KEY = "a7941d85bce8a8fa2ab7"  # the simulator's: no secret
_SEQ = 4
# Tables of which only a part is read at the start: the name of that part, where dims keep it.
_LEARNED = {2051: ("serial", "serial"), 2103: ("energy_register_unit", "energy_unit")}

_OWN = (20, 21, 2059)  # what dims look after by themselves


def main(args):
    """Serve until interrupted, or decode; returns the exit code."""
    text = key_text(args)
    try:
        key = parse_key(text) if text else None
    except LocalError as e:
        raise Stop(USAGE, str(e))
    frames = load(args.file)
    if args.decode:
        return decode(frames, key, args.json)
    host_port(args.listen, "--listen", "127.0.0.1")
    from tools.mepsim.__main__ import main as simulate

    arguments = ["--replay", args.file, "--listen", args.listen]
    if text:
        # In this process: the key does not show in the list of processes.
        return simulate([*arguments, "--key", text])
    sys.stderr.write("no key given: it answers to the simulator's own\n")
    return simulate([*arguments, "--key", _KEY])


class Exchange:
    """A request and its reply: ``table``, ``offset``, ``code``, ``data``; ``checked`` digest."""

    def __init__(self, request, reply, key):
        body = request[2 : -_SEQ - _DIGEST]
        self.read = body[0] in (READ, READ_PART) and len(body) in (5, 8)
        self.table = int.from_bytes(body[1:3], "big") if len(body) > 2 else 0
        self.offset = int.from_bytes(body[3:6], "big") if body[0] == READ_PART else 0
        self.code = reply[2]
        self.data = bytes(reply[5:-_DIGEST])
        self.whole = (
            int.from_bytes(reply[:2], "big") == len(reply) - 2
            and self.code == 0
            and int.from_bytes(reply[3:5], "big") == len(self.data)
        )
        self.checked = None
        if key is not None:
            self.checked = _check(key, request[2:-_DIGEST], reply[2:])


def _check(key, request, reply):
    state = Digest(key)
    message = request + reply[:-_DIGEST]
    state.update(message, 0, len(message))
    return state.check(reply, len(reply) - _DIGEST) or digest(key, message) == reply[-_DIGEST:]


def pairs(frames, key=None):
    """Each request's first reply that is a packet, as ``(line number, Exchange)``."""
    request = None
    for number, direction, data in frames:
        if direction == ">":
            request = data
        elif request is not None and len(data) >= 11:
            yield number, Exchange(request, data, key)
            request = None


def decode(frames, key, as_json):
    """Print what each reply holds; the tables' sizes and orders come from the recording."""
    dims = Dims()
    checked = []
    for number, exchange in pairs(frames, key):
        if not exchange.read:
            continue
        checked.append(exchange.checked is not False)
        name = codec.table_name(exchange.table)
        why = _unusable(exchange)
        if exchange.code:
            _learn(exchange, dims)
        rows = [] if why else _rows(exchange, dims)
        if as_json:
            print(json.dumps(_document(number, name, exchange, why, rows)))
        elif why or rows is None:
            sys.stdout.write("line %d: %s, %s\n" % (number, name, why or _bytes(exchange)))
        else:
            print("line %d:" % number)
            read.show(exchange.table, exchange.data, rows)
    if all(checked):
        return OK
    return DISTURBED if any(checked) else KEY


def _unusable(exchange):
    if exchange.checked is False and exchange.code != 0x0B:
        return "the reply fails its digest: damaged, or of another key"
    if exchange.code:
        return "refused: 0x%02X, %s" % (exchange.code, code_name(exchange.code))
    if not exchange.whole:
        return "the reply is damaged: its length or count does not fit"
    return None


def _rows(exchange, dims):
    # Rows of a reply, None when only its bytes can be shown.
    table, data = exchange.table, exchange.data
    learned = _learn(exchange, dims)
    if learned and table in _LEARNED:
        name, attribute = _LEARNED[table]
        return [tables.Row(name, getattr(dims, attribute), None)]
    if not tables.is_declared(table):
        return None
    if table in (tables.BT23, tables.BT28):
        return _registers(table, exchange.offset, data, dims)
    if exchange.offset:
        return None
    try:
        return tables.rows(table, data, dims)
    except Stop:
        return None


def _learn(exchange, dims):
    # True if the exchange is the next thing that dims wanted to know.
    try:
        wanted = dims.next_read()
        if wanted is None or wanted[:2] != (exchange.table, exchange.offset):
            if not exchange.code and not exchange.offset and exchange.table not in _OWN:
                # What other declarations may refer to.
                dims.tables[exchange.table] = exchange.data
            return False
        if exchange.code:
            dims.absent(exchange.table)
        else:
            dims.learn(exchange.table, exchange.data, 0, len(exchange.data))
    except TableError:
        return False
    return True


def _registers(table, offset, data, dims):
    # The poller reads the values alone: they begin where dims say, not at the table's beginning.
    start = dims.bt23_offset if table == tables.BT23 else dims.bt28_offset
    count = dims.bt23_count if table == tables.BT23 else dims.bt28_count
    if not count or offset > start:
        return None
    layout = [row for row in dims.layout() if row[2] == table]
    found = []
    codec.read_i32s(
        data,
        start - offset,
        min(count, len(data) - start + offset),
        lambda i, value: found.append(
            tables.Row(
                layout[i][0], value * layout[i][6] if layout[i][6] else None, layout[i][1] or None
            )
        ),
    )
    return found


def _bytes(exchange):
    return "%d bytes from %d: %s" % (len(exchange.data), exchange.offset, exchange.data.hex())


def _document(number, name, exchange, why, rows):
    out = {"line": number, "table": name, "offset": exchange.offset}
    out["digest"] = {None: "not checked", True: "good", False: "bad"}[exchange.checked]
    if why:
        out["error"] = why
    elif rows is None:
        out["hex"] = exchange.data.hex()
    else:
        out["values"] = {row.name: tables.document(row) for row in rows}
    return out
