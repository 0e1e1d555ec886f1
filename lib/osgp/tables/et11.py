"""ET11 MFG Dimension Table: sizes of the M-Bus and MEP tables (MEP guide p. 77)."""

FIELDS = """
0   u8   devices
1   u8   config_entry_size
2   u8   status_entry_size
3   u8   request_queue_size
4   u8   request_entry_size
5   u16  data_entry_size
7   u16  transaction_request_length
9   u16  transaction_response_length
11  u8   write_entry_size
12  u8   phase_measurement_size
13  u8   config_entry_2_size
14  raw[4] -
18  u8   group_ids
19  u8   harmonics
20  u8   multicast_length
21  u8   et22_alarm_size
22  u8   mep_data_sources
23  u8   et48_entries
24  u8   critical_event_bitmaps
25  u8   et57_entries
26  u8   relay_switches
27  u8   data_alert_sources               if V3.40
28  u16  ram_transaction_request_length   if V3.50
30  u16  ram_transaction_response_length  if V3.50
32  raw[2] -                              if V4.0
34  u8   mep_channels                     if V4.0
35  raw[3] -                              if V4.0
38  u8   error_screens                    if V4.30
"""
