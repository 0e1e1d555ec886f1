"""ET66 Load Profile Source ID Mapping Table: extended ids of 112 to 163 (MEP guide p. 173)."""

ABOUT = "Load Profile Source ID Mapping Table;MBK r;MAK r;RAM;all"
# The first of each set is source 112. The guide has four sets in any case, firmware before 3.50
# has one.
FIELDS = """
0  rec[1+3*V3.50+3*V1.20*!V2.0]  sets
0    u16[BT60.11]  sources
end
"""
