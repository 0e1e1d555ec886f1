"""ET04 System Information: PLC node, ratings, thresholds, interface version (MEP guide p. 56)."""

ABOUT = "System Information;MBK r;MAK rw;RAM;all"
NAMES = """
PHASE 0 same;1 in_phase;2 plus_120_inverted;3 minus_120;4 inverted;5 plus_120;6 minus_120_inverted
NEURON 2 not_configured;3 no_application;4 online;6 hard_offline;12 soft_offline;140 bypass;\
255 silent
ROTATION 0 l1_l2_l3;1 l3_l2_l1;2 unknown
SIGNAL 0 none;1 others;2 weak;3 fair;4 good;5 inactive_weak;6 inactive_fair;7 inactive_good
FORM 0 iec;65 a_base;83 s_base
SECURITY 0 rc4;2 aes_128_psk
"""
# At 107 the guide has nothing, but once tells of ET04.107.1 (p. 116) what it tells of ET54.0.1.
FIELDS = """
0    u32      plc_sequence
4    raw[6]   transceiver_id
10   u8       subnet
11   u8       node
12   bit0     explicit_message
12   bit1     force_neuron_config
12   bit2     request_neuron_state
12   bit3     plc_encryption_off
12   bit4     neuron_lock_off
12   bits5-7  neuron_phase  is PHASE
13   u8       rated_frequency  unit Hz
14   raw[8]   program_id
22   raw[30]  self_identification
52   u8       pk_access_off
53   u8       outage_records
54   u8       -
55   u8       energy_registers
56   u16      registration_current  unit mA
58   u16      max_current  unit A
60   u16      rated_voltage  unit V
62   bit0     voltage_l1_off
62   bit1     voltage_l2_off
62   bit2     voltage_l3_off
62   bit3     separate_currents
62   bit4     current_l1_off
62   bit5     current_l2_off
62   bit6     current_l3_off
63   i16      dst_off_delta  unit min
65   u8       self_read_hour
66   u8       self_read_minute
67   u8       stop_mode_delay  unit d  if !V4.0
67   u8       -  if V4.0
68   raw[3]   -
71   bit0     rk_access_off
71   bit1     test_point
71   bit2     test_point_confirmed
71   bit3     use_skipped
72   u8       neuron_state  is NEURON
73   u8       phase_rotation  is ROTATION
74   u16      plc_inactive_time  unit min
76   ltime    broadcast_received
82   u32      broadcast_base
86   u16      broadcast_delta
88   u16      reverse_energy_current  unit mA
90   u8       plc_signal  is SIGNAL
91   u16      discovery_ta  unit bits
93   u16      discovery_to  unit ms
95   u8       discovery_off
96   i16      gain_sensitivity
98   u16      outage_event_time  unit s
100  u16      nvm_size  unit KiB
102  u8       safe_image_locked
103  u32      mep_sequence  if !V4.0
103  raw[4]   -  if V4.0
107  raw[2]   -
109  u8       power_generation
110  u8       outage_voltage  unit %  if !V4.0
110  u8       -  if V4.0
111  u8       phase_loss_voltage  unit %
112  u8       meter_form  is FORM
113  u8       clock_error_tier
114  u16      c1219_compliance
116  u8       idt_version
117  u8       tilt_time  unit s
118  u16      min_registration_current  unit mA
120  u8       registration_current_part  unit mA per 10
121  bit0     constant_phase_loss  if V3.60+!V2.0
121  u8       -  if V2.0*!V3.60
122  u8       power_up_wait
123  u32      max_key_usage  if V3.13*!V3.14+V3.80
127  u8       security_mode  is SECURITY  if V3.13*!V3.14+V3.80
128  u8       fcm_messages  if V3.13*!V3.14+V3.80
129  u32[2]   mep_sequences  if V4.0
137  u8       reverse_energy_part  unit ms  if V4.0
138  u16      reverse_energy_time  unit s  if V4.0
"""
