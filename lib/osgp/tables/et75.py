"""ET75 Primary Load Profile Channel Change Log: earlier sources (MEP guide p. 177)."""

ABOUT = "Primary Load Profile Channel Change Log;MBK r;MAK r;NVM;3.60"
# Each entry is what held before its time (UTC). Display codes have a letter more since 4.0.
FIELDS = """
0  bit0  descending
0  bit1  overflow
0  bit2  circular
0  bit3  inhibit_overflow
1  u8    entries
2  u8    last
3  u16   last_sequence
5  u8    unread
6  rec[*ET36.92w]  log
0    stime        time
5    u16[BT60.11]  sources  is SOURCE
+    u8[BT20.4]   demand_sources  is SOURCE
+    u8           demand_subinterval
+    u8           demand_multiplier
+    rec[BT60.11]  channels
0      chars[4+V4.0]  code
+      u8       points
+      bits0-2  digits_after_point
=      bits3-6  digits_before_point
=      bit7     hide_zeros
end
end
"""
