"""ET81 Power Outage Log: when the power went and came, a ring (MEP guide p. 185)."""

ABOUT = "Power Outage Log;MBK r;MAK r;NVM;3.70"
# Times are local.
FIELDS = """
0  bit0  descending
0  bit1  overflow
0  bit2  circular
0  bit3  inhibit_overflow
1  u8    entries
2  u8    last
3  u16   last_sequence
5  u8    unread
6  rec[*ET36.109w]  log
0    ltime  start
6    ltime  end
end
"""
