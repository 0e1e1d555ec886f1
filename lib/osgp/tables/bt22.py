"""BT22 Data Selection: source ids of BT23, in its order (MEP guide p. 203)."""

ABOUT = "Data Selection;MBK r;MAK r;NVM;3.10"
FIELDS = """
0  u8[BT21.3]     summations          is SOURCE
+  u8[BT21.4]     demands             is SOURCE
+  flags[BT21.4]  demand_is_maximum
+  u8[BT21.5]     coincidents         is SOURCE
+  u8[BT21.5]     coincident_demands
"""
