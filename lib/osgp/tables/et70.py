"""ET70 RAM Only Status: which MEP port this client is on (MEP guide p. 173)."""

ABOUT = "RAM Only Status;MBK r;MAK rw;RAM;all"
NAMES = """
PORT 1 mep_1;2 mep_2
"""
FIELDS = """
0    raw[142]  -
142  u8        comm_channel  is PORT  if V4.0
143  raw[13]   -  if V4.0
"""
