"""`mepctl watch`: the meter's values in the terminal, as they come."""

import asyncio
import contextlib
import json
import sys
import time

from firmware.hal import clock
from firmware.meter.poller import Poller
from firmware.readings import UNIT, Readings
from . import output, work
from .common import OK, REFUSED, USAGE, Stop

_BT01 = 1


def main(args):
    """Show until the limit or Ctrl-C; returns the exit code."""
    if args.count is not None and args.count < 1:
        raise Stop(USAGE, "--count %d: write a number above 0" % args.count)
    if args.seconds is not None and not args.seconds > 0:
        raise Stop(USAGE, "--seconds: write a number above 0")
    try:
        work.run(args, lambda meter: _watch(meter, args))
    except KeyboardInterrupt:
        print(file=sys.stderr)
    return OK


async def _watch(meter, args):
    if not hasattr(meter, "link"):
        raise Stop(REFUSED, "a dump has no live values; give --port of the meter itself")
    # A silent line or a wrong key ends the command; later they are shown and tried again.
    await meter.request(_BT01, 16, 0)
    store = Readings(clock)
    store.line = meter.link.session.counters
    screen = _Lines(args.json) if args.json or not sys.stdout.isatty() else _Screen()
    poller = Poller(meter.link, store, screen.log, args.fast)
    task = asyncio.create_task(poller.run())
    end = None if args.seconds is None else time.monotonic() + args.seconds
    shown = None
    try:
        with screen:
            seen = 0
            while args.count is None or seen < args.count:
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    return
                changed = await _next(store, seen, left)
                if task.done():
                    await task
                if changed:
                    shown = shown or _chosen(store, args.names)
                    seen = changed
                    screen.show(store, shown)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _next(store, snapshot, left):
    # Number of a snapshot after ``snapshot``; None if none came in time.
    limit = 1.0 if left is None else min(left, 1.0)
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(store.wait(snapshot), limit)
        return store.snapshot
    return None


def _chosen(store, names):
    # Indices of the values to show.
    have = store.names
    if not names:
        return list(range(len(have)))
    wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in have:
            import difflib

            near = difflib.get_close_matches(name, have, 3, 0.3) or have[:3]
            raise Stop(
                USAGE,
                "--names: this meter has no %s; the nearest are %s" % (name[:40], ", ".join(near)),
            )
    return [have.index(name) for name in wanted]


class _Lines:
    """One line a snapshot, for pipes."""

    def __init__(self, as_json):
        self._json = as_json

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def log(self, level, text):
        if level != "info":
            output.note("%s: %s" % (level, text))

    def show(self, store, chosen):
        names = store.names
        values = {names[i]: store.value(i) for i in chosen}
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        if self._json:
            ages = {names[i]: store.age_ms(i) for i in chosen}
            out = {"time": now, "snapshot": store.snapshot, "values": values, "age_ms": ages}
            print(json.dumps(out), flush=True)
        else:
            words = ["%s=%s" % (name, output.shown(v)) for name, v in values.items()]
            print(now, *words, flush=True)


class _Screen:
    """A table that is drawn anew with each snapshot."""

    def __init__(self):
        from rich.live import Live

        self._live = Live(auto_refresh=False)
        self._said = ""

    def __enter__(self):
        self._live.__enter__()
        return self

    def __exit__(self, *error):
        self._live.__exit__(*error)

    def log(self, level, text):
        self._said = "" if level == "info" else text

    def show(self, store, chosen):
        from rich.table import Table
        from rich.text import Text

        meter = store.meter
        title = "%s %s, serial %s" % (meter["manufacturer"], meter["model"], meter["serial"])
        line = store.line()
        caption = "snapshot %d; %s replies, %s retries. Ctrl-C ends it. %s" % (
            store.snapshot,
            line.get("verified", "?"),
            line.get("retries", "?"),
            self._said,
        )
        table = Table(title=Text(title), caption=Text(caption))
        for name, justify in (("name", "left"), ("value", "right"), ("unit", "left")):
            table.add_column(name, justify=justify)
        table.add_column("age s", justify="right")
        names = store.names
        for i in chosen:
            age = store.age_ms(i)
            table.add_row(
                Text(names[i]),
                output.shown(store.value(i)),
                store.kinds[i][UNIT],
                "-" if age is None else "%.1f" % (age / 1000),
            )
        self._live.update(table, refresh=True)
