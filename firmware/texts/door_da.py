"""Danish, of the way into the settings."""

TEXTS = (
    "settings",
    "Indstillinger",
    "login_head",
    "Kodeord til indstillingerne",
    "login",
    "Åbn indstillingerne",
    "login_wrong",
    "Det er ikke kodeordet.",
    "login_wait",
    "For mange forkerte forsøg; vent så mange sekunder:",
    "opening",
    "Indstillingerne åbner om et øjeblik …",
    "no_password",
    (
        "Der er endnu intet kodeord. Hold modulets knap ved starten, gå på dets eget netværk, "
        "og sæt et på http://192.168.4.1/"
    ),
    "why",
    (
        "Modulet starter igen i sine indstillinger, det tager cirka ti sekunder; imens er der "
        "ingen målinger."
    ),
    "host",
    "Dette er ikke et modul: indstillingerne står i konfigurationsfilen og i mepctl runs valg.",
)
