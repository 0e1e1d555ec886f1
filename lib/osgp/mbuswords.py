"""What the value information of M-Bus records means: quantity, unit, exponent; and the media.

As EN 13757-3 has it in its tables of VIF, VIFE (FB and FD) and of orthogonal VIFE.
"""

from shim import const

_MOST_EXTENSIONS = const(10)

# First-last code, quantity, unit, exponent of the first (it rises by one with each).
# `time`: s, min, h, d; `long`: h, d, months, years; `date`: a date or time.
_VIF = (
    "00-07 energy Wh -3;08-0F energy J 0;10-17 volume m3 -6;18-1F mass kg -3;"
    "20-23 on_time time;24-27 operating_time time;28-2F power W -3;30-37 power J/h 0;"
    "38-3F flow m3/h -6;40-47 flow m3/min -7;48-4F flow m3/s -9;50-57 mass_flow kg/h -3;"
    "58-5B flow_temperature C -3;5C-5F return_temperature C -3;60-63 temperature_difference K -3;"
    "64-67 external_temperature C -3;68-6B pressure bar -3;6C-6D date date;6E-6E hca;"
    "70-73 averaging_duration time;74-77 actuality_duration time;78-78 fabrication_number;"
    "79-79 identification;7A-7A address;"
)
_FD = (
    "00-03 credit currency -3;04-07 debit currency -3;08-08 access_number;09-09 medium;"
    "0A-0A manufacturer;0B-0B parameter_set;0C-0C model;0D-0D hardware_version;"
    "0E-0E metrology_version;0F-0F software_version;10-10 customer_location;11-11 customer;"
    "12-12 access_code_user;13-13 access_code_operator;14-14 access_code_system;"
    "15-15 access_code_developer;16-16 password;17-17 error_flags;18-18 error_mask;"
    "1A-1A digital_output;1B-1B digital_input;1C-1C baud_rate;1D-1D response_delay;1E-1E retries;"
    "20-20 first_storage;21-21 last_storage;22-22 storage_size;24-27 storage_interval time;"
    "28-29 storage_interval months;2C-2F since_readout time;30-30 tariff_start date;"
    "31-33 tariff_duration min;34-37 tariff_period time;38-39 tariff_period months;"
    "3A-3A number;40-4F voltage V -9;50-5F current A -12;60-60 reset_counter;"
    "61-61 cumulation_counter;62-62 control_signal;63-63 day_of_week;64-64 week;"
    "65-65 day_change;66-66 parameter_state;67-67 supplier_information;"
    "68-6B since_cumulation long;6C-6F battery_time long;70-70 battery_change date;"
    "71-71 rf_level dBm;74-74 battery_left d;"
)
_FB = (
    "00-01 energy MWh -1;02-03 energy_reactive kvarh 0;08-09 energy GJ -1;10-11 volume m3 2;"
    "18-19 mass t 2;1A-1B humidity % -1;21-21 volume ft3 -1;22-23 volume gal -1;"
    "28-29 power MW -1;30-31 power GJ/h -1;58-5B flow_temperature F -3;"
    "5C-5F return_temperature F -3;60-63 temperature_difference F -3;"
    "64-67 external_temperature F -3;70-73 temperature_limit F -3;74-77 temperature_limit C -3;"
    "78-7F max_power W -3;"
)
_VIFE = (
    "01-01 too_many_difes;02-02 storage_missing;03-03 unit_missing;04-04 tariff_missing;"
    "05-05 function_missing;06-06 data_class_missing;07-07 data_size_missing;"
    "0B-0B too_many_vifes;0C-0C illegal_vif_group;0D-0D illegal_vif;0E-0E data_mismatch;"
    "15-15 no_data;16-16 data_overflow;17-17 data_underflow;18-18 data_error;1C-1C premature_end;"
    "20-20 per_s;21-21 per_min;22-22 per_h;23-23 per_d;24-24 per_week;25-25 per_month;"
    "26-26 per_year;27-27 per_revolution;28-29 per_input_pulse;2A-2B per_output_pulse;"
    "2C-2C per_l;2D-2D per_m3;2E-2E per_kg;2F-2F per_K;30-30 per_kWh;31-31 per_GJ;32-32 per_kW;"
    "33-33 per_K_l;34-34 per_V;35-35 per_A;36-36 times_s;37-37 times_s_per_V;38-38 times_s_per_A;"
    "39-39 start_date;3A-3A uncorrected;3B-3B only_forward;3C-3C only_backward;"
    "3D-3D not_metric;3E-3E at_base_conditions;3F-3F obis;"
    "40-40 lower_limit;41-41 times_below_limit;48-48 upper_limit;49-49 times_above_limit;"
    "42-43 limit_began;46-47 limit_ended;4A-4B limit_began;4E-4F limit_ended;"
    "50-57 duration_below_limit;58-5F duration_above_limit;60-67 duration;68-68 lower_value;"
    "6A-6B began;6C-6C upper_value;6E-6F ended;7E-7E future;"
)
_TIMES = ("s", "min", "h", "d")
_LONG = ("h", "d", "months", "years")
_MEDIA = (
    "0 other;1 oil;2 electricity;3 gas;4 heat;5 steam;6 hot_water;7 water;8 heat_cost_allocator;"
    "9 compressed_air;10 cooling_outlet;11 cooling_inlet;12 heat_inlet;13 heat_and_cooling;"
    "14 bus;15 unknown;16 irrigation;18 gas_mode_2;19 heat_mode_2;21 very_hot_water;"
    "22 cold_water;23 mixed_water;24 pressure;25 converter;26 smoke_detector;27 room_sensor;"
    "28 gas_detector;32 breaker;33 valve;37 customer_unit;40 waste_water;41 garbage;"
    "42 carbon_dioxide;49 communication_controller;50 repeater;51 repeater;54 radio_converter;"
    "55 wired_adapter;"
)
# Units of the fixed data structure: `n` of them, each ten times the one before.
_FIXED = (
    "02-0A energy Wh 0;0B-13 energy J 3;14-1C power W 0;1D-25 power J/h 3;26-2E volume m3 -6;"
    "2F-37 flow m3/h -6;38-38 temperature C -3;39-39 hca;"
)


