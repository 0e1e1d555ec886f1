"""BT24 Previous Season Data: BT23 as it was at the last change (MEP guide p. 212)."""

from .bt23 import FIELDS as _BT23

ABOUT = "Previous Season Data;MBK r;MAK rw;NVM;all"
# The guide lists the blocks of BT23 without the counter that comes before them there.
FIELDS = """
0  stime  captured
5  u8     season
""" + _BT23[_BT23.find("\n", 1) + 1 :]
