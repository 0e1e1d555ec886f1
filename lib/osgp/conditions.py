"""What is the matter with the meter: the alarms and states that are set, in plain words.

`Conditions(dims)` is a machine (`osgp.machine`); when it is done ``found`` is a list of (table
name, name, words, level): the name is the field's (with its place in an array, as
`ports[1].plc`), the words are for people, the level is "alarm" or "state". ``port`` is the MEP
port that this client is on (1 or 2; None if the meter does not tell). Read are BT03, ET54,
ET70 and ET89, as far as there are.
"""

from .machine import Machine, whole

_BT03 = 3
_ET54 = 2102
_ET70 = 2118
_ET89 = 2137

# What is so in a sound meter, or only says what it can: not worth a word.
_USUAL = (
    " metering multiple_data_sets energy_unit_change five_digit_codes multiple_mep_clients rc4 "
    "osgp_aes_128_psk welmec_compliance h1_device_present no_expiry "
)
_NUMBERS = (
    " relay_1_random_pending relay_2_random_pending transactions_locked miswiring image_error "
)
# Modes of a switch that nobody can use as ever.
_MODES = ("switch is under maintenance", "switch is locked")
# Fields of BT03 that are states, not alarms.
_STATES = (
    " test_mode meter_shop profile_unread profile_1_unread profile_2_unread profile_3_unread "
    "profile_4_unread self_read_occurred disconnect_changed relay_1_open relay_2_open "
    "code_bank_changed mep_changed mbus_discovery_complete prepay_acknowledged "
    "log_entry_available log_unread dimension_change password_table_written g3_event "
)
# Where the name of the field alone is not plain.
_WORDS = """
unprogrammed not programmed
configuration_error configuration error, power line modem not started
ram_failure error in working memory
rom_failure error in program memory
nvm_failure error in permanent memory
low_loss_potential voltage too low to measure well
cover_removed cover opened
reverse_energy energy flows backwards
backup_incomplete data were not kept at the power failure
disconnect_error disconnect switch is not as it should be
profile_overflow load profile overwritten before it was read
phase_inversion neutral and a phase swapped
plc_failure power line modem has no configuration
general_error power-down or display failed
invalid_password wrong password at the optical eye
remote_inactive nothing heard on the power line for longer than is set
current_without_voltage current on a phase without voltage
pulse_1_tamper pulse input 1 tampered with
pulse_2_tamper pulse input 2 tampered with
software_crc checksum of the firmware is wrong
code_bank_changed other firmware runs since the last start
backfill_failed load profile has a gap from a power failure
mep_changed MEP device put in or taken out
mbus_alarm alarm of an M-Bus or MEP device
mbus_discovery_complete search for M-Bus devices done
prepay_exhausted prepaid credit used up
magnetic_tamper magnet near the meter
lockout_override lock of the optical eye overridden
power_quality_event sag, swell or over-current
thd_changed harmonics beyond the limit
load_side_voltage voltage behind the open disconnect switch
unbalanced_voltage unbalanced voltage, perhaps the neutral is broken
key_expiration a key is about to expire
miswiring phases are wired wrongly
plc_disabled power line modem is switched off
image_error last firmware was not accepted
over_power_exceeded power above the limit
transactions_locked MEP transactions locked by a client
"""


class Conditions(Machine):
    """Reads the tables that tell of alarms and states."""

    def __init__(self, dims):
        self.found = []
        self.port = None
        super().__init__(dims, self._read(dims))

    def _read(self, dims):
        from .codec import table_name

        for table in (_BT03, _ET54, _ET70, _ET89):
            # ET70 and ET89 tell something to clients of Gen 4 meters only.
            if table >= _ET70 and dims.version < (4, 0):
                break
            values = yield from whole(dims, table)
            if values is None:
                continue
            if table == _ET70:
                self.port = values.get("comm_channel")
            else:
                self._flags(table_name(table), "", values)

    def _flags(self, table, path, values):
        for name in sorted(values):
            value = values[name]
            # A number of these is as good as a flag.
            if value is True or (value and " %s " % name in _NUMBERS):
                if " %s " % name not in _USUAL:
                    alarm = table == "BT03" and " %s " % name not in _STATES
                    level = "alarm" if alarm else "state"
                    self.found.append((table, path + name, words(name), level))
            elif name == "mode" and value < len(_MODES):
                self.found.append((table, path + name, _MODES[value], "state"))
            elif isinstance(value, list):
                for i, one in enumerate(value):
                    if isinstance(one, dict):
                        self._flags(table, "%s%s[%d]." % (path, name, i), one)


def words(name):
    """The condition ``name`` (a field of BT03 and the like) in plain words."""
    at = _WORDS.find("\n" + name + " ")
    if at < 0:
        return name.replace("_", " ")
    at += len(name) + 2
    return _WORDS[at : _WORDS.find("\n", at)]
