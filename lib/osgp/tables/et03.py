"""ET03 Utility Information: the utility's serial number, CRC of the image (MEP guide p. 56)."""

ABOUT = "Utility Information;MBK r;MAK rw;mixed;all"
# The guide has the last reserved bytes begin at 138, which is half of the CRC.
FIELDS = """
0    chars[30]  serial
30   raw[107]   -
137  u16        image_crc
139  raw[4]     -
"""
