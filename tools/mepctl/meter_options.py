"""Help and options of the commands that look at the meter: tables, info, dump, decode and more."""

from . import log_options

TABLES = """\
List all tables that the guides name: who may read and write them, since which firmware. With a
port, the meter is asked which of them it has and gives to this key. With names, list their fields.

examples:
  mepctl tables                                          all there are
  mepctl tables --port /dev/ttyUSB0 --key-file key.txt   and what this meter has
  mepctl tables BT52 ET09                                the fields of two
"""

INFO = """\
One page about the meter: who made it, what it counts, what it is set to, its clock, what hangs on
it and what it complains of. What it refuses to tell is named at the end. Nothing is written.

examples:
  mepctl info --port /dev/ttyUSB0 --key-file key.txt
  mepctl info --port socket://127.0.0.1:7000 --key ... --json
  mepctl info --port dump:mymeter                        from a dump, without the meter
"""

DUMP = """\
Read every table that the meter gives, into a directory: its bytes (BT28.bin), its values
(BT28.json), and manifest.json, which lists them and says why others were refused. Keys and
passwords in the tables are masked; the meter's serial numbers are not. It is what to send with a
report of a fault. Run it again after a break: it goes on where it was.

Every command that reads takes `--port dump:DIR` in place of a meter.

examples:
  mepctl dump mymeter --port /dev/ttyUSB0 --key-file key.txt
  mepctl dump mymeter --skip BT64 --port /dev/ttyUSB0 --key-file key.txt   without the profile
  mepctl read BT28 --port dump:mymeter
"""

DECODE = """\
Say what bytes mean: of a table, given its name, or of whole packets, requests and replies. Bytes
are hex digits, with spaces or without, a file of such (or of the bytes themselves), or `-` for
stdin. Tables whose layout depends on the meter need --from: a dump of it. With a key, the digests
of packets are checked.

examples:
  mepctl decode BT52 18031c0f1400 04
  mepctl decode 001400 ...                               a packet, or several
  mepctl decode BT28 mymeter/BT28.bin --from mymeter
  grep '^[<>]' day.txt | mepctl decode -                 packets of a recording
"""

CLOCK = """\
Compare the meter's clock with this computer's. The meter tells whole seconds; it is asked until
one begins, which gives the offset to about 0.1 s. This computer's clock may be the wrong one:
`timedatectl` tells.

examples:
  mepctl clock --port /dev/ttyUSB0 --key-file key.txt
  mepctl clock --json --port socket://127.0.0.1:7000 --key ...
"""

RAW = """\
Send one request as it is given and show the reply: the body in hex, without length, sequence
number and digest, which are made here. Nothing is sent that could change the meter unless --yes
stands there; without it the packet is only shown.

examples:
  mepctl raw 30 0001 0010 --port /dev/ttyUSB0 --key-file key.txt          full read of BT01
  mepctl raw 3F 0017 000000 002C --port /dev/ttyUSB0 --key-file key.txt   part of BT23
  mepctl raw 40 0007 0004 11 08 05 00 --port ... --yes                    a write
"""

WATCH = """\
Show the meter's values in the terminal as they come, until Ctrl-C or --count; with --json one
line each.

examples:
  mepctl watch --port /dev/ttyUSB0 --key-file key.txt
  mepctl watch --fast --names power_forward,power_reverse --port ... --key-file key.txt
  mepctl watch --json --count 10 --port socket://127.0.0.1:7000 --key ... > ten.jsonl
"""

COMPLETION = """\
Print a script that lets a shell complete commands, options, table and file names.

examples:
  mepctl completion bash > ~/.local/share/bash-completion/completions/mepctl
  mepctl completion zsh > ~/.zfunc/_mepctl            with ~/.zfunc in $fpath
  mepctl completion fish > ~/.config/fish/completions/mepctl.fish
"""


def json_option(p):
    """Add `--json`."""
    p.add_argument("--json", action="store_true", help="JSON, for programs")


def add(commands, command):
    """Add them to ``commands``; ``command(commands, name, what, text, ...)`` makes a parser."""
    p = command(commands, "tables", "which tables there are", TABLES, required=False)
    p.add_argument("tables", metavar="TABLE", nargs="*", help="its fields: BT28, et03, 2051")
    _done(p, "listing")
    p = command(commands, "info", "one page about the meter", INFO)
    _done(p, "info")
    _add_dump(command(commands, "dump", "read all tables into a directory", DUMP))
    _add_decode(command(commands, "decode", "say what bytes mean", DECODE, line=False))
    log_options.add(commands, command)
    p = command(commands, "clock", "the meter's clock against this computer's", CLOCK)
    _done(p, "clock")
    p = command(commands, "raw", "send one request as it is", RAW)
    p.add_argument("hex", metavar="HEX", nargs="+", help="the request's body")
    p.add_argument("--yes", action="store_true", help="send it even if it could change something")
    _done(p, "raw")
    _add_watch(command(commands, "watch", "live values in the terminal", WATCH))
    p = command(commands, "completion", "tab completion for your shell", COMPLETION, line=False)
    p.add_argument("shell", choices=("bash", "zsh", "fish"), help="which shell")
    p.set_defaults(module="completion")


def _done(p, module):
    json_option(p)
    p.set_defaults(module=module)


def _add_dump(p):
    p.add_argument("folder", metavar="DIR", help="a new directory, or one to go on with")
    p.add_argument("--only", metavar="TABLES", help="these alone: BT01,BT21,ET03")
    p.add_argument("--skip", metavar="TABLES", help="all but these")
    p.add_argument("--again", action="store_true", help="read all anew, also what is there")
    _done(p, "dump")


def _add_decode(p):
    p.add_argument(
        "words",
        metavar="[TABLE] BYTES",
        nargs="+",
        help="the table's name if it is one; hex digits, a file, or - for stdin",
    )
    p.add_argument("--from", dest="dump", metavar="DIR", help="a dump of the meter")
    p.add_argument("--key", help="check the digests of packets (also --key-file, or MEP_KEY)")
    p.add_argument("--key-file", metavar="FILE", help="file that holds the key and no more")
    _done(p, "decode")


def _add_watch(p):
    p.add_argument("--names", metavar="NAMES", help="these values alone: power_forward,voltage_l1")
    p.add_argument("--count", type=int, metavar="N", help="stop after so many snapshots")
    p.add_argument("--seconds", type=float, metavar="S", help="stop after so long")
    p.add_argument("--fast", action="store_true", help="read as fast as the line can")
    _done(p, "watch")
