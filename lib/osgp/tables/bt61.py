"""BT61 Actual Load Profile: sizes of the data sets; 84 min means 24 h (MEP guide p. 234)."""

ABOUT = "Actual Load Profile;MBK r;MAK r;mixed;all"
FIELDS = """
0  u32    memory_length  unit B
4  bit0   set_1_inhibit_overflow
4  bit1   set_2_inhibit_overflow
4  bit2   set_3_inhibit_overflow
4  bit3   set_4_inhibit_overflow
4  bit4   end_reading
4  bit5   end_pulse
4  bit6   set_1_scalar_divisor
4  bit7   set_2_scalar_divisor
4  bit8   set_3_scalar_divisor
4  bit9   set_4_scalar_divisor
4  bit10  extended_status
4  bit11  simple_status
6  bit0   u8_supported
6  bit1   u16_supported
6  bit2   u32_supported
6  bit3   i8_supported
6  bit4   i16_supported
6  bit5   i32_supported
6  bit6   ni_fmat1_supported
6  bit7   ni_fmat2_supported
7  rec[1+3*V3.50]  sets
+    u16  blocks
+    u16  intervals
+    u8   channels
+    u8   interval_time  unit min
end
"""
