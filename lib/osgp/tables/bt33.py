"""BT33 Primary Display List: what the display shows, and for how long (MEP guide p. 221)."""

ABOUT = "Primary Display List;MBK r;MAK rw;RAM;all"
FIELDS = """
0  rec[BT30.6]  lists
0    bits0-3       on_time   unit s
0    bits4-7       off_time  unit s
1    bits0-3       hold_time unit s
1    bits4-7       mode
2    u8            items
3    u16[BT30.4w]  sources
end
"""
