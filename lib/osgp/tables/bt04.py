"""BT04 Pending Status: tables that wait to come into force (optical guide p. 10)."""

ABOUT = "Pending Status;MBK r;MAK r;RAM;all"
NAMES = """
EVENT 0 at_time;1 after_time;2 by_procedure
"""
FIELDS = """
0  flags[8*BT00.13]  basic
+  flags[8*BT00.14]  extended
+  stime             last_activation
+  u8                activations
+  rec[BT00.18]      pending
0    bits0-3   event    is EVENT
0    bit4      self_read
0    bit5      demand_reset
1    raw[5]    storage
6    bits0-11  table
6    bit12     still_pending
end
"""
