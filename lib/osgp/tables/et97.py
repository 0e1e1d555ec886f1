"""ET97 Meter Configuration LN: FTz messages, MEP ids, relays, TLS (MEP guide p. 192)."""

ABOUT = "Meter Configuration LN;MBK r;MAK rw;?;3.82"
NAMES = """
COMPARISON 0 standard;1 mask;2 always_new;3 always_same
MODE 0 standard;1 load_management
ENTRY 0 command;1 cover_removed
DISPLAY 0 off;1 show;2 show_and_update
EXIT 0 command;1 cover_replaced_and_delay;2 cover_replaced_and_time
"""
# The guide puts the TLS bytes a byte earlier, into the two of the interval, and M-Bus discovery
# into the column of 3.82, where the table is not so long (p. 194, 195).
FIELDS = """
0   rec[V3.82*!V4.0*ET90.16+V4.02*ET90.16+V1.31*!V2.0*ET90.16]  ftz_messages
0     chars[8]  text
end
+   u8       mep_1_id_comparison  is COMPARISON  if V3.82*!V4.0+V4.02+V1.31*!V2.0
+   raw[30]  mep_1_id_mask  if V3.82*!V4.0+V4.02+V1.31*!V2.0
+   u8       mep_2_id_comparison  is COMPARISON  if V4.02
+   raw[30]  mep_2_id_mask  if V4.02
+   bit0     power_boost  if V4.02
=   bit1     mbus_discovery_300_baud  if V4.02
+   rec[2*V4.02]  relays
0     u16[5]   groups
10    bits0-2  mode  is MODE
10    bit3     explicit_heartbeat
11    u16      heartbeat_interval  unit min
13    bits0-1  maintenance_entry  is ENTRY
13    bits2-3  maintenance_display  is DISPLAY
13    bit4     maintenance_open
13    bits5-6  maintenance_exit  is EXIT
14    u8       exit_delay  unit s
15    u8       exit_hour
16    u8       exit_minute
end
+   u16      security_log_interval  unit min  if V4.02
+   bit0     tls_required_optical  if V4.02
+   bit0     tls_required_mep_1  if V4.02
+   bit0     tls_required_mep_2  if V4.02
"""
