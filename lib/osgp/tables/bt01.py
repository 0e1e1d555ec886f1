"""BT01 General Manufacturer Information: who made it (MEP guide p. 199, optical guide p. 19)."""

ABOUT = "General Manufacturer Information;MBK r;MAK r;mixed;all"
FIELDS = """
0   chars[4]  manufacturer
4   chars[8]  model
12  version   hardware
14  version   firmware
16  raw[*]    serial
"""
