"""ET13 MEP/M-Bus Device Configuration: read times, line, keys, alert flags (MEP guide p. 80)."""

ABOUT = "MEP/M-Bus Device Configuration;MBK r;MAK rw;mixed;all"
NAMES = """
DAY 0 first;32 sunday;33 monday;34 tuesday;35 wednesday;36 thursday;37 friday;38 saturday;39 off
OFTEN 0 hourly;1 daily;2 weekly;3 monthly;4 never
BAUD 0 9600;1 300;2 600;3 1200;4 2400;5 4800;6 9600;7 14400;8 19200;9 28800;10 38400;\
11 57600;12 115200
"""
# The first four entries are M-Bus devices, then come the MEP clients.
FIELDS = """
0  rec[ET11.0>0+ET11.0>1+ET11.0>2+ET11.0>3]  mbus
0    u8         read_day  is DAY
1    u8         read_hour
2    u8         read_minute
3    u8         read_often  is OFTEN
4    u16        status_read_time  unit min
6    u8         baud_rate  is BAUD
7    u8         alarm_mask
8    chars[20]  customer_id
28   u8         reset_parameter
29   u8         key_length  unit B
30   raw[32]    security_key  is SECRET
62   u16        ta  unit bits
64   u16        to  unit ms
ET11.1  raw[0]  -
end
+  rec[ET11.0>4+ET11.0>5]  mep
0    u8         read_day  is DAY
1    u8         read_hour
2    u8         read_minute
3    u8         read_often  is OFTEN
4    u16        -
6    u8         baud_rate  is BAUD
7    u8         alarm_mask
8    bit0       scheduled_read
8    bit1       on_demand_request
8    bit3       mbus_change
8    bit4       delta_data  if V3.40
9    raw[ET11.1+-9]  downlink_data
ET11.1  raw[0]  -
end
"""
