"""BT52 UTC Clock: time and day of the week (MEP guide p. 224)."""

ABOUT = "UTC Clock;MBK r;MAK r;RAM;all"
NAMES = """
DAY 0 sunday;1 monday;2 tuesday;3 wednesday;4 thursday;5 friday;6 saturday
"""
FIELDS = """
0  ltime    clock
6  bits0-2  day_of_week  is DAY
6  bit3     dst
6  bit4     gmt
6  bit5     time_zone_applied
6  bit6     dst_applied
"""
