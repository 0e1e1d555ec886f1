"""ET89 Meter LN Status: MEP devices before, switch modes, image checks (MEP guide p. 186)."""

ABOUT = "Meter LN Status;MBK r;MAK r;?;all"
NAMES = """
MODE 0 maintenance;1 locked;2 remote;3 local
STATE 0 open;1 closed;2 unknown
ERROR 0 none;1 not_signed;2 key_unknown;3 key_invalidated;16 bad_signature;17 bad_length;\
18 bad_data;32 bad_key_format;33 bad_key_point;240 unknown
"""
# States of a relay in the order of MODE. What ends the table is given as bytes: first a bit for
# each log with unread entries, of a number of bytes that the guide does not give; disconnect
# flags (bit 0 remote, 1 automatic and button, 2 local procedure, 3 remote unblock); pending
# security events, as many as ET90 has at 25, which is beyond what the guide has of it, of 8 bytes
# (alarm, argument, count, minutes); since 4.60 optical, MEP 1, MEP 2: session state bits 0-2 and
# TLS state, u16 last TLS error, u16 TLS errors.
FIELDS = """
0    rec[2]     meps
0      u16        prior_handle
2      raw[30]  prior_id
32     u8         register_requests
33     u8         register_allowed
end
68   ltime      last_h1_telegram  if V4.50
74   bit0       h1_device_present  if V4.50
74   bit1       plc_disabled  if V4.50
+    rec[2*V4.50]  relays
0      bits0-2    mode  is MODE
1      rec[4]     states
0        bits0-18   remaining  unit s
0        bit19      no_expiry
0        bits20-21  state  is STATE
0        bits22-31  -
end
end
109  u16[2]     image_key_ids  if V4.50
113  bit0       image_key_0_invalid  if V4.50
113  bit1       image_key_1_invalid  if V4.50
114  u8         image_error  is ERROR  if V4.50
115  u16        image_key_id  if V4.50
117  u32        image_length  unit B  if V4.50
121  u8         signature_length  unit B  if V4.50
122  raw[8]     signature  if V4.50
130  raw[*]     more  if V4.50
"""
