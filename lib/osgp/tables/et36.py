"""ET36 Manufacturer Table Actual Dimensions: sizes of the logs (MEP guide p. 107)."""

ABOUT = "Manufacturer (Extended) Table Actual Dimensions;MBK r;MAK r;mixed;all"
# In this order: ET31, ET32, ET38, ET41, ET45, ET75, ET81. The bitmap follows 17 bytes for each,
# not 10 as the guide has it, if the firmware has it at all (p. 113).
FIELDS = """
0  u8  count
1  rec[.count]  logs
0    bits0-10  table
0    bit11     extended
0    bit12     procedure
2    u16       entry_size  unit B
4    u16       max_entries
6    u16       entries
8    bit0      length_included
9    raw[8]    -
end
+  flags[.count]  unread  if ET42.10.4
"""
