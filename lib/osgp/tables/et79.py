"""ET79 History Log Data: the alternate event log, a ring (MEP guide p. 181)."""

ABOUT = "History Log Data (Alternate Event Log);MBK r;MAK r;NVM;3.70"
NAMES = """
USER 65533 mep_client;65534 remote;65535 nobody
"""
# Its number of entries is in ET54 (p. 181), not in BT71 as the table on p. 182 has it.
FIELDS = """
0   bit0  descending
0   bit1  overflow
0   bit2  circular
0   bit3  inhibit_overflow
1   u16   entries
3   u16   last
5   u32   last_sequence
9   u16   unread
11  rec[*ET54.80w]  log
0     ltime        time
6     u16          sequence
8     u16          user      is USER
10    bits0-11     event
12    raw[BT71.3]  argument
end
"""
