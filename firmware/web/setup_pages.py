"""How set-up, settings and safe mode look: pieces of HTML, no script, no other file."""

from .. import config as configuration
from .. import texts
from . import setup_texts

# Not among all settings: made by the module, or by a step of its own.
SECRET = 1  # `firmware.schema.SECRET`
HIDDEN = ("admin_hash", "update_key", "version")
_STEPS = ("board", "wifi", "key", "admin", "mqtt", "done")

_HEAD = """<!doctype html><html lang="%s"><head><meta charset="utf-8">%s<title>%s</title>
<meta name="viewport" content="width=device-width,initial-scale=1">
<link rel="stylesheet" href="/setup.css"></head><body><div class="lang">"""
_REFRESH = '<meta http-equiv="refresh" content="%d;url=/">'
_HINT = "<br><small>%s</small>"
_PASSWORD = '<input type="password" name="%s" autocomplete="%s"%s>'


class _Page:
    """Texts of one language, and the pieces that every page has."""

    def __init__(self, setup, language):
        self.setup = setup
        self.language = language
        self.users = 0
        self.texts = setup_texts.load(language)
        self.labels = self.groups = None
        self._schema = None

    def text(self, name):
        found = setup_texts.find(self.texts, name)
        return name if found is None else found

    @property
    def schema(self):
        if self._schema is None:
            self._schema = configuration.SCHEMA  # each asking reads it anew
        return self._schema

    def label(self, key):
        self._load()
        return safe(texts.find(self.labels, key) or key)

    def group(self, name):
        self._load()
        return safe(texts.find(self.groups, name) or name)

    def _load(self):
        # Once for all pages that are being sent: the module is the most there is at a time.
        if self.labels is None:
            module = texts.load(self.language)
            self.labels = module.LABELS
            self.groups = module.GROUPS

    def head(self, title, refresh=0):
        title = safe(self.text(title))
        yield _HEAD % (self.language, _REFRESH % refresh if refresh else "", title)
        for code, name in setup_texts.LANGUAGES:
            yield '<a href="?lang=%s" lang="%s">%s</a>' % (code, code, name)
        yield "</div><h1>%s</h1>" % title

    def say(self, said=None):
        tone, name, detail = said or self.setup.said
        if tone and (name or detail):
            text = safe("%s %s" % (self.text(name), self.text(detail)))
            yield '<p class="say %s" role="status">%s</p>' % (tone, text)

    def errors(self, names=()):
        for e in self.setup.errors:
            if len(e.args) < 2 or e.args[1] not in names:
                yield '<p class="say bad" role="alert">%s</p>' % safe(e.text(self.language))

    def error(self, name):
        for e in self.setup.errors:
            if len(e.args) > 1 and e.args[1] == name:
                yield "<em>%s</em>" % safe(e.text(self.language))

    def field(self, name, more="", hint=""):
        """A labelled input of the configuration's key ``name``; a secret is never shown."""
        draft = self.setup.draft
        yield "<label>%s%s" % (self.label(name), _HINT % safe(hint) if hint else "")
        if self.is_secret(name):
            kept = ' placeholder="%s"' % safe(self.text("keep")) if draft[name] else ""
            yield _PASSWORD % (name, "off", kept)
        else:
            yield '<input name="%s" value="%s" autocomplete="off" autocapitalize="none" %s>' % (
                name,
                safe(str(draft[name])),
                more,
            )
        yield from self.error(name)
        yield "</label>"

    def is_secret(self, name):
        return any(entry[0] == name and entry[4] & SECRET for entry in self.schema)

    def anyway(self, name):
        yield '<label class="pick"><input type="checkbox" name="anyway" value="1"> %s</label>' % (
            safe(self.text(name))
        )

    def button(self, name, kind=""):
        return '<button class="%s">%s</button>' % (kind, safe(self.text(name)))


def sent(setup, language, pieces):
    """``pieces`` of a `_Page`. Two at a time share the texts, the most of a page's memory."""
    p = setup.shown
    if p is None or p.language != language:
        p = setup.shown = _Page(setup, language)
    p.users += 1
    try:
        yield from pieces(p)
    finally:
        p.users -= 1
        if not p.users and setup.shown is p:
            setup.shown = None


def page(setup):
    """The present step, or what is going on."""
    return sent(setup, setup.draft["language"], _step)


