"""BT23 Current Register Data: energies, demands, the same for each tier (MEP guide p. 207)."""

ABOUT = "Current Register Data;MBK r;MAK rw;RAM;all"
# Read while the meter is polled: without the blanks that make the others legible.
FIELDS = """
0 u8 demand_resets if BT21.0.2
+ i32[BT21.3] summations
+ rec[BT21.4] demands
+ stime[BT21.6] times if BT21.0.1
+ i32 cumulative if BT21.0.4
+ i32 continuous if BT21.0.5
+ i32[BT21.6] values
end
+ rec[BT21.5] coincidents
+ i32[BT21.6] values
end
+ rec[BT21.7] tiers
+ i32[BT21.3] summations
+ rec[BT21.4] demands
+ stime[BT21.6] times if BT21.0.1
+ i32 cumulative if BT21.0.4
+ i32 continuous if BT21.0.5
+ i32[BT21.6] values
end
+ rec[BT21.5] coincidents
+ i32[BT21.6] values
end
end
"""
