"""`mepctl decode`: what bytes mean, of a table or of whole packets."""

import contextlib
import re
import sys
from pathlib import Path

from mep.codes import code_name
from mep.digest import Digest
from mep.errors import LocalError, TableError
from mep.keys import parse_key
from mep.requests import READ, READ_PART, WRITE, WRITE_PART
from osgp import codec
from osgp.dims import Dims
from . import output, read, tables, work
from .common import DISTURBED, KEY, OK, USAGE, Refusal, Stop, key_text
from .dumped import DumpedMeter

_TABLE = re.compile(r"(BT|ET)\d{1,4}$", re.IGNORECASE)
_REQUESTS = {
    READ: "full read",
    READ_PART: "partial read",
    WRITE: "full write",
    WRITE_PART: "partial write",
    0x57: "TLS terminate",
    0x58: "TLS first handshake message",
    0x59: "TLS handshake message",
    0x80: "TLS record",
}
_FORMS = "write hex digits, a file that holds some, or - for stdin"
_TAIL = 12  # sequence number and digest of a request
_DIGEST = 8


def main(args):
    """Decode and print; returns the exit code."""
    text = key_text(args)
    try:
        key = parse_key(text) if text else None
    except LocalError as e:
        raise Stop(USAGE, str(e))
    words = list(args.words)
    table = tables.number(words.pop(0)) if _TABLE.match(words[0]) else None
    data = _bytes(words)
    import asyncio

    dims = asyncio.run(_dims(args.dump, table))
    if table is not None:
        return _table(args, table, data, dims)
    found = list(packets(data, key, dims))
    if args.json:
        print(output.as_json(found))
    else:
        for packet in found:
            _show(packet)
    bad = [p.get("digest") for p in found].count("bad")
    if not bad:
        return OK
    return KEY if bad == len(found) else DISTURBED


def _bytes(words):
    # The bytes that the words, the file they name, or stdin hold.
    if not words:
        raise Stop(USAGE, "decode: no bytes given; " + _FORMS)
    if words == ["-"]:
        return _of_text(sys.stdin.buffer.read(), "stdin")
    joined = "".join(words)
    if not re.fullmatch(r"[0-9a-fA-F\s:,]*", joined) and len(words) == 1:
        try:
            return _of_text(Path(words[0]).read_bytes(), words[0])
        except OSError as e:
            raise Stop(USAGE, "decode: %s: %s; %s" % (words[0][:60], e.strerror, _FORMS))
    return _of_text(" ".join(words).encode(), "decode")


def _of_text(raw, where):
    try:
        text = raw.decode("ascii")
    except ValueError:
        return raw  # the bytes themselves
    if not re.fullmatch(r"[0-9a-fA-FxX\s:,<>#]*", re.sub(r"(?m)^\s*#.*$", "", text)):
        # Text that is no hex: a table may be all text, as ET03.
        if where in ("stdin", "decode"):
            raise Stop(USAGE, "%s: not hex digits; %s" % (where, _FORMS))
        return raw
    digits = re.sub(r"0[xX]", "", re.sub(r"(?m)^\s*#.*$", "", text))
    digits = re.sub(r"[^0-9a-fA-F]", "", digits)
    if len(digits) % 2:
        raise Stop(USAGE, "%s: an odd number of hex digits (%d)" % (where, len(digits)))
    return bytes.fromhex(digits)


async def _dims(folder, table):
    if not folder:
        return Dims()
    meter = DumpedMeter(folder)
    dims = await work.learn(meter)
    if table is not None:
        await work.prepare(meter, table, dims)
    return dims


def _table(args, table, data, dims):
    try:
        rows = tables.rows(table, data, dims)
    except Stop as e:
        if tables.needs_dims(table) and not args.dump:
            more = "; its layout depends on the meter: give --from with a dump of it"
            raise Stop(e.code, str(e).split(";")[0] + more)
        raise
    if args.json:
        print(read.as_json(table, data, rows, 0, False))
    else:
        read.show(table, data, rows)
    return OK


# -- packets


def packets(data, key, dims):
    """Iterate over the packets in ``data`` as dicts. Raises Stop for what is none."""
    at = 0
    request = None
    whole = data
    if len(data) > 2 and int.from_bytes(data[:2], "big") + 2 > len(data):
        # A body alone, as the guides print them.
        if data[0] not in _REQUESTS:
            raise Stop(USAGE, "decode: no packet begins so; for a table's bytes name the table")
        yield request_of(data)
        return
    while at < len(data):
        if len(data) - at < 2:
            raise Stop(USAGE, "decode: 1 byte is left at the end")
        size = int.from_bytes(data[at : at + 2], "big")
        packet = whole[at : at + 2 + size]
        at += 2 + size
        if not size:
            yield {"packet": "alert"}
        elif len(packet) < 2 + size:
            missing = 2 + size - len(packet)
            raise Stop(USAGE, "decode: %d bytes missing of the last packet" % missing)
        elif size > _TAIL and packet[2] >= READ:
            request = packet
            yield _request(packet, key)
        elif size > _DIGEST:
            yield _reply(request, packet, key, dims)
            request = None
        else:
            raise Stop(USAGE, "decode: a packet of %d bytes is too short to be one" % size)


