"""BT15 Constants: CT and VT ratios (MEP guide p. 200)."""

ABOUT = "Constants;MBK r;MAK rw;mixed;all"
FIELDS = """
0   i32   multiplier
4   i32   offset
8   bit0  ratios_applied
9   i32   ct_ratio
13  i32   vt_ratio
"""
