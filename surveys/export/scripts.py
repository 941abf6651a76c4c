"""analysis.R and analysis.py: they read the CSV files and print the estimates of the profiles.

Neither needs anything of ours. What the columns are called in this export, and which of them is
which index, is written into their beginning.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from surveys.export.table import MARK, Table
from surveys.form.indicators import Indicator

OWN = (
    "village", "household", "weight", "base_weight", "in_profile", "roster_x", "raking_pool",
    "raking_sex_age", "raking_schooling", "phase", "visit_weight", "visit_adults",
)  # fmt: skip
"""Columns of ours that the scripts read; of a village they read OF_VILLAGE."""
OF_VILLAGE = ("village", "online_homes", "followup", "visited_share", "raking_size")
ROSTER = ("user", "adults", "online_adults")
"""Roles without which nothing is known of who is not online."""
_HERE = "@@COLUMNS@@"


@dataclass(frozen=True, slots=True)
class Index:
    """A score or a share that profiles show."""

    column: str
    kind: str
    base: str
    """zero: who is not online counts 0; users; all."""


def write_scripts(  # noqa: PLR0917 - the names speak
    submissions: Table,
    villages: Table | None,
    folder: Path,
    indicators: Mapping[str, Indicator],
    roles: Mapping[str, str],
    repeats: Mapping[str, str],
) -> list[Path]:
    """Writes analysis.R and analysis.py into a folder, beside submissions.csv and villages.csv.

    indicators: by column; roles: role -> column; repeats: the table of each -> the table around
    it. Writes nothing where a column is missing that the
    estimates need: from an export to be handed out they cannot be made.
    """
    own = own_columns(submissions)
    of_village = () if villages is None else [one.name for one in villages.variables]
    if len(own) < len(OWN) or not set(OF_VILLAGE).issubset(of_village):
        return []
    rosters = set(ROSTER).issubset(roles)
    found = indices(submissions, indicators, rosters=rosters)
    use = next((name for name, one in _scores(submissions, indicators) if one == "use"), None)
    written = []
    for name, made in (
        ("analysis.R", _in_r(own, roles.get("user"), use, found, repeats, rosters=rosters)),
        ("analysis.py", _in_python(own, roles.get("user"), use, found, repeats, rosters=rosters)),
    ):
        template = (files("surveys.export") / "templates" / f"{name}.in").read_text("utf-8")
        path = folder / name
        path.write_text(template.replace(_HERE, made), "utf-8")
        written.append(path)
    return written


def own_columns(submissions: Table) -> dict[str, str]:
    """Our columns and what they are called in this table; those that it does not have are left
    out.
    """
    names = {one.name for one in submissions.variables}
    return {
        one: MARK + one if MARK + one in names else one
        for one in OWN
        if one in names or MARK + one in names
    }


def indices(
    submissions: Table, indicators: Mapping[str, Indicator], *, rosters: bool
) -> list[Index]:
    """The indices that profiles show, on their base: users where no roster says who is missing."""
    return [
        Index(one.name, row.kind, row.base if rosters else "users")
        for one in submissions.variables
        if (row := indicators.get(one.name)) is not None
        and row.kind in ("score", "proportion")
        and not row.dimension.startswith("chain-")
        and row.role != "user"
    ]


def _scores(
    submissions: Table, indicators: Mapping[str, Indicator]
) -> Sequence[tuple[str, str]]:  # fmt: skip
    """The scores' columns and dimensions."""
    return [
        (one.name, row.dimension)
        for one in submissions.variables
        if (row := indicators.get(one.name)) is not None and row.kind == "score"
    ]


def _in_r(
    own: Mapping[str, str], user: str | None, use: str | None, found: Sequence[Index],
    repeats: Mapping[str, str], *, rosters: bool,
) -> str:  # fmt: skip
    def several(values: Sequence[str]) -> str:
        return f"c({', '.join(map(_text, values))})" if values else "character(0)"

    named = ",\n  ".join(f"{name} = {_text(column)}" for name, column in own.items())
    return "\n".join(
        [
            f"own <- c(\n  {named})",
            f"user <- {_text(user) if user else 'NA'}        # 1 online, 0 not",
            f"use <- {_text(use) if use else 'NA'}         # the score of use",
            f"rosters <- {'TRUE' if rosters else 'FALSE'}     # whether homes say who lives there",
            "indices <- data.frame(",
            f"  column = {several([one.column for one in found])},",
            f"  kind = {several([one.kind for one in found])},",
            "  # zero: who is not online counts 0; users: of these only; all: of both",
            f"  base = {several([one.base for one in found])}, stringsAsFactors = FALSE)",
            "# The table of each repeat, and the table around it.",
            f"parents <- {several(list(repeats.values()))}",
            f"names(parents) <- {several(list(repeats))}",
        ]
    )


def _in_python(
    own: Mapping[str, str], user: str | None, use: str | None, found: Sequence[Index],
    repeats: Mapping[str, str], *, rosters: bool,
) -> str:  # fmt: skip
    lines = ["OWN = {"]
    lines += [f"    {_text(name)}: {_text(column)}," for name, column in own.items()]
    lines += [
        "}",
        f"USER = {_text(user) if user else None}  # 1 online, 0 not",
        f"USE = {_text(use) if use else None}  # the score of use",
        f"ROSTERS = {rosters}  # whether homes say who lives there",
        "# (column, kind, base); zero: who is not online counts 0; users: of these only; all: of"
        " both",
        "INDICES = [",
    ]
    lines += [
        f"    ({_text(one.column)}, {_text(one.kind)}, {_text(one.base)})," for one in found
    ]  # fmt: skip
    lines += ["]", "# The table of each repeat, and the table around it.", "PARENTS = {"]
    lines += [f"    {_text(name)}: {_text(parent)}," for name, parent in repeats.items()]
    return "\n".join([*lines, "}"])


def _text(text: str) -> str:
    """A text as both languages write it."""
    return json.dumps(text, ensure_ascii=False)
