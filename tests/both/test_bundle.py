"""`firmware.bundle`: what is a good head, and what each bad one is told."""

import os

from firmware import bundle, update_texts
from firmware.texts import LANGUAGES, Refusal
from updatekit import FILES, KEY, Flash, Sender, entries, make, refused, tag


async def _read(data, key=KEY, most=500):
    source = bundle.Source(Sender(data, most))
    return await bundle.head(source, key), source


def test_the_tag_is_hmac_sha256():
    # RFC 4231, test case 2.
    wanted = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert tag("Jefe", b"what do ya want for nothing?") == wanted


async def test_a_good_head_in_pieces_of_any_size():
    data = make()
    for most in (1, 7, 64, 1024, 9999):
        found, source = await _read(data, most=most)
        assert (found.kind, found.version, found.count) == ("app", "2.0", len(FILES))
        assert str(found.first, "utf-8") == entries(FILES)[0][0]
        assert found.length + found.size == len(data)
        rest = b""
        while True:
            piece = await source.piece(100)
            if not piece:
                break
            rest += piece
        assert rest == entries(FILES)[1]


def test_which_paths_are_allowed():
    for path in ("lib/shim.mpy", "firmware/web/app.mpy", "web/index.html.gz", "lib/a_b-c+1.x"):
        assert bundle.allowed(path), path
    for path in (
        "boot.py",
        "main.py",
        "config.a",
        "/lib/shim.mpy",
        "lib",
        "lib/",
        "lib//shim.mpy",
        "lib/../boot.py",
        "lib/./x",
        "lib/...",
        "../lib/x",
        "slots/a/lib/x",
        "library/x",
        "lib\\x",
        "lib/x\n",
        "lib/x y",
        "lib/\u00e6",
        "lib/" + "x" * 80,
    ):
        assert not bundle.allowed(path), path


async def test_bad_heads_are_refused_with_their_reason():
    good = make()
    lines, contents = entries(FILES)
    digest = lines[0].split(" ")[0]
    for code, data in (
        ("mark", b""),
        ("mark", b"PK\x03\x04" + bytes(5000)),
        ("mark", b"MEP bundle1\n" + good[13:]),
        ("format", make(first="MEP bundle 0\n")),
        ("format", make(first="MEP bundle 2\n")),
        ("short", good[:20]),
        ("short", good[:300]),
        ("signature", make(key="ff" * 32)),
        ("signature", good.replace(b" 2.0 ", b" 3.0 ")),
        ("head", make(kind="toy")),
        ("head", make(version="a b")),
        ("head", make(version="x" * 41)),
        ("head", make(version="../x")),
        ("head", make(count=0)),
        ("head", make(count=401)),
        ("head", make(size=len(contents) + 1)),
        ("head", make(lines=["%s -1 lib/x\n" % digest])),
        ("head", make(lines=["%s 01 lib/x\n" % digest])),
        ("head", make(lines=["%s 999999999 lib/x\n" % digest])),
        ("head", make(lines=["abc 1 lib/x\n"])),
        ("head", make(lines=["%s 1 lib/x y\n" % digest])),
        ("head", make(lines=["%s 1 lib/%s\n" % (digest, "x" * 300)])),
        ("path", make(lines=["%s 1 ../boot.py\n" % digest])),
        ("path", make(lines=["%s 1 /lib/x\n" % digest])),
        ("path", make(lines=["%s 1 lib/../../config.a\n" % digest])),
        ("path", make(lines=["%s 1 main.py\n" % digest])),
        ("twice", make(lines=lines[:2] + lines[1:])),
        ("twice", make(lines=[lines[1], lines[0]] + lines[2:])),
    ):
        with Flash() as flash:
            assert await refused(data) == code, (code, data[:60])
            assert flash.files() == {}, code


async def test_one_changed_byte_anywhere_is_found():
    data = make()
    head = len(data) - len(entries(FILES)[1])
    for _ in range(40):
        n = int.from_bytes(os.urandom(2), "big") % len(data)
        changed = bytearray(data)
        changed[n] ^= 1 << os.urandom(1)[0] % 8
        with Flash() as flash:
            code = await refused(bytes(changed))
            assert code == "content" if n >= head else code, (n, code)
            assert flash.start() == ("", False)


async def test_a_module_without_a_key_takes_nothing():
    with Flash():
        assert await refused(make(), key="") == "key"


def test_each_language_says_the_same():
    # firmware.texts.update_en, firmware.texts.update_da, firmware.texts.update_de
    english = update_texts.load("en")
    for language in LANGUAGES:
        texts = update_texts.load(language)
        names = [texts[i] for i in range(0, len(texts), 2)]
        assert names == [english[i] for i in range(0, len(english), 2)], language
        for i in range(1, len(texts), 2):
            assert texts[i] and texts[i].count("%s") == english[i].count("%s"), texts[i - 1]
    assert update_texts.line(("starts", 3), "da") == "kom ikke rigtigt op på 3 starter"
    assert update_texts.line(("nobody", 3)) == "nobody 3"
    e = bundle.BundleError("arch", "", "rv32imc", "xtensawin", "xtensawin")
    assert isinstance(e, Refusal) and "made for rv32imc, this module is xtensawin" in str(e)
