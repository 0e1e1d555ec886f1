"""ET14 MEP/M-Bus Device Status: slots, links, reads, alarms (MEP guide p. 84)."""

ABOUT = "MEP/M-Bus Device Status;MBK r;MAK r;RAM;all"
NAMES = """
STATUS 0 empty;1 mbus_up;2 mbus_down;3 mep_up;4 mep_down
BAUD 0 9600;1 300;2 600;3 1200;4 2400;5 4800;6 9600;7 14400;8 19200;9 28800;10 38400;\
11 57600;12 115200
"""
# Handles: 1 to 999 M-Bus devices, 1000 to 1999 MEP client 1, 2000 to 2099 MEP client 2.
FIELDS = """
0  bit0    auto_discovery
1  u32     -
5  bit0    mbus_1
5  bit1    mbus_2
5  bit2    mbus_3
5  bit3    mbus_4
5  bit4    mep_1
5  bit5    mep_2
6  rec[ET11.0]  devices
0    u16    handle
2    u8     status  is STATUS
3    u8     baud_rate  is BAUD
4    u16    read_length  unit B
6    u32    read_attempts
10   u32    read_answers
14   bit0   billing_collected
14   bit1   application_error
14   bit2   device_alarm
14   bit3   read_overflow
14   bit4   read_failed
14   bit5   serial_mismatch
14   bit6   switchover_done
14   bit7   switchover_failed
15   u8     -
16   u8     primary_address  if V4.30
16   u8     -  if !V4.30
17   raw[6] -
23   u8     device_alarms
24   ltime  status_read
30   ltime  last_attempt
ET11.2  raw[0]  -
end
"""