def _step(p):
    setup = p.setup
    title = "safe" if setup.facts else "settings" if setup.settings else "title"
    yield from p.head(title, 2 if setup.busy and not setup.over else 0)
    if setup.over:
        yield "<main>"
        yield from p.say()
        yield "</main></body></html>"
        return
    yield "<nav>"
    for step in _STEPS:
        kind = "now" if step == setup.step else "ok" if step in setup.passed else ""
        here = ' aria-current="step"' if step == setup.step else ""
        yield '<a href="/?step=%s" class="%s"%s>%s</a>' % (step, kind, here, p.text(step))
    yield "</nav><main>"
    yield from p.say()
    if not setup.busy:
        yield from p.errors(_names(setup.step))
        yield '<form method="post" action="/save"><input type="hidden" name="step" value="%s">' % (
            setup.step
        )
        yield from _FORMS[setup.step](p)
        yield "</form>"
    yield "</main>"
    if not setup.busy:
        yield from _foot(p)
    yield "</body></html>"


def _names(step):
    from .setup import FIELDS

    return FIELDS[step]


def _title(p, name):
    yield "<h2>%s</h2>" % safe(p.text(name + "_head"))
    hint = setup_texts.find(p.texts, name + "_hint")
    if hint:
        yield '<p class="q">%s</p>' % safe(hint)


def _board(p):
    yield from _title(p, "board")
    present = p.setup.draft["board"]
    for choice in next(entry[2] for entry in p.schema if entry[0] == "board"):
        checked = " checked" if choice == present else ""
        yield '<label class="pick"><input type="radio" name="board" value="%s"%s><span>%s' % (
            choice,
            checked,
            choice,
        )
        yield "<br><small>%s</small></span></label>" % safe(p.text("board_" + choice))
    yield from p.error("board")
    yield p.button("next")


def _wifi(p):
    setup = p.setup
    yield from _title(p, "wifi")
    value = setup.draft["wifi_ssid"] or (setup.networks[0][0] if setup.networks else "")
    yield '<label>%s<select name="network">' % p.label("wifi_ssid")
    known = False
    for ssid, rssi in setup.networks:
        picked = " selected" if ssid == value else ""
        known = known or ssid == value
        shown = safe(ssid)
        yield '<option value="%s"%s>%s (%d dBm)</option>' % (shown, picked, shown, rssi)
    other = safe(p.text("other"))
    yield '<option value=""%s>%s</option></select>' % ("" if known else " selected", other)
    yield '<input name="wifi_ssid" placeholder="%s" value="%s" autocapitalize="none">' % (
        other,
        "" if known else safe(value),
    )
    yield from p.error("wifi_ssid")
    yield '</label><p><a href="/?scan=1">%s</a></p>' % safe(p.text("again"))
    yield from p.field("wifi_password")
    if setup.said[1] == "no_wifi":
        yield from p.anyway("anyway_wifi")
    yield p.button("next")


def _key(p):
    yield from _title(p, "key")
    yield from p.field("key")
    if p.setup.said[0] == "bad":
        yield from p.anyway("anyway_key")
    yield p.button("test")


def _admin(p):
    yield from _title(p, "admin")
    kept = ' placeholder="%s"' % safe(p.text("keep")) if p.setup.draft["admin_hash"] else ""
    for name, text in (("password", "admin_1"), ("again", "admin_2")):
        yield "<label>%s%s</label>" % (
            safe(p.text(text)),
            _PASSWORD % (name, "new-password", kept),
        )
    yield p.button("next")


def _mqtt(p):
    yield from _title(p, "mqtt")
    yield from p.field("mqtt_host", 'inputmode="url"')
    yield from p.field("mqtt_port", 'inputmode="numeric"')
    yield from p.field("mqtt_tls", "", "off, ca, SHA-256")
    yield '<p><a href="/certificates">%s</a></p>' % safe(p.text("certs"))
    yield from p.field("mqtt_user")
    yield from p.field("mqtt_password")
    yield from p.field("mqtt_base")
    if p.setup.said[0] == "bad":
        yield from p.anyway("anyway_mqtt")
    yield p.button("test")


def _done(p):
    setup = p.setup
    draft = setup.draft
    yield from _title(p, "done")
    missing = setup.missing()
    if missing:
        names = ", ".join([p.text(step) for step in missing])
        yield '<p class="say bad">%s %s</p>' % (safe(p.text("missing")), safe(names))
    yield "<dl>"
    broker = "%s:%d" % (draft["mqtt_host"], draft["mqtt_port"])
    for name, value in (
        ("board", draft["board"]),
        ("wifi", draft["wifi_ssid"] or p.text("not_set")),
        ("key", p.text("set" if draft["key"] else "not_set")),
        ("admin", p.text("set" if draft["admin_hash"] else "not_set")),
        ("mqtt", broker if draft["mqtt_host"] else p.text("not_set")),
    ):
        yield "<dt>%s</dt><dd>%s</dd>" % (safe(p.text(name)), safe(value))
    yield "</dl>"
    if not missing:
        yield p.button("finish")


