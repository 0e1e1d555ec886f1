"""BT03 End Device Mode Status: the alarms (optical guide p. 45)."""

ABOUT = "End Device Mode Status;MBK ?;MAK ?;?;all"
FIELDS = """
0  bit0   metering
0  bit1   test_mode
0  bit2   meter_shop
1  bit0   unprogrammed
1  bit1   configuration_error
1  bit2   system_reset
1  bit3   ram_failure
1  bit4   rom_failure
1  bit5   nvm_failure
1  bit6   clock_error
1  bit7   measurement_error
1  bit8   low_battery
1  bit9   low_loss_potential
1  bit10  demand_overload
1  bit11  power_failure
1  bit12  cover_removed
1  bit13  reverse_energy
1  bit14  backup_incomplete
1  bit15  disconnect_error
3  bit0   profile_2_unread
3  bit1   profile_3_unread
3  bit2   profile_4_unread
3  bit3   neutral_current_or_earth_fault
4  bit0   profile_overflow
4  bit1   self_read_occurred
4  bit2   disconnect_changed
4  bit3   relay_1_open
4  bit4   phase_loss
4  bit5   phase_inversion
4  bit6   plc_failure
4  bit7   general_error
5  bit0   invalid_password
5  bit1   remote_inactive
5  bit2   current_without_voltage
5  bit3   pulse_1_tamper
5  bit4   pulse_2_tamper
5  bit5   software_crc
5  bit6   code_bank_changed
5  bit7   backfill_failed
6  bit0   mep_changed
6  bit1   mbus_alarm
6  bit2   mbus_discovery_complete
6  bit3   phase_rotation_changed
6  bit4   prepay_exhausted
6  bit5   prepay_acknowledged
6  bit6   log_overflow_pending
6  bit7   log_entry_available
7  bit0   dimension_change
7  bit1   magnetic_tamper
7  bit2   lockout_override
7  bit3   power_quality_event
7  bit4   log_unread
7  bit5   thd_changed
7  bit6   profile_1_unread
7  bit7   load_side_voltage
8  bit0   unbalanced_voltage     if BT00.17>4
8  bit1   password_table_written if BT00.17>4
8  bit2   key_expiration         if BT00.17>4
8  bit3   p2p_security           if BT00.17>4
8  bit4   firmware_separation    if BT00.17>4
8  bit5   modem_error            if BT00.17>4
8  bit6   g3_alarm               if BT00.17>4
8  bit7   g3_event               if BT00.17>4
9  bit0   relay_2_open           if BT00.17>5
+  raw[*]  -
"""
