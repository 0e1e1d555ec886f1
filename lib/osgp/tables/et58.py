"""ET58 M-Bus/MEP Status Extension: the latest control status (MEP guide p. 165)."""

ABOUT = "M-Bus/MEP Status Extension;MBK r;MAK r;RAM;all"
# What it is: control_mdt of ET34.
FIELDS = """
0  rec[ET11.0]  devices
0    u8       control_status
1    raw[19]  -
end
"""
