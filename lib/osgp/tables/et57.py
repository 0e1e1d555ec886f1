"""ET57 M-Bus Data Type Table: record headers by data type (MEP guide p. 163)."""

ABOUT = "M-Bus Data Type Table;MBK r;MAK rw;RAM;3.30"
NAMES = """
TYPE 0 empty;1 mbus;2 mep;3 extension
"""
# An extension goes on with the header before. Of MEP: offset, length, bytes to compare.
FIELDS = """
0  rec[ET11.25]  types
0    bits0-1  type  is TYPE
0    bits2-6  mdt
0    bit7     special
1    raw[3]   drh
end
"""
