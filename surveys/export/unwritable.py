"""What a format cannot hold, or cannot be written here."""

from __future__ import annotations


class Unwritable(Exception):  # noqa: N818
    """The text says, in one sentence for whoever asked, what to do instead."""
