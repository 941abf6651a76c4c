"""The command line, called as from a shell."""

import sys

import pytest

from bot.cli import main


@pytest.fixture
def usegap_raw(tmp_path, monkeypatch, capsysbinary):
    """Runs a command in an empty folder: its exit code, the bytes of its output, its errors."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["usegap", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsysbinary.readouterr()
        assert b"Traceback" not in out + err
        return ended.value.code or 0, out, err.decode()

    return call


@pytest.fixture
def usegap(usegap_raw):
    """The same with its output as text."""

    def call(*arguments):
        code, out, err = usegap_raw(*arguments)
        return code, out.decode(), err

    return call
