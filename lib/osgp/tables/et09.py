"""ET09 Power Quality: outages, sags, swells, THD, lost phases; L1 is first (MEP guide p. 67)."""

ABOUT = "Power Quality;MBK r;MAK rw;RAM;all"
NAMES = """
CAUSE 3 power_failure;8 brown_out
"""
# THD: of voltage, of current, of both. The guide describes 18 of the 22 bytes of each phase. The
# unit of the THD threshold is told as 0.1 % and, in its example, as 0.01 %, which fits its range.
FIELDS = """
0    u16     long_outage  unit s
2    u8      sag1_surge_minutes  unit min
3    u8      sag1_threshold  unit %
4    u8      surge_threshold  unit %
5    u8      over_current_threshold  unit %
6    rec[ET04.53]  outages
0      ltime  on
6      u8     cause  is CAUSE
7      u8     -
8      ltime  off
14     u32    duration  unit s
end
+    rec[3]  sag1
0      ltime  last
6      u16    count
end
+    rec[3]  surge
0      ltime  last
6      u16    count
end
+    i32     min_frequency  unit Hz per 1000
+    ltime   min_frequency_at
+    i32     max_frequency  unit Hz per 1000
+    ltime   max_frequency_at
+    u32[3]  over_currents
+    bit0    phase_l1_lost
=    bit1    phase_l2_lost
=    bit2    phase_l3_lost
+    rec[3]  phase_loss
0      ltime  last
6      u16    count
end
+    i32[3]  sag1_voltage  unit mV
+    i32[3]  surge_voltage  unit mV
+    u32     short_outages
+    u32     config_id  if V2.12+!V2.0
+    u8      sag1_surge_seconds  unit s  if V2.12+!V2.0
+    u8      power_up_hold  unit s  if V3.10+!V2.0
+    u16     over_current_time  unit s  if V3.10+!V2.0
+    rec[3*V3.10+3*!V2.0]  thd
0      u16    time_threshold  unit s
2      u16    threshold  unit % per 100
4      rec[3]  phases
0        u16    count
2        ltime  last
8        u16    max
10       ltime  max_at
16       u16    average
18       raw[4] -
end
end
+    rec[12*V3.70]  drp_drc
0      u16    drp  unit % per 10
2      u16    drc  unit % per 10
4      ltime  time
end
+    u16     sag2_time  unit s  if V4.10
+    u8      sag2_threshold  unit %  if V4.10
+    rec[3*V4.10]  sag2
0      ltime  last
6      u16    count
end
+    i32[3]  sag2_voltage  unit mV  if V4.10
+    u16     average_current_interval  unit s  if V4.10
+    bit0    early_events  if V4.21
"""
