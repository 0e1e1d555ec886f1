"""ET16 MEP/M-Bus Device Data: the last on-demand read of each (MEP guide p. 92)."""

ABOUT = "MEP/M-Bus Device Data;MBK r;MAK r;NVM;all"
NAMES = """
AUTHENTICATION 0 passed;1 id_failure;2 date_failure;3 passed_other_date
MEDIUM 3 gas;4 heat;6 hot_water;7 water
STATE 0 ok;1 busy;2 error
"""
# Four M-Bus devices, then the MEP clients. The first telegram ends ``length`` bytes after its
# length byte, with a zero; `data` are its records and, with their lengths, more telegrams.
FIELDS = """
0  rec[ET11.0>0+ET11.0>1+ET11.0>2+ET11.0>3]  mbus
0    ltime    time
6    bit0     msb_first
6    bit1     fixed
6    bit2     decrypted
6    bits3-4  authentication  is AUTHENTICATION
6    bit5     insecure
7    u8       length  unit B
8    bcd8     serial
12   u16      manufacturer  if !.fixed
14   u8       version  if !.fixed
15   u8       medium  is MEDIUM  if !.fixed
12+4*!.fixed  u8    access
13   bit0     binary  if .fixed
13   bit1     at_fixed_date  if .fixed
17   bits0-1  application  is STATE  if !.fixed
13+4*!.fixed  bit2  power_low
=    bit3     permanent_error
=    bit4     temporary_error
=    bits5-7  manufacturer_status
14   u16      medium_unit  if .fixed
16   u32      counter_1  if .fixed
20   u32      counter_2  if .fixed
24   raw[ET11.5w+-24] -  if .fixed
18   u16      signature  if !.fixed
20   raw[ET11.5w+-20] data  if !.fixed
ET11.5w  raw[0]  -
end
+  rec[ET11.0>4+ET11.0>5]  mep
0    ltime    time
6    u8       -
7    u16      read_count
9    u16      length  unit B
11   raw[ET11.5w+-11] data
ET11.5w  raw[0]  -
end
"""
