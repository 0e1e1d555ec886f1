"""ET80 Average Power Settings: above what average the switch opens (MEP guide p. 183)."""

ABOUT = "Average Power Settings;MBK r;MAK rw;mixed;3.70"
FIELDS = """
0  u8   enabled
1  u16  subinterval  unit s
3  u8   multiplier
4  u32  threshold    unit W
"""
