"""`python -m tools.mepsim`, also `mepctl sim`: a simulated meter on TCP or a pty."""

import argparse
import asyncio
import errno
import json
import os
import signal
import sys
import time
from dataclasses import replace
from datetime import datetime, timezone

from mep.keys import LocalError, parse_key
from . import faults as faulty
from .channel import Channel
from .live import HOUSES, House
from .meter import DEFAULT_MAK, DEFAULT_MBK, Meter
from .models import MODELS, shuffled
from .replay import RecordingError, ReplayMeter, load
from .serve import serve

USAGE = 2

_DESCRIPTION = "A simulated NES/OSGP meter behind its MEP port, for those who have none."
_EPILOG = """\
models: %s
houses:
%s
faults, as rates from 0 to 1 of requests or replies (ber: of bits), joined by commas:
%s
numbers that can stand beside them:
%s

examples:
  %%(prog)s --alerts
  %%(prog)s --listen 127.0.0.1:7001 --model gen4 --fault lost=0.02,garbage=0.01,ber=1e-4
  %%(prog)s --pty --replay FILE
"""


class BadInput(Exception):
    """One line that says what was wrong and what to write instead."""


class Parser(argparse.ArgumentParser):
    """argparse whose errors are one line."""

    def error(self, message):
        raise BadInput("%s; see --help" % message)


def _table(rows):
    return "\n".join("  %-12s %s" % row for row in rows.items())


