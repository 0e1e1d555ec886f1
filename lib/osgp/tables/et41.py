"""ET41 Historical Demand Reset Log: a ring of copies of BT23 (MEP guide p. 110)."""

from .bt23 import FIELDS as _BT23

ABOUT = "Historical Demand Reset Log;MBK r;MAK r;NVM;all"
NAMES = """
REASON 0 scheduled;1 procedure;2 push_button;3 pending_table
"""
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
6  rec[*ET36.58w]  resets
0    u16    length  unit B
2    u8     reason  is REASON
3    u16    billing_definition
5    stime  captured
10   u8     season
+"""
    + _BT23[2:]
    + "end\n"
)
