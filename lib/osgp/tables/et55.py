"""ET55 Meter Configuration: the energy register unit (MEP guide p. 155, 158)."""

ABOUT = "Meter Configuration;MBK r;MAK rw;RAM;all"
# Its place: 39 bytes after 146 + 4 * (BT20.7 - 1), one more with firmware 4.0 and newer.
FIELDS = """
181+4*BT20.7+V4.0  u8  energy_register_unit  if V3.70
"""
