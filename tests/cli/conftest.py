"""The command line, called as from a shell; files that need it otherwise have one of their own."""

import sys

import pytest

from bot.cli import main


@pytest.fixture
def usegap(tmp_path, monkeypatch, capsysbinary):
    """Runs a command in an empty folder: its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["usegap", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsysbinary.readouterr()
        assert b"Traceback" not in out + err
        return ended.value.code or 0, out.decode(), err.decode()

    return call
