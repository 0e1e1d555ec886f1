"""BT07 Procedure Initiate: what is written to call a procedure (MEP guide p. 52)."""

ABOUT = "Procedure Initiate;MBK rw;MAK rw;RAM;all"
FIELDS = """
0  bits0-11   procedure
0  bits12-15  response
2  u8         psn
3  raw[*]     parameters
"""
