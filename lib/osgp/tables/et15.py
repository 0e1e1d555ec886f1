"""ET15 MEP/M-Bus On-demand Requests: a ring of requests, what they write (MEP guide p. 89)."""

ABOUT = "MEP/M-Bus On-demand Requests;MBK r;MAK r;RAM;all"
NAMES = """
TYPE 0 none;1 mbus_reset;2 billing_read;3 status_read;4 write;5 time_sync;6 multicast;\
7 download_start;8 download_packet;9 download_switchover
RESULT 0 pending;1 done;2 no_response;3 failed
"""
# Downloads: the multicast data begins with the packet's number (2 bytes).
FIELDS = """
0  bits0-3  write_pointer
0  bits4-7  read_pointer
1  rec[ET11.3]  requests
0    u16      transaction
2    u16      device
4    u8       type  is TYPE
5    u8       result  is RESULT
ET11.4  raw[0]  -
end
+  rec[ET11.3]  messages
0    u8       length  unit B
1    raw[ET11.11+-1]  data
end
+  u8       multicast_length  unit B
+  raw[ET11.20+-1]  multicast_data
"""
