"""The command line's help, errors and exit codes; nothing here needs a meter."""

import os
import pty
import re
import shlex
import signal
import socket

import pytest
from mepctlkit import KEY, Process, Silence, mepctl

from tools.gen_cli import EXAMPLES
from tools.mepctl.cli import build
from tools.mepctl.completion import commands
from tools.paths import ROOT

COMMANDS = ("run", "read", "record", "replay")
NOWHERE = "socket://127.0.0.1:1"


def error(*words, code=2, **options):
    """The one line on stderr of a command that must fail with ``code``."""
    done = mepctl(*words, **options)
    assert done.returncode == code, done
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert KEY not in done.stderr
    return done.stderr


def test_help_gives_examples_commands_and_exit_codes():
    done = mepctl("--help")
    assert done.returncode == 0
    for word in (*COMMANDS, "sim", "examples:", "exit codes:", "MEP_KEY", "--key-file"):
        assert word in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example(command):
    done = mepctl(command, "--help")
    assert done.returncode == 0
    assert "mepctl %s " % command in done.stdout.split("examples:")[1]
    assert "exit codes:" in done.stdout and "MEP_KEY" in done.stdout


def test_the_examples_of_every_help_are_commands_that_parse():
    parser = build()
    actions = next(a for a in parser._actions if a.dest == "command")
    seen = set()
    for name in commands(parser):
        if name == "sim":
            continue
        text = actions.choices[name].format_help().split("exit codes:")[0]
        for line in re.findall(r"^  (?:.*\| |MEP_KEY=\S+ )?(mepctl .+)$", text, re.MULTILINE):
            # What follows two spaces is said of it; `...` stands for the rest of the options.
            words = shlex.split(re.split(r"  +|[|>]", line)[0].replace("...", "x"))
            assert words[1] in actions.choices, line
            if words[1] == "sim" or words[-1] in ("key", "port"):
                continue
            if "--port" in words or "--port" not in text:
                parser.parse_args(words[1:])
            seen.add(words[1])
        assert "exit codes:" in actions.choices[name].format_help()
    assert seen >= {"tables", "info", "dump", "decode", "clock", "raw", "watch", "events", "call"}


def test_sim_hands_its_options_to_the_simulator():
    done = mepctl("sim", "--help")
    assert done.returncode == 0
    assert "mepctl sim " in done.stdout.split("examples:")[1]
    assert "HOST:PORT" in error("sim", "--listen", "nowhere")


def test_version():
    done = mepctl("--version")
    assert (done.returncode, done.stdout) == (0, "mepctl 0.1.0\n")


def test_usage_errors_name_what_is_missing_and_never_a_word_that_could_be_a_key():
    assert "run, read, record, replay, sim" in error()
    assert "run, read, record, replay, sim" in error("--key", KEY, "read")
    assert "--port" in error("read", "BT28")
    assert "unknown option --kay" in error("read", "BT28", "--port", NOWHERE, "--kay", KEY)
    assert "unknown option --kay;" in error("read", "BT28", "--port", NOWHERE, "--kay=" + KEY)
    assert "too many words" in error("read", "BT28", KEY, "--port", NOWHERE)
    assert "--offset" in error("read", "1", "--port", NOWHERE, "--offset", -1)
    assert "--count" in error("read", "1", "--port", NOWHERE, "--count", 0)


@pytest.mark.parametrize("command", (["run"], ["read", "BT01"], ["record", "never.txt"]))
def test_key_errors_do_not_show_the_key(command, tmp_path):
    line = ["--port", NOWHERE]
    assert "MEP_KEY" in error(*command, *line, key=None)
    wrong = error(*command, *line, "--key", "abcdefgh12345")
    assert "13 characters" in wrong and "20 characters" in wrong and "abcdefgh" not in wrong
    file = tmp_path / "key.txt"
    file.write_text(KEY)
    assert "one of them" in error(*command, *line, "--key", KEY, "--key-file", file)
    assert "No such file" in error(*command, *line, "--key-file", tmp_path / "none")
    file.write_bytes(b"\xff\xfe\x00")
    assert "not a text file" in error(*command, *line, "--key-file", file)


@pytest.mark.parametrize(
    "url, says",
    (
        ("/dev/no-such-device", "there is no such device"),
        ("socket://127.0.0.1:1", "nobody listens there"),
        ("socket://127.0.0.1", "socket://host:port"),
        ("rfc2217://127.0.0.1:1", "nobody listens there"),
        ("nonsense://x", "not known"),
        ("/etc/hostname", "no serial device"),
    ),
)
def test_a_port_that_cannot_be_used(url, says, free_port):
    assert says in error("read", "BT01", "--port", url)
    assert says in error("run", "--port", url, "--http", "127.0.0.1:%d" % free_port)


