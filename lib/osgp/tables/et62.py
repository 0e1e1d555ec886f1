"""ET62 Load Profile Display Configuration: its codes on the display (MEP guide p. 167)."""

ABOUT = "Load Profile Display Configuration;MBK r;MAK rw;?;all"
# Codes have a letter more since 4.0. Points: a bit each, that of the letter at the right is 0.
FIELDS = """
0  bit0  local_time
0  bit1  whole_channel_code
0  bit2  disable_display
1  chars[4+V4.0]  list_code
+  u8             list_points
+  chars[4+V4.0]  date_code
+  u8             date_points
+  chars[4+V4.0]  interval_time_code
+  u8             interval_time_points
+  chars[4+V4.0]  status_code
+  u8             status_points
+  rec[BT60.11]   channels
0    chars[4+V4.0]  code
+    u8       points
+    bits0-2  digits_after_point
=    bits3-6  digits_before_point
=    bit7     hide_zeros
end
+  chars[4+V4.0]  outage_list_code  if V3.70+V1.20*!V2.0
+  u8             outage_list_points  if V3.70+V1.20*!V2.0
+  chars[4+V4.0]  outage_number_code  if V3.70+V1.20*!V2.0
+  u8             outage_number_points  if V3.70+V1.20*!V2.0
"""
