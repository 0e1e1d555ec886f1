"""BT55 Local Clock State: local time, tariff, season (MEP guide p. 230)."""

ABOUT = "Local Clock State;MBK r;MAK r;RAM;all"
NAMES = """
DAY 0 sunday;1 monday;2 tuesday;3 wednesday;4 thursday;5 friday;6 saturday
DRIVE 0 calendar;1 until_next_switch;2 indefinite;3 override
"""
FIELDS = """
0  ltime       clock
6  bits0-2     day_of_week  is DAY
6  bit3        dst
6  bit4        gmt
6  bit5        time_zone_applied
6  bit6        dst_applied
7  bits0-2     tier
7  bits6-7     tier_drive   is DRIVE
7  bits8-11    special_schedule
7  bits12-15   season
"""
