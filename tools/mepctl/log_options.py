"""Help and options of the commands that read what the meter has written down, and of `call`."""

EVENTS = """\
The meter's event logs (BT74, and ET79 where there is one), newest first, with names.

examples:
  mepctl events --newest 20 --port /dev/ttyUSB0 --key-file key.txt
  mepctl events --json --port socket://127.0.0.1:7000 --key ...
"""

OUTAGES = """\
When the power was away: the log ET81, or the last few that ET09 tells where a meter has none.

examples:
  mepctl outages --port /dev/ttyUSB0 --key-file key.txt
  mepctl outages --csv --port dump:mymeter > outages.csv
"""

SELFREADS = """\
The registers as the meter kept them: at its self-reads (BT26), at the end of the season (BT24),
at the last demand reset (BT25), at one-time reads (ET31), or as they are now (BT23); energies,
demands and what coincided with them, in total and by tariff.

examples:
  mepctl selfreads --newest 1 --port /dev/ttyUSB0 --key-file key.txt
  mepctl selfreads --kind season --json --port /dev/ttyUSB0 --key-file key.txt
  mepctl selfreads --csv --port dump:mymeter > selfreads.csv
"""

QUALITY = """\
Power quality as the meter counts it (ET09): sags, swells, lost phases, harmonics, voltage indices,
each with its last time, and the thresholds that decide what counts.

examples:
  mepctl quality --port /dev/ttyUSB0 --key-file key.txt
  mepctl quality --json --port dump:mymeter
"""

MBUS = """\
The M-Bus meters (water, heat, gas) that hang on this one, their state and what was last read of
them, and the MEP clients. With --log, what the meter has kept of scheduled reads. With --now the
meter asks one of them anew, which takes the advanced key (MAK) and --yes.

examples:
  mepctl mbus --port /dev/ttyUSB0 --key-file key.txt
  mepctl mbus --log --newest 10 --csv --port /dev/ttyUSB0 --key-file key.txt > reads.csv
  mepctl mbus --device 1 --now --yes --port /dev/ttyUSB0 --key-file mak.txt
"""

PROFILE = """\
The load profile: what each channel was at the end of each interval, in UTC, with what the meter
notes on it. Data sets 1 to 4; --from and --to are UTC times, or like 7d: so long ago.

40 days take some minutes. What is read for --out or --parquet is kept in FILE.part until the file
is written: after a fault, Ctrl-C or a kill the same command with --resume goes on from there, and
no interval is missing or there twice.

--parquet needs the package pyarrow: `pip install -r tools/requirements-parquet.txt`.

examples:
  mepctl profile --from 2d --port /dev/ttyUSB0 --key-file key.txt
  mepctl profile --from 2026-11-01 --to 2026-11-08 --csv --port dump:mymeter > week.csv
  mepctl profile --set 2 --parquet all.parquet --port /dev/ttyUSB0 --key-file key.txt
  mepctl profile --csv --out all.csv --resume --port /dev/ttyUSB0 --key-file key.txt
"""

CALL = """\
Call one of the meter's procedures. Without a port it tells what the procedure takes; with one it
shows the bytes it would write; with --yes too it writes them and waits for the answer. Parameters
are NAME=VALUE: numbers (also 0x..), words, or hex digits where they are bytes.

The meter's memory wears: no more than 4 writes an hour and 100 a day are let through, counted over
all runs of mepctl.

examples:
  mepctl call                                     all that the guides name
  mepctl call EP19                                what it takes
  mepctl call EP19 target=1 request=billing_read --port /dev/ttyUSB0 --key-file mak.txt
  mepctl call EP19 target=1 request=billing_read --yes --port /dev/ttyUSB0 --key-file mak.txt
"""


def add(commands, command):
    """Add them to ``commands``; ``command(commands, name, what, text, ...)`` makes a parser."""
    p = command(commands, "profile", "the load profile", PROFILE)
    p.add_argument(
        "--set", type=int, default=1, choices=(1, 2, 3, 4), help="data set (default: 1)"
    )
    p.add_argument("--from", dest="begin", metavar="TIME", help="after this (default: all)")
    p.add_argument("--to", dest="end", metavar="TIME", help="up to this (default: now)")
    form = p.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="JSON, for programs")
    form.add_argument("--csv", action="store_true", help="comma-separated, for spreadsheets")
    form.add_argument("--parquet", metavar="FILE", help="a Parquet file")
    p.add_argument("--out", metavar="FILE", help="write there, not to the screen")
    p.add_argument(
        "--resume", action="store_true", help="go on with what an interrupted run has left"
    )
    p.set_defaults(module="profile")
    p = command(commands, "events", "the meter's event logs", EVENTS)
    _newest(p)
    _done(p, "logs")
    p = command(commands, "outages", "when the power was away", OUTAGES)
    _newest(p)
    _done(p, "logs")
    p = command(commands, "selfreads", "registers as they were", SELFREADS)
    p.add_argument(
        "--kind",
        choices=("self", "season", "reset", "once", "now"),
        default="self",
        help="which: self-reads (default), season, demand reset, one-time reads, now",
    )
    _newest(p)
    _done(p, "logs")
    p = command(commands, "quality", "power quality", QUALITY)
    _done(p, "logs")
    p = command(commands, "mbus", "water, heat and gas meters that hang on it", MBUS)
    p.add_argument("--device", type=int, metavar="N", help="this one alone, 1 to 4")
    p.add_argument("--log", action="store_true", help="what was kept of scheduled reads")
    p.add_argument("--now", action="store_true", help="have the meter ask the device now")
    p.add_argument("--yes", action="store_true", help="with --now: I mean it")
    _newest(p)
    _done(p, "mbus")
    p = command(commands, "call", "call a procedure of the meter", CALL, required=False)
    p.add_argument(
        "words", metavar="PROCEDURE NAME=VALUE", nargs="*", help="EP19 or its name; parameters"
    )
    p.add_argument("--yes", action="store_true", help="call it, not only show it")
    p.add_argument("--json", action="store_true", help="JSON, for programs")
    p.set_defaults(module="call")


def _newest(p):
    p.add_argument("--newest", type=int, metavar="N", help="so many, not all")


def _done(p, module):
    form = p.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="JSON, for programs")
    form.add_argument("--csv", action="store_true", help="comma-separated, for spreadsheets")
    p.set_defaults(module=module)
