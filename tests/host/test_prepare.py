"""Set-up on machines that lack something: it installs what it may, and says the rest."""

import sys

import pytest

from tools import prepare


@pytest.fixture
def bare(monkeypatch):
    """A machine without the programs; yields what was asked of apt."""
    asked = []
    monkeypatch.setattr(prepare, "find", lambda program: None)
    monkeypatch.setattr(prepare, "apt_install", asked.append)
    return asked


def test_missing_programs_are_named(bare, monkeypatch, capsys):
    monkeypatch.delenv("CI", raising=False)
    prepare.install_programs()
    assert bare == ["mosquitto"]  # a browser is not forced on anybody
    error = capsys.readouterr().err
    assert "SKIPPED" in error and "apt-get install chromium-driver" in error


def test_ci_installs_all(bare, monkeypatch):
    monkeypatch.setenv("CI", "true")
    prepare.install_programs()
    assert bare == ["mosquitto", "chromium", "chromium-driver"]


def test_only_root_installs(monkeypatch):
    monkeypatch.setattr(prepare.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(prepare, "run", None)
    assert prepare.apt_install("mosquitto") is False


def test_an_old_python_looks_for_a_newer_one(monkeypatch, tmp_path):
    assert prepare.new_enough_python() == sys.executable
    monkeypatch.setattr(prepare.sys, "version_info", (3, 10, 12))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(prepare.SetupError, match=r"3\.11 or later is needed, this is 3\.10"):
        prepare.new_enough_python()
    newer = tmp_path / "python3.12"
    newer.write_text("#!/bin/sh\n")
    newer.chmod(0o755)
    assert prepare.new_enough_python() == str(newer)


def test_python_without_venv_says_what_to_install(monkeypatch, tmp_path):
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\n[ $1 = -c ] && echo 3.11 && exit\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(prepare, "VENV", tmp_path / "venv")
    monkeypatch.setattr(prepare, "apt_install", lambda package: False)
    with pytest.raises(prepare.SetupError, match=r"install python3\.11-venv"):
        prepare.create_venv(str(python))
    assert not (tmp_path / "venv").exists()


def test_what_renews_the_environment(monkeypatch, tmp_path):
    before = prepare.fingerprint("/usr/bin/python3")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(prepare.REQUIREMENTS.read_text() + "\n")
    monkeypatch.setattr(prepare, "REQUIREMENTS", requirements)
    after = prepare.fingerprint("/usr/bin/python3")
    # Other packages are installed in place; another Python needs another environment.
    assert after != before and after.splitlines()[1:] == before.splitlines()[1:]
    other = prepare.fingerprint("/usr/bin/python3.12")
    assert other.splitlines()[1:] != before.splitlines()[1:]
