"""ET11 MFG Dimension Table: sizes of extended tables (MEP guide p. 77, optical guide p. 40)."""

ABOUT = "MFG Dimension Table;MBK r;MAK r;RAM;all"
# The optical guide names what the MEP guide has reserved, and has 38 since 4.20.
FIELDS = """
0   u8   devices
1   u8   config_entry_size  unit B
2   u8   status_entry_size  unit B
3   u8   request_queue_size
4   u8   request_entry_size  unit B
5   u16  data_entry_size  unit B
7   u16  transaction_request_length  unit B
9   u16  transaction_response_length  unit B
11  u8   write_entry_size  unit B
12  u8   phase_measurement_size  unit B
13  u8   config_entry_2_size  unit B
14  u8   one_time_read_queue_size
15  u8   mbus_one_time_read_queue_size
16  u8   one_time_read_entry_size  unit B
17  u8   mbus_one_time_read_entry_size  unit B
18  u8   group_ids
19  u8   harmonics
20  u8   multicast_length  unit B
21  u8   et22_alarm_size  unit B
22  u8   mep_data_sources
23  u8   et48_entries
24  u8   critical_event_bitmaps           if V3.30+!V2.0
25  u8   et57_entries                     if V3.30+!V2.0
26  u8   relay_switches                   if V3.30+!V2.0
27  u8   data_alert_sources               if V3.40
28  u16  ram_transaction_request_length   unit B if V3.50
30  u16  ram_transaction_response_length  unit B if V3.50
32  u8   firmware_modules                 if V4.0
33  u8   firmware_module_size             unit B if V4.0
34  u8   mep_channels                     if V4.0
35  u8   -                                if V4.0
36  u16  et17_bitmap_size                 unit B if V4.0
38  u8   error_screens                    if V4.30
"""
