"""BT25 Previous Demand Reset Data: BT23 as it was at the last reset (MEP guide p. 212)."""

from .bt23 import FIELDS as _BT23

ABOUT = "Previous Demand Reset Data;MBK r;MAK r;NVM;all"
FIELDS = """
0  stime  captured
5  u8     season
+""" + _BT23[2:]
