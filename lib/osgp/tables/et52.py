"""ET52 MEP Transaction Request Table: requests done at once (MEP guide p. 44, 130)."""

ABOUT = "MEP Transaction Request Table;MBK rw;MAK rw;NVM;all"
NAMES = """
TYPE 0 requests;1 responses;2 partial_responses;3 group_requests;4 group_denied
"""
# A group id 0xYYFF means all of group YY, 0xFFYY all groups.
FIELDS = """
0  u16  size  unit B
2  u8   type  is TYPE
3  u16  number
5  u8   group_count  if .type>2*!.type>3
+  u16[.group_count]  groups  if .type>2*!.type>3
+  rec[>.size+-2]  records
0    u16  length  unit B
2    raw[.length]  message
end
+  u16  number_again
"""
