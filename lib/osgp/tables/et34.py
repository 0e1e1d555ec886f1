"""ET34 Additional M-Bus/MEP Device Configuration: polls, time stamps (MEP guide p. 106)."""

ABOUT = "Additional M-Bus/MEP Device Configuration;MBK r;MAK rw;mixed;all"
# MDT: an index into ET57. The first bit is number 1.
FIELDS = """
0  rec[ET11.0]  devices
0    raw[2]    -
2    flags[8]  groups
3    u8        -
4    u16       poll_rate  unit min
6    u8        control_mdt
7    u8        command_mdt
8    u8        time_mdt
9    bits0-4   hour_bit
9    bits5-7   hour_bits
10   bits0-4   minute_bit
10   bits5-7   minute_bits
11   u8        poll_wait  unit s
12   u8        poll_retries
13   u8        poll_retry_wait
14   raw[8]    -
ET11.13  raw[0]  -
end
"""
