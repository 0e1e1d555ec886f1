"""ET23 Miscellaneous Information: message counters, the disconnect contactor (MEP guide p. 98)."""

ABOUT = "Miscellaneous Information;MBK r;MAK rw;RAM;all"
NAMES = """
DISCONNECT 0 closed;1 closing;2 open;3 opening
"""
FIELDS = """
0   u32      messages_received
4   u32      messages_validated
8   raw[86]  -
94  u8       disconnect  is DISCONNECT
95  u32      calendar_id
99  raw[87+32*V4.0]  -
"""
