"""The fault timeline as data, first part: network, broker, meter.

What is expected is named as `timelinekit.World.state` names it. A text must be part of what is
seen ("" is nothing), a pair is the least and the most. What no row names is held all the time:
whatever is published, stored or shown is the meter's, as old as it says, with the right time of
day. docs/faults.md is made of this (tests/host/test_faults_docs.py).
"""

from timelinewords import (
    ALONE,
    BACK,
    GAP,
    GOOD,
    JOIN,
    NO_BROKER,
    NO_METER,
    RECONNECT,
    RUNS,
    Chapter,
    M,
    S,
    like,
    reads,
    row,
)

START = Chapter(
    "Switched on",
    "Readings on the page and on MQTT within 20 s.",
    "Switches the line on and learns the meter, then starts the radio; NTP sets the clock.",
    "",
    (
        row(0, "the power comes", 20 * S, BACK, first=(0, 20 * S), by="power on", power=10),
        row(0, "", 30 * S, GOOD, off_by=(-2, 2), page_time="2026-11-21T02:00"),
    ),
)
LATE_ROUTER = Chapter(
    "The router starts later than the module",
    "No page until the router is there; then all is as always.",
    "Reads the meter from the first second on and tries the network for ever, with pauses of at "
    "most a minute.",
    "never",
    (
        row(0, "the router is switched off", 30 * S, ALONE, wifi="no such network"),
        row(15 * M, "the router is switched on", JOIN, BACK),
    ),
)
ROUTER = Chapter(
    "The router is off for two hours",
    'No page; MQTT says "offline". The console says "no such network".',
    "Reads on and tries the network for ever, with pauses of at most a minute.",
    "never (with ap_after_h 0; else see the next)",
    (
        row(5 * M, "the router is switched off", 9 * S, wifi="the network is gone", meter=True),
        row(5 * M, "", 2 * M, ALONE, wifi="no such network", status="offline"),
        row(5 * M, "", 120 * M, ALONE, wifi="no such network", starts=1, bt28=reads(118 * 60)),
        row(125 * M + S, "the router is switched on", JOIN, BACK),
    ),
)
WINDOW = Chapter(
    "The router is off for longer than ap_after_h (here 1 h)",
    "For five minutes the set-up network mep-123456 is there; then the module reads on.",
    "Starts again into set-up, because both do not fit into its memory, and tries the router on. "
    "After five minutes without anybody on the set-up network it starts again and reads on.",
    "twice: into set-up and back",
    (
        row(5 * M, "the router is switched off", 59 * M, ALONE, starts=1),
        row(5 * M, "", 62 * M, mode="set-up", starts=2, ap=True, by="reset", mqtt=False),
        row(5 * M, "", 68 * M, ALONE, starts=3, wifi="no such network", by="reset"),
        row(75 * M, "the router is switched on", JOIN, BACK, starts=3),
    ),
    {"ap_after_h": 1},
)
ADDRESS = Chapter(
    "The router gives another address",
    "The page at the new address, under the same name as before; MQTT goes on.",
    "Takes the address; connections of the old one are given up and made again.",
    "never",
    (
        row(2 * M, "the router is switched off", 30 * S, ALONE),
        row(3 * M, "the router is back with another address", JOIN, BACK, address="192.168.1.77"),
        row(6 * M, "the lease goes on with another", 15 * S, BACK, address="192.168.1.88"),
    ),
)
PASSWORD = Chapter(
    "The router's password is changed, or it gives no address",
    'No page. The console, and the set-up page, say "wrong Wi-Fi password" or "the router gives '
    'no address (DHCP)".',
    "Reads on, says so once and keeps trying: it may become right again.",
    "never (with ap_after_h 0)",
    (
        row(2 * M, "the router gets another password", M, ALONE, wifi="wrong Wi-Fi password"),
        row(12 * M, "the router gets its old password back", JOIN, BACK),
        row(
            15 * M,
            "the router gives no address",
            M,
            ALONE,
            wifi="the router gives no address (DHCP)",
        ),
        row(17 * M, "the router gives addresses again", JOIN, BACK),
    ),
)
BROKER = Chapter(
    "The MQTT broker is off for an hour",
    'The page goes on; its status says "connection refused", "no answer" or "it does not answer '
    'any more" of the broker. MQTT says "offline", by the last will.',
    "Reads on and tries the broker every few seconds; one reading a minute is kept, and sent when "
    "it is back.",
    "never",
    (
        row(2 * M, "the broker ends", 15 * S, NO_BROKER, mqtt_reason="connection refused"),
        row(2 * M, "", 30 * M, NO_BROKER, bt28=reads(1785), published=0),
        row(32 * M + 5 * S, "the broker's machine is off", 30 * M, NO_BROKER, bt28=reads(1805)),
        row(32 * M + 5 * S, "", 30 * M, mqtt_reason="no answer", gap=GAP),
        row(62 * M + 10 * S, "the broker is back", RECONNECT, BACK),
        row(62 * M + 10 * S, "", 60 * S, GOOD, kept=(30, 60)),
        row(
            64 * M, "the broker's machine is off", 8300, mqtt_reason="it does not answer any more"
        ),
        row(65 * M, "the broker is back", RECONNECT, BACK),
    ),
)
METER = Chapter(
    "The meter says nothing for an hour",
    'After 30 s page and MQTT say "offline" and "no reply from the meter", later "nothing heard '
    'although the line was switched off and on again and again". Values older than an hour go.',
    "Clears the line, switches ENABLE and then the MAX3232 off and on, for longer each time; then "
    "it tries once a minute for ever.",
    "never",
    (
        row(2 * M, "the meter falls silent", 25 * S, meter=True, age=(20 * S, 27 * S)),
        row(2 * M, "", 45 * S, NO_METER),
        row(2 * M, "", 2 * M, NO_METER, line="silent"),
        row(2 * M, "", 20 * M, NO_METER, age=(1190 * S, 1202 * S), notes="nothing heard although"),
        row(2 * M, "", 62 * M, NO_METER, age=None, energy=None),
        row(64 * M + 30 * S, "the meter answers again", 75 * S, BACK, notes=""),
        row(68 * M, "the meter falls silent", 45 * S, NO_METER),
        row(69 * M, "the meter answers again", 30 * S, BACK),
    ),
)
SWAP = Chapter(
    "Another meter is plugged in",
    "The new serial number with the new meter's values, none of the old one's.",
    "Asks who the meter is before it takes values; those of the old one are unknown then.",
    "never",
    (
        row(2 * M, "the meter falls silent", 45 * S, NO_METER, serial="4080000000000000"),
        row(4 * M, "another meter is there", 75 * S, BACK, serial="4080000000000001"),
        row(6 * M, "another meter is there", 10 * S, BACK, serial="4080000000000000"),
    ),
)
_ASLEEP = like(RUNS, reason="", mqtt=False, page=0, wifi="asleep", starts=1)
LOW = Chapter(
    "The profile low, with the router and then the broker away for an hour",
    "Readings at every window of the radio, and all that was kept in between, each with its time.",
    "Reads all the time; every five minutes the radio is on until all is delivered. What was read "
    "while nobody could take it, one reading a minute for two hours, is sent when somebody can.",
    "never",
    (
        row(0, "", 60 * S, _ASLEEP, status="asleep", connects=1, off_by=(-2, 2)),
        row(0, "", 330 * S, _ASLEEP, status="asleep", connects=2, kept=(3, 5), bt28=reads(270)),
        row(6 * M, "the router is switched off", 60 * M, RUNS, mqtt=False, bt28=reads(3630)),
        row(66 * M + S, "the router is switched on", 7 * M, connects=(3, 4), kept=(60, 68)),
        row(75 * M, "the broker ends", 60 * M, RUNS, mqtt=False, bt28=reads(3719), kept=(0, 5)),
        row(136 * M, "the broker is back", 7 * M, kept=(56, 70), status="asleep", starts=1),
    ),
    {"power_profile": "low"},
)
