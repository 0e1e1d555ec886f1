"""The page that stores what TLS to the broker needs; loaded while somebody looks at it."""

from .. import certificates, texts
from . import setup_pages
from .setup_pages import safe


def show(setup):
    """The page, in pieces."""
    return setup_pages.sent(setup, setup.draft["language"], _page)


def take(setup, form):
    """Store what ``form`` holds at once; the MQTT step tries it."""
    setup.errors = []
    setup.said = ("", "", "")
    name = form.get("name", "")
    if name not in certificates.NAMES:
        return
    try:
        text = "" if form.get("forget") else form.get("text", "")
        if not text.strip() and not form.get("forget"):
            return
        certificates.store(name, text.encode())
        setup.said = ("ok", "cert_gone" if not text else "cert_stored", "")
    except texts.Refusal as e:
        setup.errors = [e]


def _page(p):
    yield from p.head("certs")
    yield '<p class="q"><a href="/">%s</a></p><main>' % safe(p.text("settings"))
    yield from p.say()
    yield from p.errors()
    yield '<p class="q">%s</p>' % safe(p.text("certs_hint"))
    for name in certificates.NAMES:
        stored = certificates.stored(name)
        yield '<form method="post" action="/certificates"><h2>%s</h2>' % safe(
            p.text("cert_" + name)
        )
        yield '<input type="hidden" name="name" value="%s"><p>%s</p>' % (
            name,
            safe(p.text("set" if stored else "not_set")),
        )
        yield '<textarea name="text" rows="4" autocomplete="off" spellcheck="false"></textarea>'
        yield p.button("cert_store")
        if stored:
            yield '<label class="pick"><input type="checkbox" name="forget" value="1"> %s' % (
                safe(p.text("cert_forget"))
            )
            yield "</label>"
        yield "</form>"
    yield "</main></body></html>"
