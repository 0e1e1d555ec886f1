"""What the meter's events are called and what their arguments say; for `osgp.events`.

Numbers up to 50 follow ANSI C12.19's list, those from 64 on the order of the bits in BT03 from
byte 4 on; what the arguments mean is from Echelon's "ANSI Electric Meter User's Guide" v3.1.
Inferred, not stated there: 4 to 23, 39 to 49, 65, 73, 75, 76, 86, 92 and 93.
"""

from .codec import table_name

# Number, name, how to read the argument.
_EVENTS = """
1 power_down
2 power_up CAUSE
3 clock_before_change
4 clock_after_change
7 read
8 written
9 procedure_called procedure
10 table_written table
11 programmed
12 session_ended
13 session_broken
14 lists_reset
15 lists_updated
16 event_log_cleared
17 event_log_read
20 demand_reset
21 self_read
22 summer_time_began
23 summer_time_ended
24 season_change from1
26 special_day SCHEDULE
27 tariff_change from1
28 pending_table_activated pending
29 pending_table_cleared pending
30 test_mode_began
31 test_mode_ended
36 firmware_changed hex
37 configuration_error
38 system_reset RESET
39 ram_failure
40 rom_failure
41 nvm_failure
42 clock_error
43 measurement_error
44 low_battery
45 low_loss_potential
46 demand_overload
47 cover_removed
48 reverse_energy
49 backup_incomplete
50 disconnect_error
64 profile_overflow
65 self_read_occurred
66 disconnect_changed disconnect
67 relay_open
68 phase_loss phases
69 phase_inversion INVERSION
70 plc_failure
71 general_error
72 invalid_password
73 remote_inactive
74 current_without_voltage phases
75 pulse_1_tamper
76 pulse_2_tamper
77 software_crc
78 code_bank_changed
79 backfill_failed
80 mep_changed MODULE
81 mep_alarm mep
82 mbus_discovery_complete
83 phase_rotation_changed ROTATION
84 prepay_exhausted
85 prepay_acknowledged
86 log_overflow_pending
87 log_entry
88 dimension_change DIMENSION
89 magnetic_tamper
90 lockout_override OVERRIDE
91 power_quality quality
92 log_unread
93 thd_changed
94 profile_unread
96 mep_status status
97 power_limit_switched LIMIT
98 voltage_sag volts
99 voltage_swell volts
100 max_thd_voltage thd
101 max_thd_current thd
102 max_thd_power thd
103 average_thd_voltage thd
104 average_thd_current thd
105 average_thd_power thd
106 disconnect_pulsed
107 load_side_voltage load
"""

_WORDS = """
CAUSE 3 power failure;4 watchdog;5 code bank switched;8 brown-out;11 boot program switched
SCHEDULE 0 A;1 B
RESET 0 watchdog;1 events lost;2 power interrupted
INVERSION 2 +120 degrees;4 180 degrees;6 -120 degrees
MODULE 0 installed;1 removed
ROTATION 0 L1 L2 L3;1 L3 L2 L1;2 unknown
DIMENSION 0 first load;2 commissioning;3 table written
OVERRIDE 0 ended;1 began
LIMIT 0 to secondary;1 to primary
ALARM 0 read done;1 read with errors;2 device alarm;3 read too long;4 no answer;5 other serial
STATUS 0 commissioned;1 no free place;2 no answer;4 removed;5 registered
STATE 1 closed;2 open;3 locked open
REASON 1 procedure;2 power limit;3 prepaid credit;4 prepaid power;5 remote procedure;6 by hand;\
7 schedule;8 procedure 30;9 put right;10 put right at power-up
LOAD 0 unknown;1 phase unknown
"""


def name_of(number):
    """(name, how to read the argument) of the event ``number``."""
    at = _EVENTS.find("\n%d " % number)
    if at < 0:
        return "event_%d" % number, ""
    words = _EVENTS[at : _EVENTS.find("\n", at + 1)].split()
    return words[1], words[2] if words[2:] else ""


def detail(kind, n):
    """The argument ``n`` in words, "" if it says nothing."""
    if not kind:
        return str(n) if n else ""
    if kind[0].isupper():
        return _word(kind, n)
    if kind == "from1":
        return str(n + 1)
    if kind == "hex":
        return "%04X" % n
    if kind == "procedure":
        return "%sP%02d" % ("E" if n & 2048 else "B", n & 2047)
    if kind == "table" or kind == "pending":
        return table_name(n)
    if kind == "phases":
        return _bits(n, ("L1", "L2", "L3"))
    if kind == "volts" or kind == "thd":
        # The unit of the THD is not told.
        return "L%d %d%s" % ((n & 3) + 1, n >> 2, " V" if kind == "volts" else "")
    return _more(kind, n)


def _more(kind, n):
    if kind == "quality":
        whats = ["%s L%d" % (w, i) for w in ("sag", "swell", "over-current") for i in (1, 2, 3)]
        return _bits(n, whats) or "ended"
    if kind == "load":
        return _bits(n >> 2, ("L1", "L2", "L3")) if n & 3 == 2 else _word("LOAD", n & 3)
    if kind == "disconnect":
        done = "failed" if n & 16 else "done"
        return "%s, %s (%s)" % (_word("STATE", n & 15), done, _word("REASON", n >> 8))
    # The device stands in the upper three bits: four for M-Bus, then the MEP clients.
    device = "device %d: " % ((n >> 13) + 1)
    return device + _word("ALARM" if kind == "mep" else "STATUS", n & 0x1FFF)


def _bits(n, words):
    return " ".join([words[i] for i in range(len(words)) if n >> i & 1])


def _word(name, n):
    at = _WORDS.find("\n" + name + " ")
    line = _WORDS[at + len(name) + 2 : _WORDS.find("\n", at + 1)]
    for pair in line.split(";"):
        number, word = pair.split(" ", 1)
        if int(number) == n:
            return word
    return str(n)
