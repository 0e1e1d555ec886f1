"""BT28 Present Register Data: instantaneous values, present demands (MEP guide p. 215)."""

ABOUT = "Present Register Data;MBK r;MAK r;RAM;all"
# Read while the meter is polled: without the blanks that make the others legible.
FIELDS = """
0 rec[BT21.8] present_demands
+ u8[3] time_remaining if BT21.0.6
+ i32 value
end
+ i32[BT21.9] present_values
"""
