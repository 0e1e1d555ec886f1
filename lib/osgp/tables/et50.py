"""ET50 MEP Inbound Data Space: what MEP clients tell of themselves (MEP guide p. 124)."""

ABOUT = "MEP Inbound Data Space;MBK rw;MAK rw;RAM;all"
NAMES = """
ICON 0 off;1 on;2 flash
"""
# Icons of a source, as sums: 1 Euro, 2 dollar, 4 date, 8 time, 16 kvarh, 32 kWh, 64 kvar, 128 kW,
# 256 minus. Procedures answer in BT08 without et59_response; MEP client 2 has ET85 always.
FIELDS = """
0  rec[!V4.0+V4.0*ET11.34]  clients
0    raw[30]  mep_id
30   bit0     registered
30   bit1     et59_response
30   bit2     mbus_alerts
30   bit3     delta_data_alerts
31   u16[ET11.22]  icons
+    i32[ET11.22]  data
+    bits0-3  house_icon  is ICON
+    raw[3]   -
end
"""
