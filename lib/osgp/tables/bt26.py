"""BT26 Self-Read Data: a ring of copies of BT23 (MEP guide p. 213)."""

from .bt23 import FIELDS as _BT23

ABOUT = "Self-Read Data;MBK r;MAK r;NVM;all"
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
6  rec[*BT21.2]  self_reads
+  u16    billing_definition  if BT21.4
+  stime  captured
+  u8     season
+"""
    + _BT23[2:]
    + "end\n"
)
