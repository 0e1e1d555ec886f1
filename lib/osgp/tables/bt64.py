"""BT64 Load Profile Data Set 1: blocks of intervals (MEP guide p. 239)."""

ABOUT = "Load Profile Data, Data Set 1;MBK r;MAK r;NVM;all"
NAMES = """
STATUS 0 none;1 overflow;2 partial;3 long;4 skipped;5 test_mode;8 decryption_failed;9 clock_error;\
10 device_missing;11 not_current;12 opted_out;15 placeholder
"""
FIELDS = """
0  rec[*BT61.7w]  blocks
0    stime          end
+    i32[BT61.11]   end_readings  if BT61.4.4
+    flags[BT61.9w]  valid
+    rec[BT61.9w]  intervals
+      u4[BT61.11]  status  is STATUS
=      bit4  dst
=      bit5  power_fail
=      bit6  clock_forward
=      bit7  clock_backward
+      i32[BT61.11]   values
end
end
"""
