"""BT63 Load Profile Status: which blocks and intervals are valid (MEP guide p. 237)."""

ABOUT = "Load Profile Status;MBK r;MAK r;RAM;all"
FIELDS = """
0  rec[1+3*V3.50]  sets
0    bit0  blocks_descending
0    bit1  overflow
0    bit2  circular
0    bit3  inhibit_overflow
0    bit4  intervals_descending
0    bit5  active
0    bit6  test_mode
1    u16   valid_blocks
3    u16   last_block
5    u32   last_sequence
9    u16   unread_blocks
11   u16   valid_intervals
end
"""
