"""BT62 Load Profile Control: which source each channel holds (MEP guide p. 236)."""

ABOUT = "Load Profile Control;MBK r;MAK r;mixed;all"
FIELDS = """
+  rec[1]  set_1
+    rec[BT61.11]  channels
0      bit0  end_reading
1      u8    source             is SOURCE
2      u8    end_reading_source is SOURCE
end
+    u8           format
+    u16[BT61.11] scalars        if BT60.4.6
+    u16[BT61.11] divisors       if BT60.4.6
end
+  rec[V3.50]  set_2
+    rec[BT61.17]  channels
0      bit0  end_reading
1      u8    source             is SOURCE
2      u8    end_reading_source is SOURCE
end
+    u8           format
+    u16[BT61.17] scalars        if BT60.4.7
+    u16[BT61.17] divisors       if BT60.4.7
end
+  rec[V3.50]  set_3
+    rec[BT61.23]  channels
0      bit0  end_reading
1      u8    source             is SOURCE
2      u8    end_reading_source is SOURCE
end
+    u8           format
+    u16[BT61.23] scalars        if BT60.5.0
+    u16[BT61.23] divisors       if BT60.5.0
end
+  rec[V3.50]  set_4
+    rec[BT61.29]  channels
0      bit0  end_reading
1      u8    source             is SOURCE
2      u8    end_reading_source is SOURCE
end
+    u8           format
+    u16[BT61.29] scalars        if BT60.5.1
+    u16[BT61.29] divisors       if BT60.5.1
end
"""
