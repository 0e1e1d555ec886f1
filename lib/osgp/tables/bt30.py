"""BT30 Dimension Display: sizes of the display lists (MEP guide p. 220)."""

ABOUT = "Dimension Display;MBK r;MAK r;RAM;all"
FIELDS = """
0  bit0  on_time
0  bit1  off_time
0  bit2  hold_time
1  u16   sources
3  u8    source_width
4  u16   primary_items
6  u8    primary_lists
7  u16   secondary_items
9  u8    secondary_lists
"""
