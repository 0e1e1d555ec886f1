"""Names of the values in three languages, for Home Assistant and Homie; loaded when they connect.

The name of a value at a phase or in a tariff is that of the value, and which.
"""

_LANGUAGES = ("en", "da", "de")
_TEXTS = (
    "energy_forward|Energy imported|Energi købt|Energie Bezug\n"
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
)


def load(language):
    """The names in ``language`` (English if unknown), for `of`."""
    column = 1 + (_LANGUAGES.index(language) if language in _LANGUAGES else 0)
    found = []
    for line in _TEXTS.split("\n")[:-1]:
        words = line.split("|")
        found.append((words[0], words[column]))
    return found


def of(texts, name):
    """What people call the value ``name``."""
    which = ""
    if name[-3:-1] in ("_l", "_t"):
        which = " " + name[-2:].upper()
        name = name[:-3]
    for key, text in texts:
        if key == name:
            return text + which
    return name.replace("_", " ") + which
