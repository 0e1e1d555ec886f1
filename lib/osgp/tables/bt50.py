"""BT50 Dimension Time and TOU: sizes of the calendar (MEP guide p. 222)."""

ABOUT = "Dimension Time and TOU;MBK r;MAK r;RAM;all"
FIELDS = """
0  bit0     tou_self_read
0  bit1     season_self_read
0  bit2     season_demand_reset
0  bit3     season_change_armed
0  bit4     sort_dates
0  bit5     anchor_date
1  bit0     dst_auto
1  bit1     separate_week_days
1  bit2     separate_sum_demands
1  bit3     sort_tier_switches
1  bit4     time_zone_offset
2  bits0-3  seasons
2  bits4-7  special_schedules
3  u8       non_recurring_dates
4  u8       recurring_dates
5  u16      tier_switches
7  u16      calendar_size
"""