def _request(packet, key):
    found = request_of(packet[2:-_TAIL])
    found["sequence"] = int.from_bytes(packet[-_TAIL:-_DIGEST], "big")
    found["digest"] = _checked(key, packet[2:-_DIGEST], packet)
    return found


def _reply(request, packet, key, dims):
    body = request[2:-_TAIL] if request else None
    found = reply_of(body, packet[2:-_DIGEST], dims)
    if request is None or found["code"] == 0x0B:
        found["digest"] = "not checked"
    else:
        found["digest"] = _checked(key, request[2:-_DIGEST] + packet[2:-_DIGEST], packet)
    return found


def _checked(key, message, packet):
    if key is None:
        return "not checked"
    state = Digest(key)
    state.update(message, 0, len(message))
    return "good" if state.check(packet, len(packet) - _DIGEST) else "bad"


def request_of(body):
    """What a request's body asks for (dict)."""
    code = body[0]
    found = {"packet": "request", "request": code, "what": _REQUESTS.get(code, "unknown")}
    if code not in (READ, READ_PART, WRITE, WRITE_PART) or len(body) < 3:
        found["hex"] = body.hex()
        return found
    found["table"] = codec.table_name(int.from_bytes(body[1:3], "big"))
    part = code in (READ_PART, WRITE_PART)
    at = 6 if part else 3
    found["offset"] = int.from_bytes(body[3:6], "big") if part else 0
    if len(body) >= at + 2:
        found["count"] = int.from_bytes(body[at : at + 2], "big")
    if code in (WRITE, WRITE_PART):
        found["hex"] = body[at + 2 :].hex()
        if found["table"] == "BT07" and not found["offset"]:
            found.update(_procedure(body[at + 2 :]))
    return found


def _procedure(data):
    # What a write of BT07 calls.
    from osgp.procedures import code_of, find

    if len(data) < 3:
        return {}
    number = data[0] | (data[1] & 15) << 8
    found = {"procedure": code_of(number), "psn": data[2], "parameters": data[3:].hex()}
    with contextlib.suppress(LocalError):
        found["name"] = find(number).name
    return found


def reply_of(request, body, dims):
    """What a reply's body says (dict); ``request`` is the request's body or None."""
    code = body[0]
    found = {"packet": "reply", "code": code, "meaning": code_name(code) if code else "ok"}
    if code == 0x0C and len(body) >= 5:
        found["expected_sequence"] = int.from_bytes(body[1:5], "big")
    if code or len(body) < 3:
        return found
    data = body[3:]
    found["count"] = int.from_bytes(body[1:3], "big")
    found["hex"] = data.hex()
    if found["count"] != len(data):
        found["meaning"] = "ok, but it says %d bytes and has %d" % (found["count"], len(data))
    elif request and request[0] in (READ, READ_PART):
        asked = request_of(request)
        found["table"], found["offset"] = asked["table"], asked["offset"]
        rows = _values(int.from_bytes(request[1:3], "big"), asked["offset"], data, dims)
        if rows is not None:
            found["values"] = {row.name: tables.document(row) for row in rows}
    return found


def _values(table, offset, data, dims):
    # Rows, or None where the bytes are not the table from its beginning, or do not tell enough.
    if offset or not tables.is_declared(table):
        return None
    try:
        return tables.rows(table, data, dims or Dims())
    except (Stop, Refusal, TableError, LocalError):
        return None


def _show(found):
    if found["packet"] == "alert":
        print("alert sequence")
    elif found["packet"] == "request":
        words = ["request 0x%02X %s" % (found["request"], found["what"])]
        words += ["%s %s" % (k, found[k]) for k in ("table", "offset", "count") if k in found]
        words += ["%s %s" % (k, found[k]) for k in ("procedure", "name", "psn") if k in found]
        if "sequence" in found:
            words += ["sequence %08X" % found["sequence"], "digest " + found["digest"]]
        print(", ".join(words))
        if "hex" in found:
            print("  " + found["hex"])
    else:
        show_reply(found)


def show_reply(found):
    """Print what `reply_of` gave."""
    words = ["reply 0x%02X %s" % (found["code"], found["meaning"])]
    words += ["%s %s" % (k, found[k]) for k in ("table", "offset", "count") if k in found]
    if "expected_sequence" in found:
        words.append("expected sequence %08X" % found["expected_sequence"])
    if "digest" in found:
        words.append("digest " + found["digest"])
    print(", ".join(words))
    if "values" in found:
        for name, v in found["values"].items():
            shown = v.get("word") or output.shown(v["value"])
            print("  %s = %s" % (name, " ".join([shown, v["unit"] or ""]).strip()))
    elif found.get("hex"):
        print("  " + found["hex"])
