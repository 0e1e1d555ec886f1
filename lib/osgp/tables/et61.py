"""ET61 Time-Based Relay Control Calendar: ten switches a day (MEP guide p. 166)."""

ABOUT = "Time-Based Relay Control Calendar;MBK r;MAK rw;?;all"
# The guide has two relays in any case; there is no second one before firmware 4.30.
FIELDS = """
0  rec[1+V4.30]  relays
0    rec[ET11.26]  switches
0      bit0       closed
0      bits5-10   minute
0      bits11-15  hour
end
end
"""
