"""`mepctl raw`: one request as it is given, and its reply; no layer of ours between.

Reads are tried again when a reply is lost; what could change the meter is sent once.
"""

import asyncio
import time

from firmware.hal.ports import open_port
from mep.digest import Digest
from mep.frame import ALERT, BAD, MAX_LENGTH, PACKET, PacketReader
from mep.rc4 import Cipher
from mep.requests import OK as DONE
from mep.requests import OVERHEAD, READ, READ_PART, SEQUENCE, WRITE, WRITE_PART, seal
from . import decode, output, work
from .common import (
    DISTURBED,
    OK,
    REFUSED,
    SILENCE,
    SILENT,
    USAGE,
    Stop,
    find_baud,
    find_key,
    opened,
)

_TRIES = 4
_REPLY_S = 0.5
_GAP_S = 0.15
_POLL_S = 0.005
_HEAD = 2


def main(args):
    """Send and print; returns the exit code."""
    body = body_of("".join(args.hex))
    key = find_key(args)
    baud = find_baud(args)
    if body[0] not in (READ, READ_PART) and not args.yes:
        return _dry_run(args, body, key)
    gate = None
    if body[0] in (WRITE, WRITE_PART):
        gate = work.run(args, lambda meter: _guard(meter, body))
    packet, reply = asyncio.run(_exchange(args.port, baud, key, body, args.rc4))
    found = decode.reply_of(body, reply[_HEAD:-8], None)
    found = dict(request=packet.hex(), reply=reply.hex(), **found)
    if gate and found["code"] not in (DONE, SEQUENCE):
        found["meaning"] = gate.explain(*_written(body), found["code"])
    if args.json:
        print(output.as_json(found))
    else:
        print("> %s\n< %s" % (packet.hex(" "), reply.hex(" ")))
        decode.show_reply(found)
    return OK if found["code"] == DONE else REFUSED


async def _guard(meter, body):
    # As for every write: what it wears is counted, and there is a limit.
    from .guard import Gate

    gate = Gate(await work.learn(meter))
    gate(*_written(body))
    return gate


def _written(body):
    # (table, data) of a write.
    return int.from_bytes(body[1:3], "big"), body[5 if body[0] == WRITE else 8 :]


def body_of(text):
    """The bytes of ``text``, if they can be a request's body. Raises Stop."""
    try:
        body = bytes.fromhex(text)
    except ValueError:
        raise Stop(USAGE, "raw: write pairs of hex digits, like 30 0001 0010")
    if not 1 <= len(body) <= MAX_LENGTH - OVERHEAD:
        raise Stop(USAGE, "raw: %d bytes cannot be sent; write 1 to 462" % len(body))
    return body


def _dry_run(args, body, key):
    packet = sealed(body, key, 0)
    if args.json:
        print(output.as_json({"sent": False, "request": packet.hex()}))
    else:
        print("> %s" % packet.hex(" "))
        print("not sent: it could change something in the meter; --yes sends it")
    return OK


def sealed(body, key, sequence):
    """The whole packet for ``body``."""
    buf = bytearray(len(body) + OVERHEAD)
    buf[_HEAD : _HEAD + len(body)] = body
    size = seal(buf, len(body), sequence >> 16, sequence & 0xFFFF, Digest(key))
    return bytes(buf[:size])


async def _exchange(url, baud, key, body, rc4):
    # (packet, reply), in plain text, whose digest is right.
    cipher = Cipher(key) if rc4 else None
    port = await opened(url, open_port(url, baud))
    sequence = time.monotonic_ns() // 1000000 & 0xFFFFFFFF
    tries = _TRIES
    fault = None
    try:
        while tries:
            packet = sealed(body, key, sequence)
            line = bytearray(packet)
            if cipher:
                cipher.seal(line, len(body))
            port.write(bytes(line))
            reply, fault = await _reply(port, baud)
            if cipher and reply is not None and not genuine(key, packet, reply):
                inner = bytearray(reply[_HEAD:])
                cipher.turn(inner, len(inner) - 8)
                reply = reply[:_HEAD] + bytes(inner)
            if reply is not None:
                if reply[_HEAD] == 0x0B:
                    return packet, reply  # its digest cannot be checked under a wrong key
                if not genuine(key, packet, reply):
                    fault = "digest"
                elif reply[_HEAD] == SEQUENCE and tries == _TRIES:
                    tries -= 1
                    sequence = int.from_bytes(reply[3:7], "big") + 1 & 0xFFFFFFFF
                    continue
                else:
                    return packet, reply
            tries -= 1
            sequence = sequence + 1 & 0xFFFFFFFF
            if body[0] not in (READ, READ_PART):
                break  # it may have been executed: not twice
    finally:
        port.close()
    if fault is None:
        raise Stop(SILENT, SILENCE % url)
    raise Stop(DISTURBED, "the line is disturbed (%s); what was sent may have been done" % fault)


def genuine(key, packet, reply):
    """True if the digest of ``reply`` goes with ``packet`` under ``key``."""
    state = Digest(key)
    message = packet[_HEAD:-8] + reply[_HEAD:-8]
    state.update(message, 0, len(message))
    return state.check(reply, len(reply) - 8)


async def _reply(port, baud):
    # (packet, None), or (None, why not; None if nothing came).
    reader = PacketReader()
    buf = bytearray(512)
    data = bytearray()
    quiet = _REPLY_S
    heard = began = time.monotonic()
    while time.monotonic() - heard < quiet and time.monotonic() - began < 2 + 10000 / baud:
        n = port.readinto(buf)
        i = 0
        while i < n:
            heard, quiet = time.monotonic(), _GAP_S
            end = reader.feed(buf, i, n)
            data += buf[i:end]
            i = end
            if reader.found == PACKET:
                return bytes(data), None
            if reader.found == BAD:
                return None, "length"
            if reader.found == ALERT:
                data.clear()
                quiet = _REPLY_S
        await asyncio.sleep(_POLL_S)
    return None, "cut" if data else None
