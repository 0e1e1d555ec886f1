"""BT27 Present Register Selection: source ids of BT28, in its order (MEP guide p. 214)."""

ABOUT = "Present Register Selection;MBK r;MAK r;NVM;all"
FIELDS = """
0  u8[BT21.8]  present_demands  is SOURCE
+  u8[BT21.9]  present_values   is SOURCE
"""
