"""BT70 Dimension Log: the most that BT71 may say (optical guide p. 50)."""

ABOUT = "Dimension Log;MBK r;MAK r;RAM;all"
FIELDS = """
0  bit0  common_event_number
0  bit1  date_time
0  bit2  sequence_number
0  bit3  history_inhibit_overflow
0  bit4  event_inhibit_overflow
1  u8    standard_events
2  u8    manufacturer_events
3  u8    history_data_length
4  u8    event_data_length
5  u16   history_entries
7  u16   event_entries
"""
