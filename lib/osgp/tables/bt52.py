"""BT52 UTC Clock (MEP guide p. 224)."""

FIELDS = """
0  ltime    clock
6  bits0-2  day_of_week
6  bit3     dst
6  bit4     gmt
6  bit5     time_zone_applied
6  bit6     dst_applied
"""
