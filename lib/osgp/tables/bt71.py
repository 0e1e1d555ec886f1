"""BT71 Actual Log: sizes of the event logs (optical guide p. 51)."""

ABOUT = "Actual Log;MBK r;MAK r;mixed;2.12"
FIELDS = """
0  bit0  common_event_number
0  bit1  date_time
0  bit2  sequence_number
0  bit3  history_inhibit_overflow
0  bit4  event_inhibit_overflow
1  u8    standard_event_bytes
2  u8    manufacturer_event_bytes
3  u8    history_data_length
4  u8    event_data_length
5  u16   history_entries
7  u16   event_entries
"""
