"""BT27 Present Register Selection: source ids of BT28, in its order (MEP guide p. 214)."""

FIELDS = """
0  u8[BT21.8]  present_demands
+  u8[BT21.9]  present_values
"""
