"""What commands print: JSON for programs, tables for people, progress while it takes long."""

import contextlib
import json
import os
import sys

_WIDE = 400


def as_json(document):
    """``document`` as JSON text, for `--json`."""
    return json.dumps(document, indent=2)


def grid(title, columns, rows, right=()):
    """Print ``rows`` (iterables) under ``columns``; those named in ``right`` are numbers."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title) if title else None, title_justify="left")
    for name in columns:
        # A value is never cut short: what does not fit goes on in the next line.
        justify = "right" if name in right else "left"
        table.add_column(name, justify=justify, overflow="fold")
    for row in rows:
        # As text: a serial number with brackets in it is no markup.
        table.add_row(*[Text(shown(value)) for value in row])
    # Not on a terminal (a file, another program) there is no edge.
    width = None if sys.stdout.isatty() else _WIDE
    Console(soft_wrap=True, width=width).print(table)


def csv(columns, rows, file=None):
    """Write ``rows`` as CSV, to stdout unless there is a ``file``; unknown values stay empty."""
    import csv as writers

    writer = writers.writer(file or sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if value is None else value for value in row])


def pairs(title, rows):
    """Print names and values, two columns without frame."""
    rows = list(rows)
    width = max([len(name) for name, _ in rows] + [0])
    if title:
        print(title)
    for name, value in rows:
        print("  %-*s  %s" % (width, name, shown(value)))


def shown(value):
    """One value as text for people."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "%.10g" % value if isinstance(value, float) else str(value)


def note(text):
    """A line for people on stderr, out of the way of what is piped on."""
    sys.stderr.write(text + "\n")


def quiet(args):
    """True if nothing but the result shall appear."""
    return getattr(args, "json", False) or not sys.stderr.isatty()


@contextlib.contextmanager
def progress(args, what, total=None):
    """A bar on stderr while the block runs: call what it gives with (done, total, text)."""
    if quiet(args) and not os.environ.get("MEPCTL_PROGRESS"):
        yield lambda done, total=None, text=None: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
    )
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total)

        def tell(done, total=None, text=None):
            bar.update(task, completed=done, total=total, description=text)

        yield tell
