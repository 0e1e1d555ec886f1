"""ET47 Calendar Override Settings: a tariff set by hand, and for how long (MEP guide p. 122)."""

ABOUT = "Calendar Override Settings;MBK r;MAK rw;mixed;all"
NAMES = """
TARIFF 255 cancel
UNTIL 0 next_switch;1 indefinite;2 duration;3 time
"""
FIELDS = """
0   u8     tariff  is TARIFF
1   u8     cancellation  is UNTIL
2   u32    duration  unit s
6   ltime  cancellation_time
12  u32    calendar_id
"""
