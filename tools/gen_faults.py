"""Write docs/faults.md from the scripts of the fault timeline (tests/both/timelinescript.py).

.venv/bin/python -m tools.gen_faults            write it
.venv/bin/python -m tools.gen_faults --check    say (exit code 1) if it is not current
"""

import sys

from .paths import ROOT, add_paths

TARGET = ROOT / "docs" / "faults.md"
HEAD = """# Faults

Made by `python -m tools.gen_faults` from `tests/both/timelinescript.py` and `timelinechip.py`; do
not edit it by hand.

What can go wrong around a module, what its owner sees of it and what the module does. Each line is
played by `tests/both/test_timeline.py` on the real firmware, from its start on, with a router, a
broker, a meter, a flash and a supply that fail as the script says, on a clock that does not wait.
Nobody has to do anything for the module to come back unless a line says so.

Besides what the lines say it holds all the time that every value published, stored or shown is the
meter's, as old as it says it is, that its time of day is right, and that no task dies.
"""
DETAILS = """
## Step by step

The moments of each script, and what must be seen then. "All well" is: the application runs, the
meter answers, nine reads of BT28 in ten seconds, the page answers, MQTT is connected and its
status is "online", no set-up network is open and no task was started again.
"""
# name of what is expected: (for False, for True), or the words around a value
PHRASES = {
    "mode": "%s",
    "starts": "start %s",
    "address": "address %s",
    "name": "name %s",
    "ap": ("no set-up network", "set-up network open"),
    "mqtt": ("no MQTT connection", "MQTT connected"),
    "status": 'MQTT status "%s"',
    "connects": "MQTT connection number %s",
    "bt28": "%s reads of BT28 since the line before",
    "published": "%s readings published since the line before",
    "kept": "%s kept readings delivered since the line before",
    "gap": "%s s between two reads of BT28",
    "by": "started by %s",
    "why": '"%s"',
    "fault": 'fault kept: "%s"',
    "console": 'on the console "%s"',
    "power": "%s dBm",
    "first": "first reading published after %s s",
    "answer": 'answer "%s"',
    "meter": ("the meter is offline", "the meter is online"),
    "reason": '"%s"',
    "serial": "serial number %s",
    "wifi": 'Wi-Fi "%s"',
    "line": 'meter line "%s"',
    "notes": '"%s"',
    "off_by": "time of day %s s off",
    "tasks": "tasks started again: %s",
    "mqtt_reason": 'MQTT "%s"',
    "age": "values %s s old",
    "energy": "energy %s",
    "page": "page answers with %s",
    "page_time": "the page's time is %s",
}
NOTHING = {
    "reason": "no complaint",
    "fault": "no fault kept",
    "notes": "nothing to mend",
    "tasks": "no task started again",
    "age": "values forgotten",
    "energy": "energy unknown",
    "off_by": "no time of day",
    "page_time": "the page tells no time",
    "page": "no page",
}
SECONDS = ("gap", "first", "age")


def chapters():
    """All chapters, in the order of the page."""
    add_paths()
    sys.path.append(str(ROOT / "tests" / "both"))
    import timelinechip
    import timelinescript
    from timelinewords import Chapter

    return [
        chapter
        for module in (timelinescript, timelinechip)
        for chapter in vars(module).values()
        if isinstance(chapter, Chapter)
    ]


def document():
    """The whole page as text."""
    parts = [HEAD, "| what happens | what you see | what the module does | it starts again |"]
    parts.append("|---|---|---|---|")
    for c in chapters():
        parts.append("| %s | %s | %s | %s |" % (c.title, c.sees, c.does, c.restarts))
    parts.append(DETAILS)
    for c in chapters():
        parts += [
            "### " + c.title,
            "",
            "| at | what happens | after | then |",
            "|---|---|---|---|",
        ]
        parts += [line(*row) for row in c.rows] + [""]
    return "\n".join(parts)


def line(at, event, after, expected):
    """One row of a script as a line of its table."""
    return "| %s | %s | %s | %s |" % (span(at), event, span(after), words(expected))


def words(expected):
    """What is expected, in words."""
    import timelinewords

    rest = dict(expected)
    found = []
    for text, state in (
        ("all well", timelinewords.GOOD),
        ("all well but the meter", timelinewords.NO_METER),
        ("all well but the broker", timelinewords.NO_BROKER),
        ("reads on without a network", timelinewords.ALONE),
    ):
        if all(name in rest and rest[name] == state[name] for name in state):
            rest = {name: rest[name] for name in rest if name not in state}
            found.append(text)
            break
    return "; ".join(found + [phrase(name, rest[name]) for name in rest])


def phrase(name, value):
    """One expectation in words."""
    if name in NOTHING and not value:
        return NOTHING[name]
    form = PHRASES[name]
    if isinstance(value, bool):
        return form[value]
    if isinstance(value, dict):
        value = ", ".join("%s %s times" % (task, number(value[task])) for task in value)
    elif name in SECONDS:
        value = number([n / 1000 for n in value])
    return form % number(value)


def number(value):
    """A value, or the range of one, as text."""
    if isinstance(value, (tuple, list)):
        least, most = value
        return "%g to %g" % (least, most) if least else "at most %g" % most
    return str(value)


def span(ms):
    """A time as h:mm:ss."""
    s = ms // 1000
    return "%d:%02d:%02d" % (s // 3600, s // 60 % 60, s % 60)


def main(arguments):
    if "--check" in arguments:
        current = TARGET.read_text(encoding="utf-8") == document()
        print("docs/faults.md is %scurrent" % ("" if current else "not "))
        return 0 if current else 1
    TARGET.write_text(document(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
