"""Names of the values in three languages, for Home Assistant and Homie; loaded when they connect.

The name of a value at a phase or in a tariff is that of the value, and which.
"""

_LANGUAGES = ("en", "da", "de")
_TEXTS = (
    "\nenergy_forward|Energy imported|Energi købt|Energie Bezug\n"
    "energy_reverse|Energy exported|Energi solgt|Energie Einspeisung\n"
    "energy_reactive_import|Reactive energy imported|Reaktiv energi købt|Blindenergie Bezug\n"
    "energy_reactive_export|Reactive energy exported|Reaktiv energi solgt|"
    "Blindenergie Einspeisung\n"
    "power_forward|Power imported|Effekt købt|Leistung Bezug\n"
    "power_reverse|Power exported|Effekt solgt|Leistung Einspeisung\n"
    "reactive_import|Reactive power imported|Reaktiv effekt købt|Blindleistung Bezug\n"
    "reactive_export|Reactive power exported|Reaktiv effekt solgt|Blindleistung Einspeisung\n"
    "apparent_power|Apparent power|Tilsyneladende effekt|Scheinleistung\n"
    "frequency|Frequency|Frekvens|Frequenz\n"
    "current|Current|Strøm|Strom\n"
    "voltage|Voltage|Spænding|Spannung\n"
    "power_factor|Power factor|Effektfaktor|Leistungsfaktor\n"
    "rssi|Wi-Fi signal|Wi-Fi-signal|WLAN-Signal\n"
    "up|Uptime|Oppetid|Laufzeit\n"
    "mem|Free memory|Ledig hukommelse|Freier Speicher\n"
    "age|Age of the values|Værdiernes alder|Alter der Werte\n"
    "errors|Line errors|Linjefejl|Leitungsfehler\n"
    "cause|Last start|Seneste start|Letzter Start\n"
    "update|Firmware|Firmware|Firmware\n"
    "restart|Restart|Genstart|Neustart\n"
    "identify|Identify|Identificer|Identifizieren\n"
    "meter_water|Water meter|Vandmåler|Wasserzähler\n"
    "meter_gas|Gas meter|Gasmåler|Gaszähler\n"
    "meter_heat|Heat meter|Varmemåler|Wärmezähler\n"
    "meter_cooling|Cooling meter|Kølemåler|Kältezähler\n"
    "meter_mbus|M-Bus device|M-Bus-enhed|M-Bus-Gerät\n"
    "read_at|Read at|Aflæst|Gelesen\n"
    "energy|Energy|Energi|Energie\n"
    "volume|Volume|Volumen|Volumen\n"
    "mass|Mass|Masse|Masse\n"
    "hca|Heat cost units|Varmefordelingsenheder|Heizkosteneinheiten\n"
    "power|Power|Effekt|Leistung\n"
    "flow|Flow|Flow|Durchfluss\n"
    "mass_flow|Mass flow|Masseflow|Massendurchfluss\n"
    "flow_temperature|Flow temperature|Fremløbstemperatur|Vorlauftemperatur\n"
    "return_temperature|Return temperature|Returtemperatur|Rücklauftemperatur\n"
    "external_temperature|External temperature|Ekstern temperatur|Außentemperatur\n"
    "temperature_difference|Temperature difference|Temperaturforskel|Temperaturdifferenz\n"
    "pressure|Pressure|Tryk|Druck\n"
    "humidity|Humidity|Fugtighed|Feuchtigkeit\n"
)


def load(language):
    """Which names are meant, for `of`: those in ``language``, English if unknown (int)."""
    return 1 + (_LANGUAGES.index(language) if language in _LANGUAGES else 0)


def of(column, name):
    """What people call the value ``name``."""
    which = ""
    if name[-3:-1] in ("_l", "_t") and name[-1].isdigit():
        which = " " + name[-2:].upper()
        name = name[:-3]
    at = _TEXTS.find("\n%s|" % name) + 1
    if not at:
        return name.replace("_", " ") + which
    return _TEXTS[at : _TEXTS.find("\n", at)].split("|")[column] + which
