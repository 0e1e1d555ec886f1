"""BT65 Load Profile Data Set 2: as BT64 (MEP guide p. 239)."""

ABOUT = "Load Profile Data, Data Set 2;MBK r;MAK r;NVM;3.50"
NAMES = """
STATUS 0 none;1 overflow;2 partial;3 long;4 skipped;5 test_mode;8 decryption_failed;9 clock_error;\
10 device_missing;11 not_current;12 opted_out;15 placeholder
"""
FIELDS = """
0  rec[*BT61.13w]  blocks
0    stime          end
+    i32[BT61.17]   end_readings  if BT61.4.4
+    flags[BT61.15w]  valid
+    rec[BT61.15w]  intervals
+      u4[BT61.17]  status  is STATUS
=      bit4  dst
=      bit5  power_fail
=      bit6  clock_forward
=      bit7  clock_backward
+      i32[BT61.17]   values
end
end
"""
