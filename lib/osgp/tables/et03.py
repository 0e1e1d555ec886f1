"""ET03 Utility Information (MEP guide p. 56)."""

FIELDS = """
0    chars[30]  serial
137  u16        image_crc
"""
