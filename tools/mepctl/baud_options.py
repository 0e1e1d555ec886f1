"""Help and options of `mepctl baud`."""

BAUD = """\
Change the rate of the MEP line: the meter's (ET13) and this computer's. It takes the advanced key
(MAK) and firmware 4.0 or newer; above 9600 the meter promises nothing. Without --yes it shows the
write and no more.

The new rate stays if the meter is heard three times running at it. Otherwise the old one is put
back, at whichever rate the meter can be heard; so up to three writes must be free (4 an hour and
100 a day are let through, counted over all runs of mepctl).

A socket:// port carries bytes, not a rate: take the serial device itself, or rfc2217://HOST:PORT,
which pyserial and ser2net speak. Only the simulated meter follows by itself (--follows).

Afterwards give --baud with every command, and set `baud` in a module's configuration; a module
that hears nothing tries 9600, too.

examples:
  mepctl baud 115200 --port /dev/ttyUSB0 --key-file mak.txt            what would be written
  mepctl baud 115200 --yes --port /dev/ttyUSB0 --key-file mak.txt
  mepctl baud 9600 --baud 115200 --yes --port /dev/ttyUSB0 --key-file mak.txt     and back
  mepctl baud 38400 --yes --follows --port socket://127.0.0.1:7000 --key ...      simulated
"""


def add(commands, command):
    """Add it to ``commands``; ``command(commands, name, what, text, ...)`` makes a parser."""
    p = command(commands, "baud", "another rate of the line, with a way back", BAUD)
    p.add_argument("rate", type=int, metavar="RATE", help="300 to 115200")
    p.add_argument("--yes", action="store_true", help="change it, not only show how")
    p.add_argument(
        "--follows",
        action="store_true",
        help="the other end of socket:// takes on the rate by itself, as the simulator does",
    )
    p.add_argument("--json", action="store_true", help="JSON, for programs")
    p.set_defaults(module="baud")
