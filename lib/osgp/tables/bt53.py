"""BT53 Time Offset: daylight saving time and time zone (MEP guide p. 225)."""

ABOUT = "Time Offset;MBK r;MAK rw;?;all"
FIELDS = """
0  time  dst_at
3  u8    dst_adjustment    unit min
4  i16   time_zone_offset  unit min
"""
