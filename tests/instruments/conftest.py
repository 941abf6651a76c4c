"""The shipped instrument as its sheets, as an XForm, and as JavaRosa answers it."""

import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from surveys.instruments import shipped, shipped_names
from tests.javarosa import compiled

Sheets = dict[str, list[dict[str, str]]]


def sheets_of(markdown: bytes) -> Sheets:
    """Every sheet of an XLSForm in Markdown tables, as rows by column."""
    found: Sheets = {}
    columns: list[str] = []
    for line in markdown.decode().splitlines():
        first, *cells = (cell.strip() for cell in line.strip().strip("|").split("|"))
        if first:
            rows = found[first] = []
            columns = []
        elif not columns:
            columns = cells
        else:
            rows.append(dict(zip(columns, cells, strict=False)))
    return found


@pytest.fixture(scope="session", params=shipped_names())
def any_instrument(request) -> bytes:
    return shipped(request.param)


@pytest.fixture(scope="session")
def sheets() -> Sheets:
    return sheets_of(shipped())


@pytest.fixture(scope="session")
def java() -> str:
    """The path of `java`, without which what needs it is skipped."""
    found = shutil.which("java")
    if found is None:
        pytest.skip("java is not installed")
    return found


@pytest.fixture(scope="session")
def xform_of() -> Callable[[bytes], str]:
    from pyxform.xls2xform import convert

    def xform(markdown: bytes) -> str:
        return convert(markdown, file_type=".md").xform

    return xform


@pytest.fixture(scope="session")
def javarosa(xform_of, tmp_path_factory) -> Callable[[Iterable[Mapping[str, str]]], list]:
    """Answers the instrument as ODK Collect would, many respondents in one call.

    For each: what was shown or asked without an answer, what was refused, and the value of every
    relevant node that has one.
    """
    folder: Path = tmp_path_factory.mktemp("javarosa")
    command = compiled(Path(__file__).with_name("Interviews.java"), folder)
    form = folder / "form.xml"
    form.write_text(xform_of(shipped()), encoding="utf-8")

    def answer(respondents):
        lines = ["\t".join(f"{name}={value}" for name, value in one.items()) for one in respondents]
        given = folder / "respondents.tsv"
        given.write_text("\n".join(lines) + "\n", encoding="utf-8")
        ran = subprocess.run(
            [*command, form, given],
            check=True,
            capture_output=True,
            encoding="utf-8",
        )
        return [_told(line) for line in ran.stdout.splitlines()]

    return answer


def _told(line: str) -> tuple[set[str], set[str], dict[str, str]]:
    shown, refused, values = set(), set(), {}
    for word in line.split("\t"):
        if word.startswith("?"):
            shown.add(word[1:])
        elif word.startswith("!"):
            refused.add(word[1:])
        else:
            name, _, value = word.partition("=")
            values[name] = value
    return shown, refused, values
