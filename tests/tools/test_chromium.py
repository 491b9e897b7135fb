"""tools/chromium.py finds a Chromium that starts, or says in a sentence that there is none."""

import pytest

from tools import chromium


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A PATH of one empty folder, and a home where Playwright has installed nothing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    return tmp_path


def put(folder, name, status):
    program = folder / name
    program.write_text(f"#!/bin/sh\nexit {status}\n")
    program.chmod(0o755)
    return program


def test_one_that_does_not_start_is_passed_over(path):
    put(path, "chromium", status=1)
    working = put(path, "google-chrome", status=0)
    assert chromium.find() == working


def test_the_headless_shell_is_preferred(path):
    put(path, "chromium", status=0)
    shell = put(path, "chromium-headless-shell", status=0)
    assert chromium.find() == shell


def test_where_debian_has_no_headless_shell_the_whole_one_is_installed(path, monkeypatch):
    tried = []

    def apt(*command):
        tried.append(command)
        if command[:2] == ("apt-get", "install") and "chromium" in command:
            put(path, "chromium", status=0)

    put(path, "apt-get", status=0)
    monkeypatch.setattr(chromium.os, "geteuid", lambda: 0)
    monkeypatch.setattr(chromium, "_try", apt)
    chromium.install()
    assert chromium.find() == path / "chromium"
    assert [command[1] for command in tried] == ["update", "install", "install"]
    assert "chromium-headless-shell" in tried[1]


def test_what_was_installed_is_found(path, monkeypatch, capsys):
    monkeypatch.setattr(chromium, "install", lambda: put(path, "chromium", status=0))
    assert chromium.main() == 0
    assert capsys.readouterr().out.strip() == str(path / "chromium")


@pytest.mark.usefixtures("path")
def test_where_none_can_be_had_it_says_so(monkeypatch, capsys):
    monkeypatch.setattr(chromium, "install", lambda: None)
    assert chromium.main() == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert "none could be installed here" in output.err
