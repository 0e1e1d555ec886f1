"""BT00 General Configuration: formats, sizes of the sets of tables (MEP guide p. 196)."""

ABOUT = "General Configuration;MBK r;MAK r;RAM;all"
FIELDS = """
0   bit0      big_endian
0   bits1-3   char_format
1   bits0-2   time_format
1   bits3-4   data_access
1   bit5      identification_bcd
1   bits6-7   integer_format
2   bits0-3   non_integer_1
2   bits4-7   non_integer_2
3   chars[4]  manufacturer
7   u8        nameplate_type
8   u8        default_set
9   u8        procedure_parameter_length
10  u8        response_data_length
11  u8        standard_version
12  u8        standard_revision
13  u8        basic_tables_length
14  u8        extended_tables_length
15  u8        basic_procedures_length
16  u8        extended_procedures_length
17  u8        manufacturer_status_length
18  u8        pending_tables
"""