class Meaning:
    """Takes VIF and VIFE from ``data``: ``name``, ``unit``, ``exponent`` and ``notes``."""

    def __init__(self, data):
        self.notes = []
        vif = data.byte("VIF")
        code = vif & 0x7F
        table = _VIF
        if vif == 0xFB or vif == 0xFD:
            table = _FD if vif == 0xFD else _FB
            vif = data.byte("VIFE")
            code = vif & 0x7F
        found = find(table, code)
        if table is _VIF and code == 0x7C:
            text = data.take(data.byte("length of the unit"), "unit")
            unit = "".join([chr(c) if 32 <= c < 127 else "?" for c in reversed(text)])
            found = ("other", unit, 0)
        elif table is _VIF and code == 0x7F:
            found = ("manufacturer", "", 0)
        if found is None:
            group = "VIF" if table is _VIF else "FD" if table is _FD else "FB"
            found = ("%s_%02X" % (group.lower(), code), "", 0)
        self.name, self.unit, self.exponent = found
        self._orthogonal(data, vif, code == 0x7F and table is _VIF)

    def _orthogonal(self, data, vif, own):
        n = 0
        while vif & 0x80:
            if n == _MOST_EXTENSIONS:
                data.fail("VIFE", "more than %d" % _MOST_EXTENSIONS)
            n += 1
            vif = data.byte("VIFE")
            code = vif & 0x7F
            if own:
                self.notes.append("manufacturer_%02X" % code)
            elif code == 0x7F:
                own = True
            elif 0x70 <= code <= 0x77:
                self.exponent += code - 0x76
            elif code == 0x7D:
                self.exponent += 3
            elif 0x78 <= code <= 0x7B:
                # To be added to the value; said, as the value would lose its exponent.
                self.notes.append("plus_10^%d" % (code - 0x7B))
            else:
                self._note(code)

    def _note(self, code):
        found = find(_VIFE, code)
        self.notes.append(found[0] if found else "vife_%02X" % code)
        # Dates, durations and counts, whatever the quantity.
        if code == 0x39 or code & 0x72 == 0x42 or code & 0x7A == 0x6A:
            self.unit, self.exponent = "date", 0
        elif 0x50 <= code <= 0x67:
            self.unit, self.exponent = _TIMES[code & 3], 0
        elif code in (0x41, 0x49):
            self.unit, self.exponent = "", 0


def find(text, code):
    """(name, unit, exponent) of ``code`` in one of the lists above, None if it is not there."""
    for line in text.split(";"):
        words = line.split(" ")
        if len(words) < 2:
            continue
        first, last = [int(w, 16) for w in words[0].split("-")]
        if not first <= code <= last:
            continue
        unit = words[2] if len(words) > 2 else ""
        n = code - first
        if unit == "time":
            return words[1], _TIMES[n], 0
        if unit == "long":
            return words[1], _LONG[n], 0
        if unit in ("min", "months"):
            # The next codes are the next larger units.
            units = _TIMES[1:] if unit == "min" else _LONG[2:]
            return words[1], units[n], 0
        return words[1], unit, int(words[3]) + n if len(words) > 3 else 0
    return None


def fixed_unit(code):
    """(quantity, unit, exponent) of a unit of the fixed data structure."""
    return find(_FIXED, code) or ("counter", "", 0)


def medium(number):
    """The medium in a word."""
    at = (";" + _MEDIA).find(";%d " % number)
    if at < 0:
        return "medium_%d" % number
    at = _MEDIA.find(" ", at) + 1
    return _MEDIA[at : _MEDIA.find(";", at)]
