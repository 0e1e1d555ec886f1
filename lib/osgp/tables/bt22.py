"""BT22 Data Selection: source ids of BT23, in its order (MEP guide p. 203)."""

FIELDS = """
0  u8[BT21.3]     summations
+  u8[BT21.4]     demands
+  flags[BT21.4]  demand_is_maximum
+  u8[BT21.5]     coincidents
+  u8[BT21.5]     coincident_demands
"""
