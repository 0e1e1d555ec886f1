"""German, of the way into the settings."""

TEXTS = (
    "settings",
    "Einstellungen",
    "login_head",
    "Passwort der Einstellungen",
    "login",
    "Einstellungen öffnen",
    "login_wrong",
    "Das ist nicht das Passwort.",
    "login_wait",
    "Zu viele falsche Versuche; so viele Sekunden warten:",
    "opening",
    "Die Einstellungen öffnen sich gleich …",
    "no_password",
    (
        "Es gibt noch kein Passwort. Beim Start die Taste des Moduls halten, in sein eigenes "
        "Netz gehen und unter http://192.168.4.1/ eines setzen"
    ),
    "why",
    (
        "Das Modul startet neu in seine Einstellungen, das dauert etwa zehn Sekunden; so lange "
        "gibt es keine Werte."
    ),
    "host",
    (
        "Dies ist kein Modul: die Einstellungen stehen in der Konfigurationsdatei und den "
        "Optionen von mepctl run."
    ),
)
