"""The questionnaires we ship: XLSForms in Markdown tables, read as package data."""

from importlib.resources import files

_SUFFIX = ".md"


def shipped_names() -> tuple[str, ...]:
    """The names of the shipped instruments, sorted."""
    found = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX)))


def shipped(name: str = "village_digital") -> bytes:
    """The XLSForm of a shipped instrument, as UTF-8 Markdown.

    Raises LookupError, naming those that there are, for a name that is not shipped.
    """
    names = shipped_names()
    if name not in names:
        raise LookupError(f"No instrument is named {name!r}. There are: {', '.join(names)}.")
    return files(__name__).joinpath(name + _SUFFIX).read_bytes()
