from firmware.log import Log


def test_secrets_never_appear():
    shown = []
    log = Log(["hush", "hush-hush", ""], shown.append)
    log("info", "password hush-hush, also hush\nand more")
    assert shown == ["info: password ***, also *** and more"] == log.lines()


def test_ring_keeps_the_last_lines_in_order():
    log = Log(show=None, lines=3)
    for i in range(5):
        log("info", str(i))
    assert log.lines() == ["info: 2", "info: 3", "info: 4"]


def test_a_repeated_line_says_so_once():
    log = Log(show=None)
    for text in ("a", "a", "b", "a"):
        log("warn", text)
    assert log.lines() == ["warn: a", "warn: b", "warn: a"]


def test_long_lines_are_cut():
    log = Log(show=None)
    log("warn", "x" * 5000)
    assert len(log.lines()[0]) == 200
