"""BT20 Dimension Register: the most that BT21 may say (optical guide p. 20)."""

FIELDS = """
0  raw[2]  flags
2  u8      self_reads
3  u8      summations
4  u8      demands
5  u8      coincidents
6  u8      occurrences
7  u8      tiers
8  u8      present_demands
9  u8      present_values
"""
