"""BT21 Actual Register: the sizes of BT22 to BT28 (MEP guide p. 201)."""

ABOUT = "Actual Register;MBK r;MAK r;mixed;2.12"
FIELDS = """
0  bit0     season_info
0  bit1     date_time
0  bit2     demand_reset_counter
0  bit3     demand_reset_lock
0  bit4     cumulative_demand
0  bit5     continuous_cumulative_demand
0  bit6     time_remaining
1  bit0     self_read_inhibit_overflow
1  bit1     self_read_sequence_number
1  bit2     daily_self_read
1  bit3     weekly_self_read
1  bits4-5  self_read_demand_reset
2  u8       self_reads
3  u8       summations
4  u8       demands
5  u8       coincidents
6  u8       occurrences
7  u8       tiers
8  u8       present_demands
9  u8       present_values
"""
