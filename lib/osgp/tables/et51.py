"""ET51 MEP Device Configuration: how the meter treats MEP clients (MEP guide p. 127)."""

ABOUT = "MEP Device Configuration;MBK rw;MAK rw;mixed;all"
# With two MEP ports ET55 has the optical settings (ET54.0.8).
FIELDS = """
0  rec[!V4.0+V4.0*ET11.34]  clients
0    bit0  optical_dos_timer
0    bit1  monitor_health
0    bit2  reset_when_down
0    bit3  reset_now  if V3.60+V1.20*!V2.0
0    bit7  disable_mep
1    u16   health_timeout  unit s
3    u8    request_timeout  unit s
4    u16   optical_timeout  unit s
6    u16   optical_hold_off  unit s
8    u8    reset_duration  unit s  if V3.40
8    u8    -  if V1.20*!V2.0
9    bit0  deactivate_han  if V3.70+V1.20*!V2.0
end
"""
