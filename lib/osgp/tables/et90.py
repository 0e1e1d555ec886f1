"""ET90 Dimension LN: sizes of FTz messages and of the P2P modem's texts (MEP guide p. 190)."""

ABOUT = "Dimension LN;MBK r;MAK r;?;3.82"
FIELDS = """
0   u16      ip_address_length  unit B  if V4.10
2   u8       urgent_alarm_length  unit B  if V4.10
3   u8       connection_reason_length  unit B  if V4.10
4   u8       apn_length  if V4.10
5   u8       apn_user_length  if V4.10
6   u8       apn_password_length  if V4.10
7   u8       sim_pin_length  if V4.10
8   u8       manufacturer_length  if V4.10
9   u8       model_length  if V4.10
10  u8       revision_length  if V4.10
11  u8       imei_length  if V4.10
12  u8       sim_phone_number_length  if V4.10
13  u8       operator_name_length  if V4.10
14  u8       max_connections  if V4.10
15  u8       max_connection_services  if V4.10
0   raw[16]  -  if V3.82*!V4.0+V4.02*!V4.10+V1.31*!V2.0
16  u8       ftz_messages  if V3.82*!V4.0+V4.02+V1.31*!V2.0
17  u16      at_reply_length  unit B  if V4.20
19  u8       sim_iccid_length  if V4.20
"""
