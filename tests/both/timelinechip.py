"""The fault timeline as data, second part: supply, flash, clock and the program's own faults."""

from timelinewords import ALONE, BACK, FULL, GAP, GOOD, JOIN, WRAP, Chapter, M, S, reads, row

_SAFE = {"mode": "safe mode", "ap": True, "mqtt": False, "power": 6}
BROWN_OUT = Chapter(
    "The supply breaks down again and again (brown-out)",
    '"the supply broke down (brown-out)" on the page and on MQTT; after three short lives in a '
    'row a page that says "safe mode" and "the last 3 lives were shorter than 60 s".',
    "Sends with 6 dBm instead of 10. Safe mode is the network and its page only; when nobody uses "
    "it for 15 minutes the application is tried once more.",
    "by each brown-out, and once out of safe mode",
    (
        row(2 * M, "brown-out", 30 * S, GOOD, starts=2, by="brown-out", power=6),
        row(2 * M, "", 35 * S, notes="the supply broke down (brown-out)"),
        row(2 * M + 45 * S, "brown-out", 30 * S, GOOD, starts=3, power=6),
        row(3 * M + 30 * S, "brown-out", 30 * S, GOOD, starts=4, power=6),
        row(4 * M + 15 * S, "brown-out", 30 * S, _SAFE, starts=5),
        row(4 * M + 15 * S, "", M, why="the last 3 lives were shorter than 60 s", page=200),
        row(4 * M + 15 * S, "", 17 * M, GOOD, starts=6, by="reset", power=10, notes=""),
        row(23 * M, "brown-out", 30 * S, GOOD, starts=7, power=6),
    ),
)
FULL_FLASH = Chapter(
    "The flash is full",
    'A change of the configuration is refused: "%s".' % FULL,
    "Goes on with what it had. A fault that it cannot write down is on the page until the next "
    "start.",
    "never",
    (
        row(2 * M, "the flash is full", 5 * S, BACK),
        row(3 * M, "the owner saves another name", 5 * S, BACK, answer=FULL),
        row(4 * M, "the publisher fails once", 20 * S, mode="application", meter=True, starts=1),
        row(4 * M, "", 30 * S, GOOD, fault="publisher: ValueError: once", tasks={"publisher": 1}),
        row(6 * M, "the supply goes and comes", 30 * S, BACK, starts=2, fault=""),
        row(7 * M, "there is room on the flash", 5 * S, BACK, starts=2),
        row(8 * M, "the owner saves another name", 5 * S, BACK, starts=2, answer="saved"),
        row(9 * M, "the supply goes and comes", 30 * S, BACK, starts=3, name="cellar"),
    ),
)
FIRST_FULL = Chapter(
    "The flash is full when the module is set up",
    "All is as always, until the supply goes: then it starts from the same config.json again.",
    "Uses what it was given and says that it could not be stored.",
    "never",
    (
        row(0, "the flash is full", 30 * S, BACK, console=FULL),
        row(2 * M, "the supply goes and comes", 30 * S, BACK, starts=2, console=FULL),
        row(4 * M, "there is room on the flash", 5 * S, BACK, starts=2),
        row(5 * M, "the supply goes and comes", 30 * S, BACK, starts=3),
    ),
)
SAVING = Chapter(
    "The supply goes while the configuration is saved",
    "The configuration as it was before.",
    "Starts with the copy that is whole.",
    "by the supply",
    (
        row(2 * M, "the supply goes while the owner saves another name", 30 * S, BACK, starts=2),
        row(4 * M, "the owner saves another name", 5 * S, BACK, starts=2, answer="saved"),
        row(5 * M, "the supply goes and comes", 30 * S, BACK, starts=3, name="cellar"),
    ),
)
CORRUPT = Chapter(
    "A file of the configuration is damaged",
    'With one of its two copies nothing; with both the set-up network, and "both stored copies '
    'are damaged" there.',
    "Takes the older copy; without any whole one it is as new, and waits for set-up.",
    "never by itself",
    (
        row(2 * M, "the newer copy is damaged", 5 * S, BACK),
        row(2 * M + 10 * S, "the supply goes and comes", 30 * S, BACK, starts=2),
        row(4 * M, "both copies are damaged", 5 * S, BACK, starts=2),
        row(4 * M + 10 * S, "the supply goes and comes", 30 * S, mode="set-up", ap=True, starts=3),
        row(4 * M + 10 * S, "", 40 * S, console="both stored copies are damaged", mqtt=False),
        row(6 * M, "the owner copies config.json to it", S, starts=3),
        row(6 * M + 5 * S, "the supply goes and comes", 30 * S, BACK, starts=4),
    ),
)
CLOCK = Chapter(
    "The clock jumps by hours",
    "Another time of day from then on; ages, the rhythm of reading and connections as before.",
    "Counts ages and intervals by ticks. Until NTP answers the meter's clock counts, before that "
    "the time is unknown, never the year 2000.",
    "never",
    (
        row(0, "no time server, the meter is 3 h fast", 20 * S, BACK, off_by=(10798, 10802)),
        row(10 * M, "the time server answers", 9 * M, BACK, off_by=(-2, 2), connects=1),
        row(20 * M, "the clock is set 5 h back", 9 * M, BACK, off_by=(-18002, -17998)),
        row(20 * M, "", 10 * M, bt28=reads(60), published=(50, 70), connects=1),
        row(31 * M, "the clock is set 2 h fast", 9 * M, BACK, off_by=(7198, 7202), connects=1),
    ),
)
NO_TIME = Chapter(
    "Nobody knows the time",
    "Readings with their ages and without a time of day.",
    "Tries the time servers on, at least once an hour.",
    "never",
    (
        row(
            0,
            "no time server, and nobody has set the meter's clock",
            14 * M,
            BACK,
            off_by=None,
            page_time=None,
        ),
        row(
            15 * M, "the time server answers", 5 * M, BACK, off_by=(-2, 2), page_time="2026-11-21"
        ),
    ),
)
_LONG = WRAP - 10 * M
TICKS = Chapter(
    "12.4 days of uptime: the milliseconds begin anew",
    "Nothing.",
    "Compares ticks by their difference only.",
    "never",
    (
        row(0, "", 9 * M, BACK),
        row(0, "", 11 * M, BACK, bt28=reads(120), published=(115, 125), connects=1),
        row(0, "", 20 * M, BACK, bt28=reads(540), connects=1, off_by=(-2, 2)),
    ),
    ticks=_LONG,
)
TICKS_FAULTS = Chapter(
    "The same while router and meter are away",
    "The same as on any other day.",
    "The same as on any other day.",
    "never",
    (
        row(6 * M, "the router is switched off", M, ALONE),
        row(8 * M, "the meter falls silent", 90 * S, meter=False, age=(85 * S, 92 * S)),
        row(8 * M, "", 4 * M, meter=False, age=(235 * S, 242 * S), tasks={}),
        row(13 * M, "the meter answers again", 75 * S, ALONE),
        row(15 * M, "the router is switched on", JOIN, BACK),
    ),
    ticks=_LONG,
)
HALF = Chapter(
    "6.2 days of uptime: differences of ticks change their sign",
    "Nothing.",
    "Nothing compares moments that far apart.",
    "never",
    (
        row(0, "", 9 * M, BACK),
        row(0, "", 11 * M, BACK, bt28=reads(120), connects=1),
    ),
    ticks=WRAP // 2 - 10 * M,
)
HANGS = Chapter(
    "A task hangs",
    '"task wifi hangs: the watchdog restarts the module" under the faults; started by "watchdog". '
    "If it takes the processor with it, only the latter.",
    "The watchdog is fed while every task reports, and only then.",
    "within 95 s; within 31 s if nothing else runs any more",
    (
        row(2 * M, "the Wi-Fi task waits for ever", 45 * S, GOOD, starts=1),
        row(2 * M, "", 95 * S, starts=2),
        row(2 * M, "", 2 * M, BACK, starts=2, by="watchdog", fault="task wifi hangs"),
        row(6 * M, "the Wi-Fi task computes for ever", 31 * S, starts=3),
        row(6 * M, "", M, BACK, starts=3, by="watchdog", off_by=(-2, 2)),
    ),
)
_OFTEN = {"publisher": (13, 16)}
FAILS = Chapter(
    "A task fails again and again",
    '"task publisher: ValueError: again" under the faults; all that it does not do goes on.',
    "Starts it again after 1, 2, 4 ... 60 s; the others do not notice.",
    "never",
    (
        row(0, "", 2 * M - 2 * S, GOOD, published=(100, 120)),
        row(
            2 * M,
            "the publisher fails",
            10 * M,
            GOOD,
            tasks=_OFTEN,
            published=(0, 3),
        ),
        row(2 * M, "", 10 * M + 5 * S, fault="task publisher: ValueError: again", mqtt=True),
        row(13 * M, "the publisher is well again", 65 * S, BACK, tasks=_OFTEN),
        row(13 * M, "", 80 * S, published=(12, 18), gap=GAP, starts=1),
    ),
)
