"""ET42 Interface Definition: all that sizes and orders the readable data (MEP guide p. 111)."""

ABOUT = "Interface Definition;MBK r;MAK r;NVM;all"
NAMES = """
TYPE 0 empty;1 mbus;2 mep;3 extension
"""
# The logs: ET31, ET32, ET38, ET41, ET45, ET75, ET81. Of the data sets 2 to 4 those follow that
# the bits name.
FIELDS = """
0   u16    length  unit B
2   u8     fixed_length  unit B
3   u8     log_count
4   bit0   ica_nak
4   bit1   format_2
4   bits2-15  -
6   u16    c1219_compliance
8   u16    billing_definition
10  bit0   demand_resets
10  bit1   cumulative_demand
10  bit2   continuous_demand
10  bit3   demand_configured
10  bit4   unread_bitmap
11  u8     self_reads
12  u8     summations
13  u8     demands
14  u8     coincidents
15  u8     occurrences
16  u8     tiers
17  u8     present_demands
18  u8     present_values
19  u8     demand_subinterval  unit min
20  u8     demand_multiplier
21  u16    tier_size  unit B
23  u32    block_size  unit B
27  u16    blocks
29  u8     channels
30  u8     interval_time  unit min
31  u8     interval_size  unit B
32  bit0   end_readings
32  bit1   scalar_divisor
32  bit2   data_reference
32  bit3   ansi
33  u16    intervals
35  u8     block_start_hour
36  u8     block_start_minute
37  bit0   event_number
37  bit1   date_time
37  bit2   sequence_number
37  bit3   inhibit_overflow
37  bit4   event_inhibit_overflow
38  u16    history_entries
40  u8     history_argument_size  unit B
41  rec[.log_count]  logs
0     u8   entries
1     u16  entry_size  unit B
end
+   u8[.demands]      demand_sources  is SOURCE
+   u8[.coincidents]  coincident_sources  is SOURCE
+   u16[.channels]    sources
+   u8     data_type_count
+   rec[.data_type_count]  data_types
0     bits0-1  type  is TYPE
0     bits2-6  mdt
0     bit7     special
1     raw[3]   drh
end
+   rec[ET54.0.2]  more_sets
0     bit0   set_2
0     bit1   set_3
0     bit2   set_4
1     rec[.set_2+.set_3+.set_4]  sets
0       u32  block_size  unit B
4       u16  blocks
6       u8   channels
7       u8   interval_time  unit min
8       u8   interval_size  unit B
9       bit0   end_readings
9       bit1   scalar_divisor
9       bit2   data_reference
9       bit3   ansi
10      u16  intervals
12      u8   block_start_hour
13      u8   block_start_minute
14      u16[.channels]  sources
end
end
+   u8     required_length  unit B  if V3.60+V1.20*!V2.0
+   u16    et74_entries  if V3.60+V1.20*!V2.0
+   u8     et77_entries  if V3.70+V1.20*!V2.0
+   u16    et79_entries  if V3.70+V1.20*!V2.0
+   u8     energy_register_unit  if V3.70+V1.20*!V2.0
+   u8     rollover_digits  if V3.70+V1.20*!V2.0
"""
