"""ET21 Load Profile Internal Configuration: sizes, places, state of the sets (MEP guide p. 95)."""

ABOUT = "Load Profile Internal Configuration;MBK r;MAK r;RAM;all"
# Byte 100 belongs to no field in either guide.
FIELDS = """
0  rec[1+3*V3.50+3*V1.20*!V2.0]  sets
0    u32      block_address
4    u32      interval_address
8    u32      block_size  unit B
12   u16      block_header_size  unit B
14   u16      valid_blocks
16   u16      valid_intervals
18   u16      last_block
20   u16      last_interval
22   u8       simple_status_offset
23   u8       simple_status_size  unit B
24   u8       interval_offset
25   u8       interval_size  unit B
26   u8       channel_offset
27   u8       common_status
28   u8       channels
29   u8       interval_time  unit min
30   u8[8]    sources  is SOURCE
38   i32[8]   placeholders
70   u8[8]    more_sources  is SOURCE
78   u32      config_id
82   u8       mep_start_channel
83   ltime    block_start  if V3.10+!V2.0
89   u8       block_start_hour  if V3.10+!V2.0
90   u8       block_start_minute  if V3.10+!V2.0
91   u16      interval_in_progress  if V3.10+!V2.0
93   bit0     end_readings  if V3.10+!V2.0
93   bit1     scalar_divisor  if V3.10+!V2.0
93   bit2     data_reference  if V3.10+!V2.0
93   bit3     ansi  if V3.10+!V2.0
94   ltime    interval_end  if V3.30+!V2.0
100  u8       -  if V3.30+!V2.0
101  ltime    interval_end_local  if V3.30+!V2.0
107  u32      max_memory  unit B  if V3.50+V1.20*!V2.0
111  bit0     nvm_failed  if V3.60+V1.20*!V2.0
111  u8       -  if V3.50*!V3.60
112  raw[19]  -  if V3.50+V1.20*!V2.0
end
"""
