"""What a format cannot hold, or cannot be written here."""

from __future__ import annotations


class Unwritable(Exception):  # noqa: N818
    """The text says, in one sentence for whoever asked, what to do instead."""


def not_alike() -> Unwritable:
    """What is raised where a library wrote a row in another way than we would."""
    return Unwritable(
        "This version of pyreadstat writes rows in another way than usegap does: choose CSV, Excel"
        " or Parquet, or the version of pyreadstat that came with usegap."
    )