def parser():
    """The options."""
    p = Parser(
        prog="mepctl sim",
        description=_DESCRIPTION,
        epilog=_EPILOG
        % (
            ", ".join(MODELS),
            _table(HOUSES),
            _table(faulty.RATES),
            _table(faulty.NUMBERS),
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    where = p.add_mutually_exclusive_group()
    where.add_argument("--listen", metavar="HOST:PORT", default="127.0.0.1:7000")
    where.add_argument("--pty", action="store_true", help="a pseudo terminal instead of TCP")
    p.add_argument("--model", default="gen3", metavar="NAME", help="which meter (default: gen3)")
    p.add_argument("--house", default="sunny", metavar="NAME", help="what it measures")
    p.add_argument("--shuffle", action="store_true", help="BT22 and BT27 in another order")
    p.add_argument("--key", help="its basic key, MBK (default: a7941d85bce8a8fa2ab7)")
    p.add_argument("--key-file", metavar="FILE", help="file that holds it and no more")
    p.add_argument("--mak", help="its advanced key, MAK (default: b1d4e0c2773f9a6655aa)")
    p.add_argument("--mak-file", metavar="FILE", help="file that holds it and no more")
    pace = p.add_mutually_exclusive_group()
    pace.add_argument("--paced", dest="paced", action="store_true", default=True)
    pace.add_argument("--unpaced", dest="paced", action="store_false", help="no line, no pauses")
    p.add_argument("--baud", type=int, default=9600, metavar="N", help="rate of the paced line")
    p.add_argument("--alerts", action="store_true", help="alert sequences once a second")
    p.add_argument(
        "--client", type=int, default=1, metavar="N", help="MEP port of the line, 1 or 2"
    )
    p.add_argument("--rc4", action="store_true", help="only encrypted requests are believed")
    p.add_argument("--locked", action="store_true", help="hardware lock: no writes that need MAK")
    p.add_argument("--days", type=int, default=40, metavar="N", help="of load profile, 1 to 60")
    p.add_argument("--date", metavar="TIME", help="the clock at the start, like 2026-04-10T12:00Z")
    p.add_argument("--fault", action="append", default=[], metavar="LIST", help="see below")
    p.add_argument("--seq-jump", type=int, default=0, metavar="N", help="as the fault seq_jump")
    p.add_argument("--idt-change", type=int, default=0, metavar="N", help="as idt_change")
    p.add_argument("--seed", type=int, default=1, metavar="N", help="of faults and of the house")
    p.add_argument("--replay", metavar="FILE", help="answer from a recording")
    p.add_argument("--record", metavar="FILE", help="write requests and replies to a new file")
    p.add_argument("--stats", action="store_true", help="print counts as JSON at the end")
    return p


def _key(option, text, path, default):
    if path is not None:
        if text is not None:
            raise BadInput("%s and %s-file: give one of them" % (option, option))
        option += "-file"
        try:
            with open(path, encoding="utf-8-sig") as f:
                text = f.read(4096).strip()
        except OSError as e:
            raise BadInput("%s %s: %s" % (option, path, e.strerror)) from None
        except ValueError:
            raise BadInput("%s %s: not a text file with one key" % (option, path)) from None
    if text is None:
        return default
    try:
        return parse_key(text)
    except LocalError as e:
        raise BadInput("%s: %s" % (option, e)) from None


def _address(text):
    host, colon, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise BadInput("--listen %s: write HOST:PORT, like 127.0.0.1:7000" % text)
    return host, int(port)


def _faults(args):
    settings = {}
    try:
        for text in args.fault:
            settings.update(faulty.parse(text))
        for name in ("seq_jump", "idt_change"):
            if getattr(args, name):
                settings[name] = getattr(args, name)
        return faulty.Faults(args.seed, **settings)
    except ValueError as e:
        raise BadInput(str(e)) from None


def _meter(args):
    keys = {
        "mbk": _key("--key", args.key, args.key_file, DEFAULT_MBK),
        "mak": _key("--mak", args.mak, args.mak_file, DEFAULT_MAK),
    }
    if args.replay:
        try:
            return ReplayMeter(load(args.replay), **keys)
        except RecordingError as e:
            raise BadInput(str(e)) from None
    model = MODELS.get(args.model)
    if model is None:
        raise BadInput("--model %s: write one of %s" % (args.model, ", ".join(MODELS)))
    if args.shuffle:
        model = shuffled(model, args.seed)
    if not 1 <= args.days <= 60:
        raise BadInput("--days %d: write a number from 1 to 60" % args.days)
    try:
        house = House(args.house, args.seed, model.tiers)
        keys.update(client=args.client, rc4=args.rc4, locked=args.locked)
        model = replace(model, days=args.days)
        epoch = _date(args.date) if args.date else time.time()
        return Meter(model, house, epoch=epoch, sequence=args.seed * 7919, **keys)
    except ValueError as e:
        raise BadInput("--%s" % e) from None


def _date(text):
    try:
        when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise ValueError("date %s: write it like 2026-04-10T12:00Z" % text) from None
    return when.replace(tzinfo=when.tzinfo or timezone.utc).timestamp()


def channel(args):
    """The line that ``args`` describe. Raises BadInput."""
    if not 300 <= args.baud <= 115200:
        raise BadInput("--baud %d: write 9600, or up to 115200" % args.baud)
    meter = _meter(args)
    if args.alerts:
        meter.enable_alerts()
    return Channel(meter, _faults(args), args.paced, args.baud)


def _record(line, path):
    try:
        f = open(path, "x", encoding="ascii")
    except OSError as e:
        hint = "; choose a new name" if e.errno == errno.EEXIST else ""
        raise BadInput("--record %s: %s%s" % (path, e.strerror, hint)) from None
    f.write("# packets as the simulated meter took and sent them\n")

    def tap(direction, packet, ms):
        if direction == ">":
            f.write("# at %.3f s\n" % (ms / 1000))
        f.write("%s %s\n" % (direction, packet.hex()))
        f.flush()

    line.tap = tap
    return f


async def _run(args):
    line = channel(args)
    host, port = _address(args.listen)
    simulator, record = None, None
    stop = asyncio.Event()
    try:
        record = _record(line, args.record) if args.record else None
        simulator = await serve(line, host, port, args.pty)
        for s in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(s, stop.set)
        print("listening on %s" % (simulator.path or simulator.url), flush=True)
        await stop.wait()
    except OSError as e:
        # asyncio's own text repeats the address; the reason alone is enough.
        why = os.strerror(e.errno) if e.errno and e.errno > 0 else str(e)
        raise BadInput("--listen %s: %s; choose another port" % (args.listen, why)) from None
    finally:
        if simulator:
            await simulator.close()
        if record:
            record.close()
    if args.stats:
        print(json.dumps(simulator.stats))


def main(argv=None):
    """Serve until interrupted; returns the exit code."""
    try:
        args, rest = parser().parse_known_args(argv)
        if rest:
            # Only options are named: another word could be a part of a key.
            names = [word.partition("=")[0] for word in rest if word.startswith("--")]
            what = "unknown option " + ", ".join(names) if names else "too many words"
            raise BadInput(what + "; see --help")
        asyncio.run(_run(args))
    except BadInput as e:
        print("mepsim: %s" % e, file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
