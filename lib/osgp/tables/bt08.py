"""BT08 Procedure Response: what came of it (MEP guide p. 52)."""

ABOUT = "Procedure Response;MBK r;MAK r;RAM;all"
NAMES = """
RESULT 0 done;1 not_completed;2 bad_parameter;3 conflict;4 timing;5 not_authorised;6 unknown
"""
FIELDS = """
0  bits0-11  procedure
2  u8        psn
3  u8        result     is RESULT
4  raw[*]    data
"""
