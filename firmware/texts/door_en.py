"""English, of the way into the settings."""

TEXTS = (
    "settings",
    "Settings",
    "login_head",
    "Password of the settings",
    "login",
    "Open the settings",
    "login_wrong",
    "That is not the password.",
    "login_wait",
    "Too many wrong tries; wait this many seconds:",
    "opening",
    "The settings open in a moment …",
    "no_password",
    (
        "No password is set yet. Hold the module's button at its start, join its own network "
        "and set one at http://192.168.4.1/"
    ),
    "why",
    (
        "The module starts again into its settings, which takes about ten seconds; there are no"
        " readings meanwhile."
    ),
    "host",
    (
        "This is no module: its settings are in the configuration file and the options of "
        "mepctl run."
    ),
)
