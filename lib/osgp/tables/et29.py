"""ET29 Hardware Configuration: what is built in, which port is where (MEP guide p. 99)."""

ABOUT = "Hardware Configuration;MBK r;MAK r;RAM;all"
NAMES = """
BOARD 0 none;1 wireless;2 wired;3 plc;4 modem;5 plc_a_band;6 plc_g3
PORT 1 mep;2 mbus;3 plc;4 modem;5 optical
BATTERY 0 none;1 standard;3 supercap
SENSOR 0 shunt;1 pcb_coil;2 earth_fault_transformer
"""
# The guide has reserved bytes begin at 2, which is the last of the options. The UARTs at the end
# are those of meters with a P2P modem.
FIELDS = """
0   bit0     s0_output
0   bit1     pulse_input_1  if !V4.0
0   bit2     pulse_input_2  if !V4.0
0   bit5     disconnect
0   bit6     relay_1
0   bit7     relay_2  if V4.30
0   bit8     mbus
0   bit9     cover_tamper
0   bit10    mep_1
0   bit11    disconnect_sensor
0   bit12    magnetic_tamper
0   bit13    noise_detection_off
0   bit14    two_line_disconnect
0   bit15    no_metering
0   bit16    no_lcd
0   bit17    external_ct
0   bit18    backup_power
0   bit19    external_disconnect
0   bit20    external_voltage
0   bit21    voltage_inverted
0   bit22    non_latching_relay
0   bit23    mep_2  if V4.0
3   raw[2]   -
5   bit0     single_phase
5   bit1     polyphase
5   bit6     pulse_relay  if V3.70
5   bit7     power_boost_relay  if V4.0
6   raw[14+4*V4.0]  -
+   rec[3*V4.0]  usarts
0     u8     board  is BOARD
1     u8     port  is PORT
2     u8     sequence
end
33  bit0     two_disconnect_sensors  if V4.0
33  bit1     toggle_button  if V4.0
33  bit3     backlight  if V4.0
33  bit4     buzzer  if V4.0
33  bits5-6  battery  is BATTERY  if V4.0
33  bit7     earth_fault  if V4.0
33  bit8     tamper_input_1  if V4.0
33  bit9     tamper_input_2  if V4.0
33  bit10    s0_output_2  if V4.0
33  bit11    security_chip  if V4.0
33  bit12    last_gasp  if V4.0
33  bit13    relay_1_latching  if V4.30
33  bit14    relay_2_latching  if V4.30
35  raw[12]  -  if V4.0
47  bits0-4  line_sensor  is SENSOR  if V4.0
47  bits5-7  neutral_sensor  is SENSOR  if V4.0
+   rec[*2*V4.0]  uarts
0     u8     board  is BOARD
1     u8     port  is PORT
2     u8     number
end
"""
