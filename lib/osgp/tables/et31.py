"""ET31 Meter One-time-read Log: a ring of copies of BT23 (MEP guide p. 104)."""

from .bt23 import FIELDS as _BT23

ABOUT = "Meter One-time-read Log;MBK r;MAK r;NVM;all"
# The guide sizes it by BT21.2, as it does BT26, and tells in ET36 that ET36 does: by default two.
FIELDS = (
    """
0  bit0  descending
0  bit1  overflow
0  bit2  circular
0  bit3  inhibit_overflow
1  u8    entries
2  u8    last
3  u16   last_sequence
5  u8    unread
6  rec[*ET36.7w]  reads
+    u16    billing_definition  if BT21.4
+    stime  captured
+    u8     season
+"""
    + _BT23[2:]
    + "end\n"
)
