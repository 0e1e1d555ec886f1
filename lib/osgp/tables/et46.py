"""ET46 Control Output Read-Only Data: the disconnect contactor's limits (MEP guide p. 121)."""

ABOUT = "Control Output Read-Only Data;MBK r;MAK r;RAM;all"
NAMES = """
CONTROL 0 power;1 current
"""
FIELDS = """
0   raw[11]  -
11  u8       control  is CONTROL
12  u8       -
13  i32      prepay_negative_credit  unit Wh  if V3.70+V1.20*!V2.0
17  ltime    opened  if V3.70+V1.20*!V2.0
"""
