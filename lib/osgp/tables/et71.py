"""ET71 Delta Data Alerts: sources whose change by a set amount is told (MEP guide p. 174)."""

ABOUT = "Delta Data Alerts;MBK rw;MAK rw;RAM;3.40"
# Lost at each power failure. Source 255: not in use; delta 0: no alert. That an alert is due the
# guide names "Alert State" and gives no bit for it (p. 175): a flag of ET13 tells it for all.
FIELDS = """
0  rec[V3.40*ET11.27]  alerts
0    u16   source  is SOURCE
2    u16   delta
4    i32   comparison
8    i32   sampled
12   bit0  source_invalid
end
"""
