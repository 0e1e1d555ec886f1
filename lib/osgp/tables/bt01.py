"""BT01 General Manufacturer Information (MEP guide p. 199; the offsets 12 to 16 as corrected)."""

FIELDS = """
0   chars[4]  manufacturer
4   chars[8]  model
12  raw[2]    -
14  version   firmware
"""
