"""ET45 MEP Recurring Read Log: a ring of scheduled reads, as ET16 has them (MEP guide p. 119)."""

ABOUT = "MEP Recurring Read Log;MBK r;MAK r;mixed;all"
NAMES = """
SPACE 0 manufacturer;1 dlms;2 osgp
EXECUTION 0 normal;2 delayed
RESULT 4 done
AUTHENTICATION 0 passed;1 id_failure;2 date_failure;3 passed_other_date
MEDIUM 3 gas;4 heat;6 hot_water;7 water
STATE 0 ok;1 busy;2 error
"""
# An entry has 525 bytes if nobody has changed it (EP37); smaller ones are given as bytes.
# Handles from 1000 on are MEP clients'. For the M-Bus telegrams see ET16.
FIELDS = """
0  bit0  descending
0  bit1  overflow
0  bit2  circular
0  bit3  inhibit_overflow
1  u8    entries
2  u8    last
3  u16   last_sequence
5  u8    unread
6  rec[ET36.75w*!ET36.71w>524]  short_reads
0    raw[ET36.71w]  data
end
+  rec[*ET36.75w*ET36.71w>524]  reads
0    u16      entry_length  unit B
2    bits0-10   identifier
2    bits11-15  namespace  is SPACE
4    u16      handle
6    u8       execution  is EXECUTION
7    u8       result  is RESULT
8    ltime    time
14   bit0     msb_first
14   bit1     fixed
14   bit2     decrypted
14   bits3-4  authentication  is AUTHENTICATION
14   bit5     insecure
15   u8       length  unit B  if !.handle>999
16   bcd8     serial  if !.handle>999
20   u16      manufacturer  if !.handle>999*!.fixed
22   u8       version  if !.handle>999*!.fixed
23   u8       medium  is MEDIUM  if !.handle>999*!.fixed
20+4*!.fixed  u8    access  if !.handle>999
21   bit0     binary  if !.handle>999*.fixed
21   bit1     at_fixed_date  if !.handle>999*.fixed
25   bits0-1  application  is STATE  if !.handle>999*!.fixed
21+4*!.fixed  bit2  power_low  if !.handle>999
=    bit3     permanent_error  if !.handle>999
=    bit4     temporary_error  if !.handle>999
=    bits5-7  manufacturer_status  if !.handle>999
22   u16      medium_unit  if !.handle>999*.fixed
24   u32      counter_1  if !.handle>999*.fixed
28   u32      counter_2  if !.handle>999*.fixed
32   raw[ET36.71w+-32] -  if !.handle>999*.fixed
26   u16      signature  if !.handle>999*!.fixed
28   raw[ET36.71w+-28] data  if !.handle>999*!.fixed
15   u16      read_count  if .handle>999
17   u16      length  unit B  if .handle>999
19   raw[ET36.71w+-19] data  if .handle>999
ET36.71w  raw[0]  -
end
"""
