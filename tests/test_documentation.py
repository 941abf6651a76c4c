"""What the program can do and what the documents say it can are the same."""

import re
from pathlib import Path
from typing import get_args

import pytest
import typer.main

from bot.cli.program import app
from bot.cli.version import __version__
from bot.settings import SETTINGS
from surveys.export.plan import AFTER, BEFORE
from surveys.form.model import QuestionType
from surveys.publish.village_rows import ALL

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def page(name):
    return (ROOT / name).read_text("utf-8")


def commands(group=None, path=()):
    """Every command: its words, and its options."""
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            options = [opt for p in command.params for opt in p.opts if opt.startswith("--")]
            yield (*path, name), [opt for opt in options if opt != "--help"]


def test_every_command_and_option_is_documented_where_it_belongs():
    sections = re.split(r"^## ", page("docs/commands.md"), flags=re.MULTILINE)
    found = list(commands())
    assert len(found) >= 14
    for words, options in found:
        own = [s for s in sections if f"`usegap {' '.join(words)}" in s.split("\n")[0]]
        assert len(own) == 1, words
        for option in options:
            assert f"`{option}`" in own[0], (words, option)


def test_no_option_is_documented_that_is_not_there():
    known = {opt for _, options in commands() for opt in options} | {"--help", "--version"}
    assert set(re.findall(r"`(--[a-z-]+)", page("docs/commands.md"))) <= known
    named = {tuple(words.split()) for words in re.findall(
        r"`usegap ([a-z][a-z ]*?)(?: [A-Z]+)?`", page("docs/commands.md"))}  # fmt: skip
    assert named <= {words for words, _ in commands()}


def test_the_table_of_settings_is_the_table_of_the_program():
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page("docs/settings.md").split("\n")
        if line.startswith("| `USEGAP_")
    ]
    wanted = [
        [
            f"`{one.name}`", f"`{one.default}`" if one.default else "", one.what,
            ", ".join(f"`{command}`" for command in one.needed_for), f"`{one.example}`",
        ]
        for one in SETTINGS
    ]  # fmt: skip
    assert rows == wanted


def test_every_setting_that_is_read_is_in_the_table():
    read = {
        name
        for folder in ("bot", "surveys", "alembic")
        for file in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"USEGAP_[A-Z_]*[A-Z]", file.read_text("utf-8"))
    }
    assert read - {one.name for one in SETTINGS} <= {"USEGAP_TEST"}


@pytest.mark.parametrize("kind", get_args(QuestionType))
def test_every_question_type_is_documented(kind):
    # "`select_one list`" in a table says which list it takes.
    assert re.search(rf"`{kind}[` ]", page("docs/instrument.md"))


def test_every_column_of_the_lists_and_exports_is_documented():
    assert all(f"`{name}`" in page("docs/commands.md") for name in ALL)
    assert all(f"`{name}`" in page("docs/exports.md") for name in (*BEFORE, *AFTER))


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(file):
    for target in re.findall(r"\]\(([^)#\s]+)", file.read_text("utf-8")):
        if "://" not in target:
            assert (file.parent / target).exists(), target


def test_the_version_has_an_entry_in_the_changelog():
    assert re.search(rf"^## {re.escape(__version__)}\b", page("CHANGELOG.md"), re.MULTILINE)


def test_the_makefile_s_targets_are_the_ones_that_pages_name():
    targets = set(re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE))
    named = {
        either or other
        for file in PAGES
        for either, other in re.findall(
            r"^make ([a-z]+)|`make ([a-z]+)", file.read_text("utf-8"), re.MULTILINE
        )
    }
    assert {"demo", "test"} <= named <= targets
