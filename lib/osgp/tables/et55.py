"""ET55 Meter Configuration: messages, tariffs, thresholds, the energy unit (MEP guide p. 139)."""

ABOUT = "Meter Configuration;MBK r;MAK rw;RAM;all"
NAMES = """
POWER 0 forward_and_reverse;1 forward;2 forward_less_reverse
ENERGY 0 forward;1 reverse;2 forward_and_reverse;3 forward_less_reverse
PRIMARY 0 set_1;1 set_2;2 set_3;3 set_4
HOUSE 0 none;1 mep_1;2 mep_2
VA 0 rms;1 vector
"""
# From the message on all is a byte later since 4.0, whose codes have a letter more. Message: of
# the schedule or Free Text. Mvd: voltage disturbances. Of clock_step since 4.0 the guide says that
# it is at 1, and that 0 to 2 are reserved. In one space each: the text counts on the device.
FIELDS = """
0 raw[3] - if !V4.0
0 u8 - if V4.0
1 u8 clock_step unit s/min if V4.0
2 u8 - if V4.0
3 bit1 consumption_tariff
3 bit5 step_tariff
4 u8 clock_step unit s/min if !V4.0
4 u8 - if V4.0
5 raw[9] -
14 i8 signal_threshold unit dB
15 u16 plc_timeout unit min
17 raw[3] -
20 raw[4] - if !V4.30
20 u8 plc_lockout_failures if V4.30
21 u8 plc_lockout_duration unit min if V4.30
22 u8 optical_lockout_failures if V4.30
23 u8 optical_lockout_duration unit min if V4.30
24 raw[28] -
52 chars[4+V4.0] message_code
+ u8 message_points
+ chars[8] message_text
+ ltime message_start
+ ltime message_end
+ bit0 message_override_off
= bit1 message_overridden
= bit2 message_not_in_list
+ u16 phase_loss_time unit s
+ bit1 consumption_tariff_off
= bit3 step_tariff_off
+ u32 over_power unit W
+ u16 over_power_time unit s
+ u8 over_power_tier
+ u8 over_power_source is POWER
+ raw[4] -
+ u8 ct_secondary_current unit A
+ u32 clock_error_calendar_id
+ u32 over_power_calendar_id
+ u8 -
+ u16 cover_removed_time unit s
+ u16 quality_cover_removed_time unit s
+ bit0 cover_phase_loss
= bit1 cover_current_without_voltage
= bit2 cover_later_outage
= bit3 cover_earlier_outage
= bits4-15 -
+ u8 primary_data_set is PRIMARY if V3.50+V1.20*!V2.0
+ i16 noise_threshold if V3.50+V1.20*!V2.0
+ u16 noise_time unit s if V3.50+V1.20*!V2.0
+ u16 earth_fault_current unit mA if V4.0
+ u8 - if V4.0
+ u16 earth_fault_time unit s if V4.0
+ raw[5] - if V3.50*!V4.0+V1.20*!V2.0
+ u16 broken_mv_conductor_time unit s if V3.60+V1.20*!V2.0
+ u16 zero_fault_time unit s if V3.60+V1.20*!V2.0
+ u8 normal_voltage_high unit % if V3.60+V1.20*!V2.0
+ u8 normal_voltage_low unit % if V3.60+V1.20*!V2.0
+ u8 low_voltage_high unit % if V3.60+V1.20*!V2.0
+ u8 voltage_fluctuation unit % if V3.60+V1.20*!V2.0
+ u8 - if V3.70+V1.20*!V2.0
+ u32[4] prepay_rates_5_to_8 unit Wh/kWh if V3.70+V1.20*!V2.0
+ u16 reverse_current unit mA if V3.70+V1.20*!V2.0
+ u32[BT20.7+-1] step_tariff_thresholds if V3.70+V1.20*!V2.0
+ u8 step_tariff_source is ENERGY if V3.70+V1.20*!V2.0
+ u32 step_tariff_calendar_id if V3.70+V1.20*!V2.0
+ u8 step_tariff_reset_day if V3.70+V1.20*!V2.0
+ u8 step_tariff_reset_hour if V3.70+V1.20*!V2.0
+ u8 step_tariff_reset_minute if V3.70+V1.20*!V2.0
+ u8 step_tariff_reset_second if V3.70+V1.20*!V2.0
+ u8 - if V3.70+V1.20*!V2.0
+ u16 rms_cycles if V3.70+V1.20*!V2.0
+ u16 average_voltage_time unit s if V3.70+V1.20*!V2.0
+ u16 average_voltages if V3.70+V1.20*!V2.0
+ u32 delta_adsup unit mV if V3.70+V1.20*!V2.0
+ u32 delta_adinf unit mV if V3.70+V1.20*!V2.0
+ u32 delta_prsup unit mV if V3.70+V1.20*!V2.0
+ u32 delta_prinf unit mV if V3.70+V1.20*!V2.0
+ u16 mvd_low unit cycles if V3.70+V1.20*!V2.0
+ u16 mvd_high unit cycles if V3.70+V1.20*!V2.0
+ u8 mvd_sag_low unit % if V3.70+V1.20*!V2.0
+ u8 mvd_sag_high unit % if V3.70+V1.20*!V2.0
+ u8 mvd_swell_low unit % if V3.70+V1.20*!V2.0
+ u8 energy_register_unit if V3.70+V1.20*!V2.0
+ bits0-1 house_icon_control is HOUSE if V4.0
= bit2 mbus_discovery_confirmed if V4.30
+ bit0 optical_dos_timer if V4.0
= bit1 optical_off if V4.0
+ u16 optical_timeout unit s if V4.0
+ u16 optical_hold_off unit s if V4.0
+ bit0 tamper_1_used if V4.0
= bit1 tamper_2_used if V4.0
+ i16[3] tamper_adc if V4.0
+ u8 tamper_time unit s if V4.0
+ u16 general_cover_removed_time unit s if V4.0
+ u16 magnetic_tamper_time unit s if V4.0
+ u8 va_method is VA if V4.0
+ bit0 bev_lock if V4.0
= bits1-15 - if V4.0
+ u8 reverse_current_msb if V4.0
"""
