"""BT54 Calendar: dates, tariff switches, seasons (MEP guide p. 225-229)."""

ABOUT = "Calendar;MBK r;MAK rw;mixed;all"
NAMES = """
ACTION 0 none;1 dst_on;2 dst_off;3 season_0;4 season_1;5 season_2;6 season_3;7 season_4;\
8 season_5;9 season_6;10 season_7;11 season_8;12 season_9;13 season_10;14 season_11;\
19 special_0;20 special_1
"""
# Month 13: every month, 14: every week. 15: the bits have a period (4 to 9) and a delta (10 to 15)
# instead (p. 41).
FIELDS = """
0  rec[BT50.3]      non_recurring
0    date       date
2    bits0-4    action        is ACTION
2    bit5       demand_reset
2    bit6       self_read
2    bit7       tou_format_2
end
+  rec[BT50.4]      recurring
0    bits0-3    month
0    bits4-7    offset
0    bits8-10   weekday
0    bits11-15  day
2    bits0-4    action        is ACTION
2    bit5       demand_reset
2    bit6       self_read
2    bit7       tou_format_2
end
+  rec[BT50.5w]     switches
0    bits0-2    tier
0    bits5-10   minute
0    bits11-15  hour
2    u8         schedule
end
+  rec[BT50.2.0-3]  seasons
+    u8         saturday       if !BT50.1.1
+    u8         sunday
+    u8         weekday        if !BT50.1.1
+    u8[6]      monday_to_saturday  if BT50.1.1
+    u8[BT50.2.4-7]  special
end
+  u32  calendar_id
"""
