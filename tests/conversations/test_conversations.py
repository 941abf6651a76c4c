"""Whole interviews as data: see `transcript` for how they are written."""

import pytest

from tests.conversations.transcript import FOLDER, parse, play, write

FILES = sorted(FOLDER.glob("*.txt"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_conversation(file):
    written = file.read_text(encoding="utf-8")
    assert write(play(parse(written))).splitlines() == written.splitlines()


def test_there_are_conversations():
    assert len(FILES) >= 10