def test_a_port_that_is_busy(free_port):
    import serial

    master, slave = pty.openpty()
    name = os.ttyname(slave)
    first = serial.Serial(name, exclusive=True)
    try:
        assert "busy" in error("read", "BT01", "--port", name)
        assert "busy" in error("run", "--port", name, "--http", "127.0.0.1:%d" % free_port)
    finally:
        first.close()
        os.close(master)
        os.close(slave)


def test_a_silent_line_names_three_likely_causes(tmp_path):
    with Silence() as line:
        file = tmp_path / "r.txt"
        for command in (["read", "BT01"], ["record", file, "--seconds", 1]):
            text = error(*command, "--port", line.url, code=4)
            assert "wiring" in text and "ENABLE" in text and "optical eye" in text
            assert line.url in text
        assert not file.exists()


def test_ctrl_c_ends_a_read_with_130_and_one_line(tmp_path):
    with Silence() as line:
        words = ["-m", "tools.mepctl", "read", "BT01", "--port", line.url]
        read = Process(tmp_path, "read", *words)
        line.wait()
        assert read.stop(signal.SIGINT) == 130
    assert read.output() == "mepctl: interrupted\n"


def test_a_wrong_table_name_is_answered_with_the_nearest():
    line = ["--port", NOWHERE]
    text = error("read", "BT82", *line)
    assert "there is no table BT82" in text and "BT28" in text.split("nearest")[1].split("(")[0]
    assert "ET98" in error("read", "et99", *line)
    for name in ("nonsense", "", "BT", "-1x", "99999"):
        assert "there is no table" in error("read", *line, "--", name)


def test_run_refuses_bad_settings(tmp_path):
    line = ["run", "--port", NOWHERE]
    for text in ("8080", "localhost:", "localhost:0", "localhost:99999", "localhost:http"):
        assert "HOST:PORT" in error(*line, "--http", text)
    assert "address of this machine" in error(*line, "--http", "192.0.2.1:8080")
    assert "from 5 to 3600" in error(*line, "--stale", 1)
    assert "9600" in error(*line, "--baud", 1)
    config = tmp_path / "config.json"
    config.write_text('{"mqtt_password": "hush')
    text = error(*line, "--config", config)
    assert "is not JSON" in text and "hush" not in text
    config.write_text("[1]")
    assert "one JSON object" in error(*line, "--config", config)
    config.write_text('{"http_port": "x"}')
    assert "http_port" in error(*line, "--config", config)
    assert "cannot be read" in error(*line, "--config", tmp_path / "none")
    assert "give --port" in error("run")


@pytest.mark.parametrize(
    "url",
    (
        "broker:1883",
        "mqtts://hush:hush@broker",
        "mqtt://",
        "mqtt://hush:hush@broker:x/",
        "mqtt://hush:hush@broker:0/",
        "mqtt://hush:hu?sh@broker",
        "mqtt://hush:hush@broker/a/%23",
        "mqtt://hush:hush@[broker/",
    ),
)
def test_a_bad_mqtt_url_is_an_error_without_its_password(url):
    text = error("run", "--port", NOWHERE, "--mqtt", url)
    assert "mqtt" in text and "hush" not in text


def test_run_says_that_the_http_port_is_in_use():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        with Silence() as line:
            text = error("run", "--port", line.url, "--http", address)
    assert address in text and "in use" in text


def test_record_wants_a_new_file_and_a_sane_limit(tmp_path):
    old = tmp_path / "old.txt"
    old.write_text("keep")
    line = ["--port", NOWHERE]
    assert "exists" in error("record", old, *line)
    assert "no such folder" in error("record", tmp_path / "no" / "file", *line)
    for seconds in ("0", "-1", "nan", "inf"):
        assert "above 0" in error("record", "new.txt", *line, "--seconds=" + seconds)
    assert "above 0" in error("record", "new.txt", *line, "--polls", 0)
    assert "not allowed" in error("record", "new.txt", *line, "--polls", 1, "--seconds", 1)
    assert old.read_text() == "keep"


def test_a_key_of_the_configuration_that_nobody_knows_is_told(tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{"mqtt_hots": "broker", "a7941d85bce8a8fa2ab7a7941d85bce8": 1, "board": "x"}')
    run = mepctl("run", "--port", "socket://127.0.0.1:9", "--config", path)
    assert run.returncode == 2
    assert "nobody knows mqtt_hots; did you mean mqtt_host?" in run.stderr
    assert "nobody knows a name of 32 characters" in run.stderr and "a7941" not in run.stderr


def test_the_page_has_every_command_that_reads_the_meter():
    page = (ROOT / "docs" / "cli.md").read_text()
    headings = re.findall(r"^## (\S+)$", page, re.MULTILINE)
    assert headings == [heading for heading, *_ in EXAMPLES if heading]
    found = commands(build())
    for name, (_, options, _) in found.items():
        reads = any("--port" in names for names, _, _ in options)
        others = (
            "run",
            "record",
            "flash",
            "monitor",
            "backup",
            "restore",
            "update",
            "update-key",
            "baud",
        )
        assert not reads or name in headings or name in others, name
    assert KEY in page and page.count("mepctl: error") == 0
