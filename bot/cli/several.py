"""Options that take several names, `--measure A B`, as R and Stata have them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import typer
from typer.core import TyperCommand


class Several(TyperCommand):
    """Takes `--measure A B` as `--measure A --measure B`, before or after the file."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """What is made of the arguments, those of a list given one by one."""
        lists = {name for one in self.params if getattr(one, "multiple", 0) for name in one.opts}
        flags = {name for one in self.params if getattr(one, "is_flag", 0) for name in one.opts}
        return super().parse_args(ctx, spread(args, lists, flags | {"--help"}))


def spread(args: list[str], lists: Collection[str], flags: Collection[str]) -> list[str]:
    """The arguments with each further name of a list behind an option of its own.

    lists: options that may be repeated; flags: those without a value. One argument is no option's:
    the file. Where none stands free, it is the name behind a list's first one that is a file here,
    else the last such.

    >>> spread(["F", "--measure", "A", "B", "--by", "C"], {"--measure"}, set())
    ['F', '--measure', 'A', '--measure', 'B', '--by', 'C']
    >>> spread(["--measure", "A", "B", "F", "--by", "C"], {"--measure"}, set())
    ['--measure', 'A', '--measure', 'B', 'F', '--by', 'C']
    """
    found: list[list[str]] = []
    further: list[int] = []
    option, first = "", False
    for one in args:
        if one.startswith("-"):
            found.append([one])
            first = one not in flags and "=" not in one
            option = one if first else ""
        elif first:
            found[-1].append(one)
            first = False
        elif option in lists:
            further.append(len(found))
            found.append([option, one])
        else:
            found.append([one])
            option = ""
    if further and not any(len(one) == 1 and not one[0].startswith("-") for one in found):
        files = [at for at in further if Path(found[at][1]).is_file()]
        del found[(files or further[-1:])[0]][0]
    return [word for one in found for word in one]
