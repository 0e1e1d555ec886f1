"""The command line: parsers, help that teaches, and how an error becomes a line and a code."""

import argparse
import importlib
import os
import sys

from . import VERSION, baud_options, meter_options, module_options
from .common import BROKEN, INTERRUPTED, KEY_VARIABLE, USAGE, Stop, add_line

_CODES = """\
exit codes:
  0    done (also a `run` or `replay` that was ended by Ctrl-C)
  1    an error of this program or of the machine it runs on
  2    bad usage or input: option, key form, URL, port, table name, file
  3    wrong key: the meter refused it every time
  4    silent line: no reply at all
  5    the meter refused what was asked (its code is named), or does not have it; or the guard
       of writes holds it back
  6    disturbed line: replies came, but damaged, or not as the table is declared
  130  ended by Ctrl-C before it was done
"""

_KEYS = (
    """\
the key may come from --key, --key-file or the environment variable %s; the last two keep it
out of the list of processes, where every user of the machine could read it.
"""
    % KEY_VARIABLE
)

_TOP = """\
Read OSGP (Echelon/NES) electricity meters over their MEP port, and flash the modules that do.

examples:
  mepctl sim --help                                  how to simulate a meter, without having one
  mepctl info --port /dev/ttyUSB0 --key-file key.txt one page about the meter
  mepctl read BT28 --port /dev/ttyUSB0 --key-file key.txt
                                                     the present values, once
  mepctl run --port /dev/ttyUSB0 --key-file key.txt --http 0.0.0.0:8080
                                                     live page and JSON, for ever
  mepctl record day.txt --port /dev/ttyUSB0 --key-file key.txt --seconds 60
  mepctl replay day.txt --decode                     what the recording says
  mepctl flash --port /dev/ttyUSB0 --board dabbler --download
                                                     make a new ESP32 module ready
"""

_RUN = """\
Read the meter for ever and serve its values on a live page, as JSON and by MQTT: the very
application that runs on the ESP32. A silent line or a wrong key is logged and tried again.

examples:
  mepctl run --port /dev/ttyUSB0 --key-file key.txt --http 127.0.0.1:8080
  MEP_KEY=... mepctl run --port socket://ser2net.lan:4000 --mqtt mqtt://user:pass@broker/mep
"""

_READ = """\
Read one table and show its values by name and unit. Tables larger than one reply (465 bytes)
are fetched in pieces, and what a table's layout depends on is read before it.

examples:
  mepctl read BT28 --port /dev/ttyUSB0 --key-file key.txt          present values
  mepctl read ET03 --json --port socket://127.0.0.1:7000 --key ...  for programs
  mepctl read 2051 --raw --offset 0 --count 30 --port ...           bytes as hex
"""

_RECORD = """\
Poll the meter as `run` does and write each packet, both ways, to a text file: `> hex` for a
request, `< hex` for a reply, `# note` for all else. The key is not in it, but the meter's serial
number is, and the digests are weak: do not publish a recording under a key still in use. What an
encrypted line (--rc4) said is written in plain text; a replay of it is not encrypted.

examples:
  mepctl record day.txt --seconds 60 --port /dev/ttyUSB0 --key-file key.txt
  mepctl record short.txt --polls 10 --port socket://127.0.0.1:7000 --key ...
"""

_REPLAY = """\
Serve a recording as if it were the meter, or say with --decode what its packets hold. With a
key, each reply's digest is checked; a recording of somebody else's meter decodes without.

examples:
  mepctl replay day.txt --decode
  mepctl replay day.txt --listen 127.0.0.1:7000     then: mepctl read BT28 --port socket://...
"""


class Parser(argparse.ArgumentParser):
    """One line on stderr instead of the usage; a word that could be a key is not repeated."""

    known = ()  # names of the commands

    def error(self, message):
        if "invalid choice" in message or "required: COMMAND" in message:
            message = "begin with one of the commands " + ", ".join(self.known)
        sys.stderr.write("%s: %s; `%s --help` shows how\n" % (self.prog, message, self.prog))
        sys.exit(USAGE)