_FORMS = {
    "board": _board,
    "wifi": _wifi,
    "key": _key,
    "admin": _admin,
    "mqtt": _mqtt,
    "done": _done,
}


def _foot(p):
    setup = p.setup
    if setup.settings:
        yield '<p class="q">%s</p>' % safe(p.text("idle"))
    yield '<section><p><a href="/all">%s</a></p>' % safe(p.text("all"))
    if setup.updates:
        yield '<p><a href="/update">%s</a></p>' % safe(p.text("update"))
    yield '<p><a href="/export">%s</a></p>' % safe(p.text("export"))
    yield '<details><summary>%s</summary><form method="post" action="/import">' % (
        safe(p.text("import"))
    )
    yield '<textarea name="config" rows="4"></textarea>%s</form></details>' % (
        p.button("import_do", "q")
    )
    yield '<form method="post" action="/restart">%s</form></section>' % p.button("restart", "q")
    yield from _facts(setup)


def _facts(setup):
    if setup.facts:
        yield "<section><pre>"
        for line in setup.facts():
            yield safe(line) + "\n"
        yield "</pre></section>"


def closed(setup, language):
    """For who has not logged in."""
    return sent(setup, language, _closed)


def _closed(p):
    setup = p.setup
    yield from p.head("safe" if setup.facts else "settings", 2 if setup.over else 0)
    yield "<main>"
    if setup.over:
        yield "<p>%s</p>" % safe(p.text("restarting"))
    elif setup.door.stored:
        yield from p.say(setup.denied)
        yield '<form method="post" action="/login"><label>%s' % safe(p.text("login_head"))
        yield _PASSWORD % ("password", "current-password", " autofocus")
        yield '</label>%s</form><p class="q">%s</p>' % (
            p.button("next"),
            safe(p.text("elsewhere")),
        )
    else:
        yield "<p>%s</p>" % safe(p.text("elsewhere"))
    yield "</main>"
    yield from _facts(setup)
    yield "</body></html>"


def all_settings(setup):
    """Every key of the schema but those that have a step of their own."""
    return sent(setup, setup.draft["language"], _all)


def _all(p):
    yield from p.head("all")
    yield '<p class="q"><a href="/">%s</a></p>' % safe(p.text("settings"))
    yield '<form method="post" action="/all"><p>%s</p>' % safe(p.text("all_hint"))
    yield from p.errors([entry[0] for entry in p.schema])
    last = None
    for entry in p.schema:
        if entry[0] in HIDDEN:
            continue
        if entry[5] != last:
            yield "</section>" if last else ""
            last = entry[5]
            yield "<section><h2>%s</h2>" % p.group(last)
        yield from _setting(p, entry)
    yield "</section>%s</form></body></html>" % p.button("take")


def _setting(p, entry):
    name, default, low, high = entry[:4]
    value = p.setup.draft[name]
    if isinstance(default, bool):
        options = ("true", "false")
        value = "true" if value else "false"
    elif high is None:
        options = [str(c) for c in low]
        value = str(value)
    else:
        # What it may be, and what it is by itself.
        if isinstance(default, int):
            hint = "%d..%d (%d)" % (low, high, default)
            yield from p.field(name, 'inputmode="numeric"', hint)
        else:
            yield from p.field(name, "", "(%s)" % default if default else "")
        return
    yield '<label>%s<select name="%s">' % (p.label(name), name)
    for option in options:
        picked = " selected" if option == value else ""
        yield '<option value="%s"%s>%s</option>' % (option, picked, option)
    yield "</select>"
    yield from p.error(name)
    yield "</label>"


def value_of(schema, name, text):
    """``text`` of a form as a value of the key ``name``; as it is where it cannot be one."""
    like = next(entry[1] for entry in schema if entry[0] == name)
    if isinstance(like, bool):
        return text == "true"
    if isinstance(like, int):
        try:
            return int(text)
        except ValueError:
            return text  # the schema says what is wrong
    return text


def safe(text):
    """``text`` as HTML."""
    for a, b in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(a, b)
    return text
