"""What the program can do and what the documents say it can are the same."""

import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_args

import pytest
import typer.main

from bot.access import ROLES as CHAT
from bot.cli.program import app
from bot.cli.version import __version__
from bot.metrics import Metrics
from bot.respondent.asking import DRAWN
from bot.respondent.buttons import BARE
from bot.settings import SETTINGS
from surveys.estimation import profile
from surveys.export.own import AFTER, BEFORE, OF_VILLAGES
from surveys.form.model import QuestionType
from surveys.publish.village_rows import ALL
from surveys.store.administrators import ROLES as ALL_ROLES

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


def test_every_command_in_chat_is_documented_with_who_may_use_it():
    rows = rows_under("docs/team.md", "Commands in chat")
    found = {row[0].strip("`/"): tuple(re.findall(r"`(\w+)`", row[1])) or ALL_ROLES for row in rows}
    assert list(found) == list(CHAT)
    assert found == dict(CHAT)
    # What everyone may say is told where a survey begins.
    for name in ("start", "language", "mydata", "forget", "help"):
        assert any(f"`/{name}`" in file.read_text("utf-8") for file in PAGES), name


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


def test_how_every_question_type_is_asked_is_documented():
    rows = rows_under("docs/questions.md", "Every type")
    told = {name: row for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    assert set(get_args(QuestionType)) <= set(told)
    # A type stands in one row, and its row says how it is asked.
    assert len([name for row in rows for name in re.findall(r"`(\w+)`", row[0])]) == len(told)
    assert all(len(row) >= 2 and row[1] for row in rows)
    # What an appearance changes is what the program looks for.
    looked_for = {"numbers", "with-place"} | BARE | DRAWN
    named = {
        name
        for row in rows_under("docs/questions.md", "Appearances")[:-1]
        for name in re.findall(r"`([\w-]+)`", row[0])
    }
    assert named == looked_for


def test_every_column_of_the_lists_and_exports_is_documented():
    assert all(f"`{name}`" in page("docs/commands.md") for name in ALL)
    assert all(f"`{name}`" in page("docs/exports.md") for name in (*BEFORE, *AFTER, *OF_VILLAGES))


def rows_under(name, heading):
    """The cells of the table under a heading, its own heading apart."""
    text = page(name).split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in text.split("\n") if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_every_number_of_the_metrics_is_explained():
    rows = rows_under("docs/webhooks.md", "What each number means")
    wanted = []
    for one in vars(Metrics()).values():
        if hasattr(one, "collect") and hasattr(one, "describe"):
            (family,) = one.describe()
            total = "_total" if family.type == "counter" else ""
            labels = f"{{{', '.join(one._labelnames)}}}" if one._labelnames else ""
            wanted.append((f"`{family.name}{total}{labels}`", family.type, family.documentation))
    assert [tuple(row[:3]) for row in rows] == wanted
    assert len(wanted) >= 14


def test_every_field_of_a_profile_is_explained_where_it_belongs():
    found, kind = {}, None
    for row in rows_under("docs/method/reference.md", "Every field of a profile"):
        kind = row[0] or kind
        found.setdefault(kind, []).extend(re.findall(r"`(\w+)`", row[1]))
    wanted = {
        name: [one.name for one in fields(kind)]
        for name, kind in vars(profile).items()
        if is_dataclass(kind) and isinstance(kind, type)
    }
    assert {kind: sorted(names) for kind, names in found.items()} == {
        kind: sorted(names) for kind, names in wanted.items()
    }


def test_every_module_of_estimation_is_in_the_table_of_files():
    rows = rows_under("docs/method/reference.md", "Which file does what")
    found = [name for row in rows for name in re.findall(r"`(\w+\.py)`", row[0])]
    assert sorted(found) == sorted(
        file.name for file in (ROOT / "surveys/estimation").glob("*.py") if file.stem != "__init__"
    )


def test_every_reason_for_which_a_number_is_withheld_is_explained():
    reasons = {one for one in get_args(profile.Withheld) if one}
    rows = rows_under("docs/method.md", "11. What is shown")
    found = {name for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    assert found - {"withheld"} == reasons


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(file):
    for target, heading in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", file.read_text("utf-8")):
        if "://" not in target:
            there = file.parent / target if target else file
            assert there.exists(), target
            assert not heading or heading in anchors(there), heading


def anchors(file):
    """What GitHub calls the headings of a page."""
    titles = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


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