def _command(commands, name, what, text, line=True, required=True):
    parser = commands.add_parser(
        name,
        help=what,
        description=text,
        epilog=(_KEYS + "\n" if line else "") + _CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    if line:
        add_line(parser, required)
    return parser


def build():
    """The parser of the whole command line."""
    parser = Parser(
        prog="mepctl",
        description=_TOP,
        epilog="`mepctl COMMAND --help` tells more of each.\n\n%s\n%s" % (_KEYS, _CODES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version="mepctl " + VERSION)
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=Parser
    )
    _add_run(commands)
    _add_read(commands)
    _add_record(commands)
    _add_replay(commands)
    # Its arguments go to the simulator's own parser; this is its line in the list of commands.
    commands.add_parser("sim", help="be a simulated meter on TCP or a pty", add_help=False)
    meter_options.add(commands, _command)
    baud_options.add(commands, _command)
    module_options.add(commands, _command)
    Parser.known = tuple(commands.choices)
    return parser


def _add_run(commands):
    p = _command(commands, "run", "live page, JSON and MQTT, for ever", _RUN, required=False)
    p.add_argument("--http", metavar="HOST:PORT", help="where to serve (default: 127.0.0.1:8080)")
    p.add_argument(
        "--mqtt",
        metavar="URL",
        help="broker as mqtt[s]://[user:pass@]host[:port][/base]; a password is safer in --config",
    )
    module_options.add_tls(p)
    p.add_argument("--fast", action="store_true", help="read as fast as the line can")
    p.add_argument(
        "--config", metavar="FILE", help="JSON file, as on the chip; the other options override it"
    )
    p.add_argument(
        "--stale",
        type=int,
        metavar="S",
        help="seconds without a reply until the meter counts as offline (default: 30)",
    )
    p.add_argument("--quiet", action="store_true", help="no log, only the page's address")
    p.set_defaults(module="run")


def _add_read(commands):
    p = _command(commands, "read", "read one table", _READ)
    p.add_argument("table", metavar="TABLE", help="name or number: BT28, et03, 28, 2051")
    p.add_argument("--offset", type=int, metavar="N", help="first byte (shown as hex only)")
    p.add_argument("--count", type=int, metavar="N", help="number of bytes")
    p.add_argument("--json", action="store_true", help="one JSON object, for programs")
    p.add_argument("--raw", action="store_true", help="the bytes as hex")
    p.add_argument("--show-secrets", action="store_true", help="keys in the table, too")
    p.set_defaults(module="read")


def _add_record(commands):
    p = _command(commands, "record", "record the packets both ways", _RECORD)
    p.add_argument("file", metavar="FILE", help="a new file")
    limit = p.add_mutually_exclusive_group()
    limit.add_argument("--seconds", type=float, metavar="N", help="stop after so long")
    limit.add_argument("--polls", type=int, metavar="N", help="stop after so many table reads")
    p.add_argument("--fast", action="store_true", help="read as fast as the line can")
    p.add_argument("--force", action="store_true", help="replace FILE if it exists")
    p.set_defaults(module="record")


def _add_replay(commands):
    p = _command(commands, "replay", "serve or decode a recording", _REPLAY, line=False)
    p.add_argument("file", metavar="FILE", help="a recording")
    p.add_argument("--decode", action="store_true", help="print names and values instead")
    p.add_argument("--json", action="store_true", help="with --decode: one JSON object a reply")
    p.add_argument(
        "--listen",
        metavar="HOST:PORT",
        default="127.0.0.1:7000",
        help="where to serve (default: %(default)s)",
    )
    p.add_argument("--key", help="check each digest (also --key-file, or %s)" % KEY_VARIABLE)
    p.add_argument("--key-file", metavar="FILE", help="file that holds the key and no more")
    p.set_defaults(module="replay")


def _dispatch(arguments):
    if arguments[:1] == ["sim"]:
        from tools.mepsim.__main__ import main

        return main(arguments[1:])
    args, rest = build().parse_known_args(arguments)
    if rest:
        # Only options are named: another word could be a part of a key.
        names = [word.partition("=")[0] for word in rest if word.startswith("--")]
        what = "unknown option " + ", ".join(names) if names else "too many words"
        raise Stop(USAGE, "%s; `mepctl %s --help` shows the options" % (what, args.command))
    # Only what the command needs is loaded: `--help` answers at once.
    main = importlib.import_module("." + args.module, __package__).main
    return main(args)


def run(arguments):
    """Run one command; returns the exit code. Errors are one line on stderr."""
    try:
        return _dispatch(arguments) or 0
    except Stop as e:
        sys.stderr.write("mepctl: %s\n" % str(e).replace("\n", " "))
        return e.code
    except KeyboardInterrupt:
        sys.stderr.write("mepctl: interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output is gone (`| head`): nothing to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN
