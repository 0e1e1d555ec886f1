"""Write docs/cli.md: every command of mepctl on the simulated meter, with what it really says.

.venv/bin/python -m tools.gen_cli       a minute; numbers and times differ each time
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from .paths import ROOT

TARGET = ROOT / "docs" / "cli.md"
KEY = "a7941d85bce8a8fa2ab7"
PORT = "socket://127.0.0.1:7000"
WIDTH = 110
HEAD = """# mepctl: the meter from the command line

Made by `python -m tools.gen_cli`, which runs each command against the simulated meter and writes
down what it says (long output is cut, at `...`); do not edit it by hand. `mepctl COMMAND --help`
tells all options of a command, with examples and the exit codes.

`make setup` installs it as `.venv/bin/mepctl`. Tab completion: `mepctl completion bash`, `zsh` or
`fish`.

The key comes from `--key-file`, the environment variable `MEP_KEY` or, for all to see, `--key`. It
is never shown. Instead of a meter every reading command takes a dump of one: `--port dump:DIR`.
With `--json` the output is for programs. The meter here:

```
$ echo a7941d85bce8a8fa2ab7 > key.txt
$ mepctl sim --listen 127.0.0.1:7000 &
listening on socket://127.0.0.1:7000
```
"""
_LINE = "--port %s --key-file key.txt" % PORT
# Heading, what is said first, command, lines that are kept. {line} is port and key.
EXAMPLES = (
    ("info", "The meter on one page.", "info {line}", 60),
    (
        "tables",
        "What the guides know; with a port, what this meter has of it.",
        "tables {line}",
        24,
    ),
    ("", "The fields of one table:", "tables BT52", 20),
    ("read", "One table by name, number or in hex.", "read BT28 {line}", 16),
    ("", "", "read ET03 --raw {line}", 5),
    ("", "A name that is none, and a table that this meter does not have:", "read BT82 {line}", 3),
    ("", "", "read ET98 {line}", 3),
    (
        "profile",
        "The load profile, here the last hour of data set 1.",
        "profile --from 1h {line}",
        14,
    ),
    ("events", "", "events --newest 5 {line}", 14),
    ("outages", "", "outages --newest 5 {line}", 14),
    ("selfreads", "", "selfreads --newest 1 {line}", 14),
    ("quality", "", "quality {line}", 16),
    ("clock", "", "clock {line}", 5),
    ("baud", "Another rate of the line; this meter is too old for it:", "baud 115200 {line}", 3),
    ("mbus", "Water, heat and gas meters.", "mbus {line}", 24),
    ("call", "What a procedure takes:", "call EP17", 8),
    (
        "",
        "What would be written; with `--yes` it is:",
        "call EP17 action=0 handle=0x03F8 {line}",
        5,
    ),
    ("raw", "A request as it goes over the line.", "raw 30 0001 0010 {line}", 12),
    ("", "What could change the meter is only shown:", "raw 40 0007 0004 11080500 {line}", 4),
    ("watch", "Live; here as lines.", "watch --count 2 --names frequency,voltage_l1 {line}", 4),
    ("decode", "A table's bytes:", "decode BT52 18031c0f1400 04", 12),
    ("", "A packet:", "decode 00143f003400000000070000000501020304050607 08", 4),
    ("dump", "What to send with a report of a fault.", "dump mymeter {line}", 8),
    ("", "And what can be done with it:", "read ET04 --port dump:mymeter", 8),
    ("completion", "", "completion bash", 4),
)


def page(run):
    """The page's text; ``run(words)`` gives a command's output."""
    lines = [HEAD]
    for heading, text, command, most in EXAMPLES:
        command = command.format(line=_LINE)
        if heading:
            lines.append("## " + heading + "\n")
        if text:
            lines.append(text + "\n")
        output = run(command.split()).rstrip().split("\n")
        if len(output) > most:
            output = [*output[: most - 1], "..."]
        lines += ["```", "$ mepctl " + command, *[line.rstrip() for line in output], "```\n"]
    return "\n".join(lines).rstrip() + "\n"


def main():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "key.txt").write_text(KEY + "\n")
        words = [
            sys.executable,
            "-m",
            "tools.mepsim",
            "--listen",
            PORT[9:],
            "--unpaced",
            "--days",
            "7",
        ]
        environment = dict(os.environ, COLUMNS=str(WIDTH), PYTHONPATH=str(ROOT))
        environment.pop("MEP_KEY", None)
        meter = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            meter.stdout.readline()

            def run(words):
                done = subprocess.run(
                    [sys.executable, "-m", "tools.mepctl", *words],
                    cwd=folder,
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
                print("%d  %s" % (done.returncode, " ".join(words)))
                return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)

            TARGET.write_text(page(run), encoding="utf-8")
        finally:
            meter.terminate()
            meter.wait()


if __name__ == "__main__":
    main()
