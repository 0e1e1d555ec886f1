"""What the set-up page says, in each language; loaded only with it."""

NAMES = (
    "title",
    "safe",
    "intro",
    "other",
    "again",
    "keep",
    "anyway",
    "save",
    "joining",
    "saved",
    "import",
    "restart",
    "restarting",
    "elsewhere",
)
TEXTS = {
    "en": (
        "Set up the meter module",
        "Safe mode",
        (
            "Choose your Wi-Fi and write the meter's key. The module then leaves this network and "
            "is found in yours as"
        ),
        "another network, by name",
        "look for networks again",
        "empty: as it was",
        "save even if the network cannot be joined now",
        "Save and start",
        "Trying to join the network; this takes up to half a minute.",
        "Saved. The module starts again and is found in your network as",
        "Configuration as JSON, changes only what it names",
        "Start again",
        "The module starts again.",
        "To change anything, join the module's own network and open http://192.168.4.1/",
    ),
    "da": (
        "Sæt målermodulet op",
        "Sikker tilstand",
        (
            "Vælg dit wi-fi, og skriv målerens nøgle. Modulet forlader så dette netværk og findes "
            "i dit som"
        ),
        "et andet netværk, ved navn",
        "søg efter netværk igen",
        "tomt: som før",
        "gem, selv om netværket ikke kan nås nu",
        "Gem og start",
        "Forsøger at komme på netværket; det tager op til et halvt minut.",
        "Gemt. Modulet starter igen og findes i dit netværk som",
        "Konfiguration som JSON, ændrer kun det, den nævner",
        "Start igen",
        "Modulet starter igen.",
        "For at ændre noget: gå på modulets eget netværk, og åbn http://192.168.4.1/",
    ),
    "de": (
        "Zählermodul einrichten",
        "Abgesicherter Modus",
        (
            "Das WLAN wählen und den Schlüssel des Zählers eingeben. Das Modul verlässt dann "
            "dieses Netz und ist im eigenen zu finden als"
        ),
        "ein anderes Netz, mit Namen",
        "noch einmal nach Netzen suchen",
        "leer: wie bisher",
        "speichern, auch wenn das Netz jetzt nicht erreichbar ist",
        "Speichern und starten",
        "Versuche, in das Netz zu kommen; das dauert bis zu einer halben Minute.",
        "Gespeichert. Das Modul startet neu und ist im eigenen Netz zu finden als",
        "Konfiguration als JSON, ändert nur, was sie nennt",
        "Neu starten",
        "Das Modul startet neu.",
        "Um etwas zu ändern: ins eigene Netz des Moduls gehen und http://192.168.4.1/ öffnen",
    ),
}
LANGUAGES = (("en", "English"), ("da", "Dansk"), ("de", "Deutsch"))
