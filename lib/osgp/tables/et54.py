"""ET54 Meter Status: abilities, relays, counters of entries, locks (MEP guide p. 132)."""

ABOUT = "Meter Status;MBK r;MAK r;RAM;all"
NAMES = """
WIRING 0 ok;1 low_voltage;2 high_voltage;4 phases_in_phase
LOCK 0 none;1 mep_1;2 mep_2
SYNC 0 none;1 ongoing;2 done
"""
# Firmware 3.13 has the key counters of 3.80, but nothing of what came between.
FIELDS = """
0   bit2      multiple_data_sets
0   bit6      energy_unit_change
0   bit7      five_digit_codes
0   bit8      multiple_mep_clients
2   raw[17]   -
19  bit0      load_profile_disabled
20  raw[24]   -
44  bit0      over_power_exceeded
44  bit1      step_tariff_in_use
45  raw[17]   -
62  u8        relay_1_random_pending
63  u16       relay_1_random_duration  unit s
65  u16       relay_1_random_start_duration  unit s
67  u8        -
68  u8        miswiring  is WIRING  if V3.60
68  u8        -  if V1.20*!V2.0
69  u16       et74_entries  if V3.60+V1.20*!V2.0
71  bit0      welmec_compliance  if V3.60+V1.30*!V2.0
71  bits1-2   interval_time_sync  is SYNC  if V3.60+V1.30*!V2.0
71  bit6      push_button_locked  if V4.0
71  u8        -  if V1.20*!V1.30
72  i32       interval_time_adjustment  unit s  if V3.60
72  raw[4]    -  if V1.20*!V2.0
76  ldate     step_tariff_reset  if V3.70+V1.20*!V2.0
79  u8        et77_entries  if V3.70+V1.20*!V2.0
80  u16       et79_entries  if V3.70+V1.20*!V2.0
68  raw[14]   -  if V3.13*!V3.14
82  u32       unicast_key_uses  if V3.80+V3.13*!V3.14
86  u32       broadcast_key_uses  if V3.80+V3.13*!V3.14
90  bit0      rc4  if V3.80+V3.13*!V3.14
90  bit2      osgp_aes_128_psk  if V3.80+V3.13*!V3.14
91  raw[ET11.32*ET11.33+4]  -  if V4.0
+   u16       tamper_input_adc  if V4.0
+   u8        transactions_locked  if V4.0
+   u8        transactions_locked_by  is LOCK  if V4.0
+   u16       failure_code  if V4.10
+   u16       failed_procedure  if V4.10
+   u8        relay_2_random_pending  if V4.30
+   u16       relay_2_random_duration  unit s  if V4.30
+   u16       relay_2_random_start_duration  unit s  if V4.30
"""
